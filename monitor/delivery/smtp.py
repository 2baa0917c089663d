"""One transaction with a mail server, and which of five things it came to.

    sent        the server answered 2xx to the message: it is the server's now
    transient   4xx, a connection lost before the message: worth another try
    permanent   5xx to sender, recipient or message; 5.1.1 and its like say that there is no such mailbox
    unknown     the connection was lost between DATA and the answer, or the answer is none of SMTP's: the server may
                have it (RFC 5321, 4.2.5)
    ours        no connection, or our own access is wrong (login refused or missing, TLS, greeting), whatever the code:
                no reader is to blame, the operator can mend it, and nothing is lost meanwhile

One recipient a transaction, so that an answer is about that one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP

from monitor.errors import ConfigurationError
from monitor.policy.retry import Answer, Verdict

CONNECT_TIMEOUT = 20.0
COMMAND_TIMEOUT = 60.0
DATA_TIMEOUT = 600.0
"""Seconds for the answer to the last dot (RFC 5321, 4.5.3.2.6)."""
MOST_IDLE = 4
"""Connections kept open for the next mail."""
IDLE_SECONDS = 20.0
KEPT = 1_000
"""Characters of the server's answer that are kept with the attempt."""
_NO_MAILBOX = re.compile(r"\A[\s#]*5\.1\.(?:[1236]|10)(?!\d)")
"""Of RFC 3463 and RFC 7505, what is about the recipient: 5.1.7 and 5.1.8 are about the sender, which is ours."""
_ACCESS = frozenset({530, 534, 535, 538})
"""No login, or one that is not good enough (RFC 4954), or no TLS (RFC 3207)."""
_HINT = (
    "write smtp://user:password@host:587 or smtps://user:password@host:465, and within user and password "
    "%2F for a slash, %40 for @ and so on"
)
_Result = tuple[Verdict, int | None, str]
"""What an attempt came to, the server's code, and what it or the library said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, as MONITOR_SMTP_URL names it."""

    host: str
    port: int
    tls: bool  # from the first byte on
    start_tls: bool | None  # None: if the server offers it
    verify: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def parse_smtp_url(url: str) -> Server:
    """The server of ``smtp[s]://[user:password@]host[:port][?starttls=always|never][&verify=none]``.

    Without a port: 465 for smtps, else 587 with a user and 25 without. A password goes out only under TLS, unless
    ``starttls=never`` says so. Raises ConfigurationError.
    """
    # No error shows any of it, nor its cause: what stands in the wrong place may be a piece of the password.
    try:
        parts = urlsplit(url)
        port = parts.port
        options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        user, password = (None if p is None else unquote(p, errors="strict") for p in (parts.username, parts.password))
    except ValueError:
        raise ConfigurationError(f"MONITOR_SMTP_URL cannot be read; {_HINT}") from None
    strange = parts.path not in ("", "/") or parts.fragment or port == 0 or not url.isprintable() or " " in url
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or strange:
        raise ConfigurationError(f"MONITOR_SMTP_URL is no mail server's address; {_HINT}")
    if "@" in parts.netloc and not (user and password):
        raise ConfigurationError(f"MONITOR_SMTP_URL names no user or no password; {_HINT}")
    known = {"starttls": {"always": True, "never": False}, "verify": {"none": False}}
    if any(value not in known.get(name, {}) for name, value in options.items()):
        raise ConfigurationError(
            f"MONITOR_SMTP_URL: after the ? there is something else than starttls=always, starttls=never and "
            f"verify=none; {_HINT}"
        )
    tls = parts.scheme == "smtps"
    start_tls = known["starttls"].get(options.get("starttls", ""), True if user else None)
    default = 465 if tls else 587 if user else 25
    return Server(
        parts.hostname, port or default, tls, False if tls else start_tls, "verify" not in options, user, password
    )


class Mailbox:
    """Sends through one server, keeping a few connections open. Safe for any number of tasks of one loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[tuple[SMTP, float]] = []

    async def send(self, delivery: str, sender: str, to: str, message: bytes) -> Answer:  # noqa: ARG002 - it is in the message
        """One attempt at handing ``message`` over for ``to``; failures are answers."""
        began = time.perf_counter()
        verdict, status, text = await self._attempt(sender, to, message)
        took = int((time.perf_counter() - began) * 1000)
        # Servers answer in any encoding; aiosmtplib leaves what is not UTF-8 as surrogates, which nothing can store.
        shown = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")[:KEPT]
        error = None if verdict is Verdict.SENT else (f"{status} {shown}" if status else shown)
        return Answer(verdict, status, error, took, shown)

    async def _attempt(self, sender: str, to: str, message: bytes) -> _Result:
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Verdict.OURS, _code(error), _told(error) + _advice(error, self._server)
        # Cancelled half-way, an answer that comes late would be taken for one to the next mail.
        with _closed_on_error(client):
            result = await _hand_over(client, sender, to, message)
        self._keep(client)
        return result

    async def _connected(self) -> SMTP:
        """A connection at the start of a transaction: one of before that still answers, else a new one."""
        while self._idle:
            client, since = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and await _answers(client):
                return client
            client.close()
        server = self._server
        client = SMTP(
            hostname=server.host, port=server.port, username=server.user, password=server.password,
            use_tls=server.tls, start_tls=server.start_tls, validate_certs=server.verify, timeout=COMMAND_TIMEOUT,
        )  # fmt: skip
        with _closed_on_error(client):
            await client.connect(timeout=CONNECT_TIMEOUT)
        return client

    def _keep(self, client: SMTP) -> None:
        if client.is_connected and len(self._idle) < MOST_IDLE:
            self._idle.append((client, time.monotonic()))
        else:
            client.close()

    async def close(self) -> None:
        """Say goodbye on every open connection."""
        while self._idle:
            client, _ = self._idle.pop()
            try:
                await client.quit(timeout=1)
            except (aiosmtplib.SMTPException, OSError):
                client.close()


@contextmanager
def _closed_on_error(client: SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        client.close()
        raise


async def _answers(client: SMTP) -> bool:
    """Whether the server is still there; it may have hung up meanwhile."""
    try:
        with _closed_on_error(client):
            await client.rset(timeout=CONNECT_TIMEOUT)
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True


async def _hand_over(client: SMTP, sender: str, to: str, message: bytes) -> _Result:
    try:
        await client.mail(sender)
        await client.rcpt(to)
    except aiosmtplib.SMTPResponseException as error:
        return _refused(error), _code(error), error.message
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Verdict.TRANSIENT, None, _told(error)
    try:
        taken = await client.data(message, timeout=DATA_TIMEOUT)
    except aiosmtplib.SMTPResponseException as error:
        verdict = _refused(error) if 400 <= error.code < 600 else Verdict.UNKNOWN
        return verdict, _code(error), error.message
    except (aiosmtplib.SMTPException, OSError) as error:
        lost = f"the connection was lost before the server's answer ({_told(error)}); it may have the mail"
        return Verdict.UNKNOWN, None, lost
    return Verdict.SENT, taken.code, taken.message


def _refused(error: aiosmtplib.SMTPResponseException) -> Verdict:
    if error.code in _ACCESS or isinstance(error, aiosmtplib.SMTPHeloError):
        return Verdict.OURS
    if error.code < 500:
        return Verdict.TRANSIENT
    about_sender = isinstance(error, aiosmtplib.SMTPSenderRefused)
    return Verdict.GONE if _NO_MAILBOX.match(error.message) and not about_sender else Verdict.PERMANENT


def _code(error: Exception) -> int | None:
    """The server's code; aiosmtplib gives -1 to an answer that has none."""
    code = getattr(error, "code", -1)
    return code if code > 0 else None


def _told(error: Exception) -> str:
    text = error.message if isinstance(error, aiosmtplib.SMTPException) and error.args else str(error)
    return f"{type(error).__name__}: {text}"


def _advice(error: Exception, server: Server) -> str:
    if server.start_tls and type(error) is aiosmtplib.SMTPException and "STARTTLS" in error.message:
        return " Without TLS nothing is sent, unless MONITOR_SMTP_URL ends in ?starttls=never."
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return " (any certificate is taken if MONITOR_SMTP_URL ends in ?verify=none)"
    return ""

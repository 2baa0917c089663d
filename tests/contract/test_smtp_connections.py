"""Connections to mail servers: how long they are kept, that a login stays secret, and when TLS is begun."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from monitor.delivery import smtp
from monitor.delivery.smtp import Mailbox, parse_smtp_url
from monitor.policy.retry import Answer
from tests.conftest import need
from tests.contract.test_smtp import FROM, GONE, MESSAGE, OURS, SENT, TO, attempt
from tests.harness.mail import Postbox, ScriptedMailServer, server_tls

PASSWORD = "correct horse/battery"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedMailServer]:
    async with ScriptedMailServer() as made:
        yield made


# ── connections that are kept ──


async def test_two_mails_go_over_one_connection(server: ScriptedMailServer) -> None:
    """The second mail needs no greeting; it is preceded by a reset."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    for n in range(3):
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE + b"%d\r\n" % n)).verdict is SENT
    await mailbox.close()
    assert (server.connections, len(server.mails), server.verbs["RSET"], server.verbs["QUIT"]) == (1, 3, 2, 1)
    assert len({m.content for m in server.mails}) == 3


async def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(server: ScriptedMailServer) -> None:
    """The next mail goes out over a new one, once; whether the end was seen, or comes as the answer to RSET."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    server.hang_up()
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    for farewell in (b"421 4.4.2 idle for too long", None):
        server.replies["RSET"] = [farewell, b"250 OK"]
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert (server.connections, len(server.mails)) == (4, 4)


async def test_an_idle_connection_is_not_trusted_for_long(
    server: ScriptedMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while a new one is made, and the old one closed."""
    monkeypatch.setattr(smtp, "IDLE_SECONDS", 0.0)
    mailbox = Mailbox(parse_smtp_url(server.url))
    for _ in range(2):
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert (server.connections, server.verbs["RSET"]) == (2, 0)


async def test_a_refused_mail_leaves_the_connection_to_the_next(server: ScriptedMailServer) -> None:
    """A bad recipient spoils nothing for the mail that follows on the same connection."""
    server.replies["RCPT"] = [b"550 5.1.1 nobody", b"250 OK"]
    mailbox = Mailbox(parse_smtp_url(server.url))
    assert (await mailbox.send("s1-ab", FROM, "nobody@example.org", MESSAGE)).verdict is GONE
    assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
    await mailbox.close()
    assert server.connections == 1
    assert [m.to for m in server.mails] == [TO]


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "."])
async def test_an_attempt_that_is_cancelled_leaves_no_half_open_transaction(
    server: ScriptedMailServer, at: str
) -> None:
    """Its connection is closed: answers that come late would be taken for those of the next mail."""
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold() -> bytes:
        reached.set()
        await release.wait()
        return b"354 go ahead" if at == "DATA" else b"250 late"

    server.replies[at] = [hold, b"354 go ahead" if at == "DATA" else b"250 OK"]
    mailbox = Mailbox(parse_smtp_url(server.url))
    first = asyncio.create_task(mailbox.send("s1-ab", FROM, TO, MESSAGE + b"first\r\n"))
    await reached.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    release.set()
    answer = await mailbox.send("s1-ab", FROM, TO, MESSAGE + b"second\r\n")
    assert (answer.verdict, server.connections) == (SENT, 2)
    async with asyncio.timeout(5):
        while len(server.open) > 1:
            await asyncio.sleep(0.01)
    await mailbox.close()
    assert sum(m.content.endswith(b"second\r\n") for m in server.mails) == 1


async def test_many_at_once_keep_few_connections(server: ScriptedMailServer) -> None:
    """Twenty mails at once arrive, each once; afterwards at most a handful of connections stay open."""
    mailbox = Mailbox(parse_smtp_url(server.url))
    answers = await asyncio.gather(*(mailbox.send("s1-ab", FROM, f"r{n}@example.org", MESSAGE) for n in range(20)))
    assert {a.verdict for a in answers} == {SENT}
    assert sorted(m.to for m in server.mails) == sorted(f"r{n}@example.org" for n in range(20))
    async with asyncio.timeout(5):
        while len(server.open) > smtp.MOST_IDLE:
            await asyncio.sleep(0.01)
    await mailbox.close()


# ── login and TLS ──

LOGIN = f"desk:{PASSWORD.replace('/', '%2F').replace(' ', '%20')}@"


def nobody_reads(answer: Answer) -> None:
    """The answer shows neither the password nor its base64."""
    shown = f"{answer}"
    for secret in (
        PASSWORD,
        PASSWORD.split("/", maxsplit=1)[0],
        "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5",
        "AGRlc2sAY29ycmVjdCBob3JzZS9iYXR0ZXJ5",
    ):
        assert secret not in shown


async def test_a_refused_login_is_ours_and_says_so(server: ScriptedMailServer) -> None:
    """535 is the operator's to mend: the mail waits, and the error names the login, not the password."""
    server.replies["EHLO"] = b"250-mail.example\r\n250 AUTH PLAIN"
    server.replies["AUTH"] = b"535 5.7.8 credentials invalid"
    answer = await attempt(server, user=LOGIN)
    assert (answer.verdict, answer.status) == (OURS, 535)
    assert "Authentication" in str(answer.error)
    assert "credentials invalid" in str(answer.error)
    assert server.verbs["MAIL"] == 0
    nobody_reads(answer)


@pytest.mark.parametrize("options", ["", "?starttls=always"])
async def test_a_password_never_goes_in_clear_text(server: ScriptedMailServer, options: str) -> None:
    """A server that offers no STARTTLS gets neither login nor mail, and the error says what can be done."""
    server.replies["EHLO"] = b"250-mail.example\r\n250 AUTH PLAIN LOGIN"
    answer = await attempt(server, options, user=LOGIN)
    assert answer.verdict is OURS
    assert "STARTTLS" in str(answer.error)
    assert "starttls=never" in str(answer.error)
    assert (server.verbs["AUTH"], server.verbs["MAIL"]) == (0, 0)
    nobody_reads(answer)


async def test_without_a_password_tls_is_optional(server: ScriptedMailServer) -> None:
    """A server on loopback that offers no STARTTLS is used as it is."""
    assert (await attempt(server, "")).verdict is SENT


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A self-signed certificate for localhost and its key."""
    folder: Path = tmp_path_factory.mktemp("tls")
    made = (str(folder / "cert.pem"), str(folder / "key.pem"))
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-out", made[0], "-keyout", made[1]],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        need("openssl, which makes a certificate for TLS")
    return made


def lets_in(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
    """The one user and password."""
    good = isinstance(data, LoginPassword) and data == LoginPassword(b"desk", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


async def test_login_under_starttls(certificate: tuple[str, str]) -> None:
    """With a password TLS is begun first; the certificate is checked unless the user says otherwise."""
    async with Postbox(tls_context=server_tls(*certificate), authenticator=lets_in, auth_required=True) as postbox:
        refused = await attempt(postbox, "", user=LOGIN)
        assert refused.verdict is OURS
        assert "certificate" in str(refused.error).lower()
        assert postbox.mails == []
        nobody_reads(refused)
        assert (await attempt(postbox, "?verify=none", user=LOGIN)).verdict is SENT
        wrong = await attempt(postbox, "?verify=none", user="desk:wrong@")
        assert (wrong.verdict, wrong.status) == (OURS, 535)
        missing = await attempt(postbox, "?verify=none")
        assert (missing.verdict, missing.status) == (OURS, 530)
    assert len(postbox.mails) == 1


async def test_tls_from_the_first_byte(certificate: tuple[str, str]) -> None:
    """Smtps speaks TLS at once; to a server that does not, the failure is not the reader's."""

    class Secure(Postbox):
        async def _listen(self) -> asyncio.Server:
            from aiosmtpd.smtp import SMTP

            loop, context = asyncio.get_running_loop(), server_tls(*certificate)
            return await loop.create_server(lambda: SMTP(self), "127.0.0.1", self.port, ssl=context)

    async with Secure() as postbox:
        mailbox = Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{postbox.port}?verify=none"))
        assert (await mailbox.send("s1-ab", FROM, TO, MESSAGE)).verdict is SENT
        await mailbox.close()
        strict = await Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{postbox.port}")).send("s1-ab", FROM, TO, MESSAGE)
        assert strict.verdict is OURS
    assert len(postbox.mails) == 1
    async with Postbox() as plain:
        answer = await Mailbox(parse_smtp_url(f"smtps://127.0.0.1:{plain.port}")).send("s1-ab", FROM, TO, MESSAGE)
        assert answer.verdict is OURS
        assert answer.error

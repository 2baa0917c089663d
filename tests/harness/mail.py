"""Mail servers on loopback: one that plays a script, and a real one that keeps what it gets."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Mail:
    """A mail as it arrived; ``content`` is what stood between DATA and the dot, with the stuffing taken out."""

    sender: str
    to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, subtype: str) -> str:
        """The text of the plain or the html part."""
        found = self.message.get_body((subtype,))
        assert found is not None, subtype
        text: str = found.get_content()
        return text


class Loopback:
    """A TCP server on a port of 127.0.0.1 that stays the same when it is started again."""

    port = 0

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None

    async def _listen(self) -> asyncio.Server:
        raise NotImplementedError

    async def start(self) -> None:
        self._server = await self._listen()
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        """As MONITOR_SMTP_URL names it, with no TLS."""
        return f"smtp://127.0.0.1:{self.port}?starttls=never"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


Reply = bytes | None | Callable[[], Awaitable[bytes | None]]
"""What a scripted server answers; None: it hangs up instead; a function: it takes its time over it."""

DEFAULT: dict[str, bytes] = {
    "CONNECT": b"220 mail.example ESMTP",
    "EHLO": b"250-mail.example\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
    "HELO": b"250 mail.example",
    "DATA": b"354 go ahead",
    ".": b"250 2.0.0 queued",
    "QUIT": b"221 bye",
}


class ScriptedMailServer(Loopback):
    """An SMTP server that plays a script.

    ``replies`` are by verb, with CONNECT for the banner, "." for the answer to the message, and BODY for hanging up
    in the middle of it (None). A list is used up call by call; its last one stays. All else is answered with 250.
    ``commands`` are the lines that came, over all connections; ``mails`` what was taken with 250.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply | list[Reply]] = {}
        self.commands: list[str] = []
        self.mails: list[Mail] = []
        self.raw: list[bytes] = []  # messages as they went over the wire, up to the dot
        self.connections = 0
        self.open: set[asyncio.StreamWriter] = set()

    @property
    def verbs(self) -> Counter[str]:
        """How often each command came."""
        return Counter(c.split(" ")[0].upper() for c in self.commands)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 22)

    async def stop(self) -> None:
        self.hang_up()
        await super().stop()

    def hang_up(self) -> None:
        """Cut every connection, as servers do with idle ones."""
        for writer in list(self.open):
            writer.close()

    async def _reply(self, verb: str) -> bytes | None:
        found = self.replies.get(verb, DEFAULT.get(verb, b"250 OK"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return await found() if callable(found) else found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self.open.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = ""
        verb, reply = "CONNECT", await self._reply("CONNECT")
        while reply is not None:
            writer.write(reply + b"\r\n")
            await writer.drain()
            if verb == "QUIT":
                return
            if verb == "DATA" and reply.startswith(b"354"):
                if "BODY" in self.replies:
                    await reader.readline()
                    return
                content = await self._body(reader)
                self.raw.append(content)
                verb, reply = ".", await self._reply(".")
                if reply is not None and reply.startswith(b"250"):
                    self.mails.append(Mail(sender, to, content.replace(b"\r\n.", b"\r\n").removeprefix(b".")))
                continue
            line = (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n")
            self.commands.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "MAIL":
                sender = line.partition("<")[2].partition(">")[0]
            elif verb == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
            reply = await self._reply(verb)

    async def _body(self, reader: asyncio.StreamReader) -> bytes:
        lines = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line)
        return b"".join(lines)


class Postbox(Loopback):
    """aiosmtpd: a real server that takes every mail. ``options`` are those of its SMTP class (TLS, login).

    ``answers`` script what it says to messages, one each: None takes the mail and says 250.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.mails: list[Mail] = []
        self.answers: list[str | None] = []

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: SMTP(self, **self.options), "127.0.0.1", self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Take a mail, or answer with what the script says."""
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(Mail(str(envelope.mail_from), str(envelope.rcpt_tos[0]), content))
        return "250 2.0.0 taken"


def server_tls(certificate: str, key: str) -> ssl.SSLContext:
    """The TLS of a server that shows ``certificate``; both are paths of PEM files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context

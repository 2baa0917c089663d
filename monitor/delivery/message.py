"""The MIME message of a mail. Every header is a function of the delivery, so that an attempt that is made again
is the same mail to whoever gets it twice.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from typing import Any

from monitor.render.mail import Rendered

_AS_GIVEN = frozenset({"from", "to", "subject", "message-id", "references", "list-id", "list-unsubscribe"})
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")
_WORD_BYTES = 39
"""Of text in an encoded word: with its header's name a line stays within the 76 characters of RFC 2047."""


class _Policy(EmailPolicy):
    """Folds as usual, but takes what has to arrive exactly as it is given.

    The standard policies turn a List-Unsubscribe URL over some 78 characters into encoded words, which no mail
    program undoes (cpython issue 85725); in subjects they decode what looks like an encoded word, and they make
    encoded words longer than RFC 2047 takes.
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        return (name, value) if name.lower() in _AS_GIVEN else super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _AS_GIVEN else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in _AS_GIVEN:
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep=SMTP.linesep, cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a mail is from and for, and what it is known by. Times are milliseconds since the epoch."""

    sender: Address
    to: str
    subscription: str  # id
    name: str  # of the subscription
    delivery: str
    created_at: int
    unsubscribe: str | None  # URL

    @property
    def message_id(self) -> str:
        """The same in every attempt."""
        return f"<{self.delivery}@{self.sender.domain}>"


def compose(envelope: Envelope, mail: Rendered) -> bytes:
    """The message as it goes over the wire: ASCII, lines ended by CRLF, both bodies in one multipart/alternative."""
    message = EmailMessage(policy=POLICY)
    domain = envelope.sender.domain
    message["From"] = _from(envelope.sender)
    message["To"] = envelope.to
    message["Subject"] = _phrase(mail.subject)
    message["Date"] = datetime.fromtimestamp(envelope.created_at // 1000, UTC)
    message["Message-ID"] = envelope.message_id
    message["References"] = f"<{envelope.subscription}@{domain}>"
    message["List-Id"] = f"<{envelope.subscription}.{domain}>"
    if envelope.unsubscribe:
        message["List-Unsubscribe"] = f"<{envelope.unsubscribe}>"
        # One click goes over https only (RFC 8058, section 3.1).
        if envelope.unsubscribe.startswith("https://"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    text, html = _sound(mail.text), _sound(mail.html)
    message.set_content(text, cte=_encoding(text))
    message.add_alternative(html, subtype="html", cte=_encoding(html))
    message.set_boundary(f"=_{envelope.delivery}")  # the library's own is a random one
    return message.as_bytes()


def _from(sender: Address) -> str:
    name = _phrase(sender.display_name)
    if name.startswith("=?"):
        return f"{name}\r\n <{sender.addr_spec}>"
    return str(Address(name, sender.username, sender.domain))


def _phrase(text: str) -> str:
    """``text`` as it stands in a header: as it is, or in encoded words, one a line."""
    text = _sound(text).translate(_CONTROLS)
    if text.isascii() and "=?" not in text and len(text) <= 200 and text == text.strip():
        return text
    words = (base64.b64encode(piece).decode() for piece in _pieces(text))
    return "\r\n ".join(f"=?utf-8?b?{word}?=" for word in words)


def _pieces(text: str) -> Iterator[bytes]:
    """UTF-8 in pieces of whole characters, of _WORD_BYTES at most."""
    piece = b""
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece


def _sound(text: str) -> str:
    """``text`` without lone surrogates, which are in no encoding."""
    return text.encode("utf-8", "replace").decode()


def _encoding(text: str) -> str:
    """The shorter of the two that any server takes."""
    wide = sum(not c.isascii() for c in text)
    return "base64" if wide * 6 > len(text) else "quoted-printable"

"""Links in mails. Whoever has one may use it, so each names one thing and carries a tag that cannot be forged."""

from __future__ import annotations

import base64
import hashlib
import hmac

UNSUBSCRIBE = "unsubscribe"
PAGE = "digest"
"""What a link is for, and the first part of its path."""
SECRET_BYTES = 32


class Links:
    """Makes and checks links. ``base`` is the service's address as readers reach it."""

    def __init__(self, base: str, secret: str) -> None:
        self.base = base.rstrip("/")
        self._key = secret.encode()

    def unsubscribe(self, subscription: str) -> str:
        """The address that ends a subscription (RFC 8058: by POST; GET shows a page)."""
        return f"{self.base}/{UNSUBSCRIBE}/{self.token(UNSUBSCRIBE, subscription)}"

    def page(self, delivery: str) -> str:
        """The address at which all of a delivery can be read."""
        return f"{self.base}/{PAGE}/{self.token(PAGE, delivery)}"

    def token(self, purpose: str, id_: str) -> str:
        """``id_`` and its tag: 80 bits of HMAC-SHA256, short enough that no header is folded."""
        mac = hmac.new(self._key, f"{purpose} {id_}".encode(), hashlib.sha256).digest()[:10]
        return f"{id_}.{base64.b32encode(mac).decode().lower()}"

    def verify(self, purpose: str, token: str) -> str | None:
        """The id that a token of ours names; None where it is not ours."""
        id_ = token.rpartition(".")[0]
        if not token.isascii():  # ours are, and not all that is text can be encoded
            return None
        return id_ if hmac.compare_digest(self.token(purpose, id_).encode(), token.encode()) else None

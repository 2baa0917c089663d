"""Content encodings, undone piece by piece: gzip, deflate in both its forms, brotli.

aiohttp could do this, but it takes a gzip or brotli stream that stops in the middle for whole. A feed
cut short would be stored with its ETag and stay short; here, a body that lacks its end is broken.
"""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli

MOST_MEMBERS = 100
"""Gzip streams in one body; each costs time, however empty it is."""
_GZIP = 16 + zlib.MAX_WBITS


class BrokenEncoding(Exception):
    """The body is not what its Content-Encoding says, or lacks its end."""


class Decoder(Protocol):
    """Undoes one encoding. Both methods raise BrokenEncoding."""

    def feed(self, data: bytes, most: int) -> bytes:
        """What the next piece holds. Once about ``most`` bytes have come of it, the rest is dropped."""

    def finish(self) -> None:
        """Check, after the last piece, that the end was among what was fed."""


def decoder(encoding: str, start: bytes) -> Decoder:
    """A decoder for a Content-Encoding and a body that starts so; an unknown encoding is left as it is."""
    match encoding.strip().lower():
        case "gzip" | "x-gzip":
            return _Zlib(_GZIP)
        case "deflate":
            # RFC 9110 means zlib's format; some servers leave out its header, which names the method.
            return _Zlib(zlib.MAX_WBITS if start[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS)
        case "br":
            return _Brotli()
        case _:
            return _Identity()


class _Identity:
    def feed(self, data: bytes, most: int) -> bytes:  # noqa: ARG002 - what is not unpacked does not grow
        return data

    def finish(self) -> None:
        return


class _Zlib:
    def __init__(self, window: int) -> None:
        self._window = window
        self._stream = zlib.decompressobj(window)
        self._members = 1

    def feed(self, data: bytes, most: int) -> bytes:
        parts: list[bytes] = []
        while data and most > 0 and (not self._stream.eof or self._begins_another(data)):
            try:
                parts.append(self._stream.decompress(data, most))
            except zlib.error as error:
                raise BrokenEncoding(str(error)) from error
            most -= len(parts[-1])
            data = self._stream.unused_data
        return b"".join(parts)

    def _begins_another(self, data: bytes) -> bool:
        """Start on the next of several gzip streams; anything else after the end is padding."""
        if self._window != _GZIP or not data.startswith(b"\x1f"):
            return False
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise BrokenEncoding(f"more than {MOST_MEMBERS} gzip streams in one body")
        self._stream = zlib.decompressobj(_GZIP)
        return True

    def finish(self) -> None:
        if not self._stream.eof:
            raise BrokenEncoding("the compressed data stop before their end")


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes, most: int) -> bytes:
        parts: list[bytes] = []
        try:
            while most > 0 and not self._stream.is_finished():
                parts.append(self._stream.process(data, output_buffer_limit=most))
                most -= len(parts[-1])
                data = b""
                if self._stream.can_accept_more_data():
                    break
        except brotli.error as error:
            raise BrokenEncoding(str(error)) from error
        return b"".join(parts)

    def finish(self) -> None:
        if not self._stream.is_finished():
            raise BrokenEncoding("the compressed data stop before their end")

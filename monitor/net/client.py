"""The guarded HTTP client: one session, no cookies, no proxies from the environment, no surprises.

Bodies are read in pieces and cut off at a limit that counts decompressed bytes; every exchange has
one deadline over everything, so that a server that drips cannot hold a slot. Redirects are followed
only where the caller asks, at most MAX_REDIRECTS, and each is a new guarded connection.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy
from yarl import URL

from monitor import __version__
from monitor.errors import BlockedAddress
from monitor.net.encodings import BrokenEncoding, Decoder, decoder
from monitor.net.guard import socket_factory
from monitor.settings import Network

USER_AGENT = f"media-monitor/{__version__}"
MAX_REDIRECTS = 5
PERMANENT = (301, 308)
REDIRECTS = (301, 302, 303, 307, 308)
_UNSAFE = re.compile(r"[\x00-\x20\"<>^`{|}\x7f]")  # in no URI (RFC 3986), but in many a Location
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``permanent`` says that every redirect on the way was a permanent one."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: str
    redirected: bool
    permanent: bool
    cut: bool  # the body was longer than the limit


class RequestFailed(Exception):
    """No answer. ``reason`` is one of: dns, tls, connect, blocked, timeout, too-many-redirects,
    bad-url, protocol, encoding.
    """

    def __init__(self, reason: str, detail: str) -> None:
        # The detail may quote what the server sent: bytes that are no UTF-8, and any number of them.
        self.reason, self.detail = reason, detail[:_LONGEST_DETAIL].encode("utf-8", "replace").decode()
        super().__init__(self.detail)


class Client:
    """Use as an async context manager; safe for any number of tasks of one loop."""

    def __init__(
        self,
        networks: Sequence[Network] = (),
        about: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """``about`` is a URL where operators of polled servers can read who is calling."""
        self._networks = networks
        self._user_agent = f"{USER_AGENT} (+{about})" if about else USER_AGENT
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=0,
            ttl_dns_cache=60,
            resolver=self._resolver or aiohttp.AsyncResolver(),
            socket_factory=socket_factory(self._networks),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent},
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            max_line_size=16_384,
            max_field_size=16_384,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        credentials: str | None = None,
        follow: bool,
        deadline: float,
        limit: int,
        whole: bool = True,
    ) -> Response:
        """One exchange within ``deadline`` seconds, the body cut at ``limit`` bytes.

        ``credentials`` ("user:password") go only to the origin of ``url``. Where the caller wants the
        status more than the body, it says that it need not be ``whole``: a body that is broken or not
        there in time is then empty. Raises RequestFailed.
        """
        ends = asyncio.get_running_loop().time() + deadline
        try:
            async with asyncio.timeout_at(ends):
                answer, target, hops, permanent = await self._answer(
                    method, url, headers or {}, body, credentials, follow
                )
            async with answer:
                try:
                    async with asyncio.timeout_at(ends):
                        content, cut = await _read(answer, limit)
                except (aiohttp.ClientError, OSError, BrokenEncoding):  # a TimeoutError is an OSError
                    if whole:
                        raise
                    content, cut = b"", False
        except TimeoutError:
            raise RequestFailed("timeout", f"no complete answer within {deadline:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError, BrokenEncoding) as error:
            raise _explained(error) from error
        return Response(answer.status, answer.headers, content, str(target), hops > 0, permanent and hops > 0, cut)

    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        credentials: str | None,
        follow: bool,
    ) -> tuple[aiohttp.ClientResponse, URL, int, bool]:
        """The head of the last answer, its URL, the redirects on the way, and whether all were permanent."""
        if self._session is None:
            raise RuntimeError("the client is used outside of its context")
        target, permanent = _checked(url), True
        origin = target.origin()
        for hop in range(MAX_REDIRECTS + 1):
            sent = dict(headers)
            if credentials and target.origin() == origin:
                sent["Authorization"] = "Basic " + b64encode(credentials.encode()).decode()
            answer = await self._session.request(method, target, headers=sent, data=body, allow_redirects=False)
            location = answer.headers.get("Location")
            if not (follow and answer.status in REDIRECTS and location):
                return answer, target, hop, permanent
            answer.release()
            permanent = permanent and answer.status in PERMANENT
            location = _UNSAFE.sub(lambda found: quote(found[0]), location)
            target = _checked(str(target.join(URL(location, encoded=location.isascii()))))
        raise RequestFailed("too-many-redirects", f"more than {MAX_REDIRECTS} redirects, the last one to {target.host}")


def _checked(url: str) -> URL:
    """The URL exactly as written; userinfo is never sent on behalf of a redirect."""
    try:
        # ASCII stays exactly as written; the rest needs punycode and percent signs to be sent at all.
        target = URL(url, encoded=url.isascii())
    except ValueError as error:
        raise RequestFailed("bad-url", f"not a URL: {error}") from None
    if target.scheme not in ("http", "https") or not target.host:
        raise RequestFailed("bad-url", f"only http and https URLs with a host can be reached, not {url[:200]!r}")
    return target.with_user(None) if target.user or target.password else target


async def _read(answer: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The decoded body, and whether it was cut at ``limit``."""
    parts: list[bytes] = []
    size = received = 0
    unpack: Decoder | None = None
    async for data in answer.content.iter_any():
        unpack = unpack or decoder(answer.headers.get("Content-Encoding", ""), data)
        parts.append(unpack.feed(data, limit + 1 - size))
        size += len(parts[-1])
        received += len(data)
        if max(size, received) > limit:
            answer.close()  # the rest is not wanted, and the connection is of no use any more
            return b"".join(parts)[:limit], True
    if unpack:
        unpack.finish()
    return b"".join(parts), False


def _explained(error: Exception) -> RequestFailed:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    # Where a host has several addresses, the client joins their errors into one text.
    if isinstance(cause, BlockedAddress) or (BlockedAddress.MARK in str(cause) and "failed" not in str(cause)):
        return RequestFailed("blocked", str(cause))
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return RequestFailed("dns", f"the host name does not resolve: {error}")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return RequestFailed("tls", f"no secure connection: {error}")
        case aiohttp.ClientConnectorError() | ConnectionError():
            return RequestFailed("connect", f"no connection: {error}")
        case aiohttp.ClientPayloadError() | BrokenEncoding():
            return RequestFailed("encoding", f"the body is broken: {error}")
        case aiohttp.InvalidURL() | ValueError():
            return RequestFailed("bad-url", f"not a URL: {error}")
        case _:
            return RequestFailed("protocol", f"{type(error).__name__}: {error}")

"""The guarded HTTP client against servers that play a script byte by byte."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Self

import pytest
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.net.client import MAX_REDIRECTS, Client, RequestFailed, Response

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: str = "200 OK", body: bytes = b"", headers: str = "", length: int | None = None) -> bytes:
    """An HTTP/1.1 answer; ``headers`` are whole lines, ``length`` a lie about the body."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{headers}\r\n".encode() + body


def redirect(location: str, status: int = 302, headers: str = "") -> bytes:
    """A redirect; the location goes out as it is written, in UTF-8."""
    return answer(f"{status} Moved", headers=f"Location: {location}\r\n{headers}")


class RawServer:
    """Answers paths with the bytes of ``pages``, or lets a function write them; then hangs up."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.pages: dict[str, bytes | Play | list[bytes]] = {}
        self.requests: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._host, self.port = host, port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        """The targets of the requests, in order."""
        return [head.split(b" ")[1].decode("utf-8", "backslashreplace") for head in self.requests]

    def header(self, name: str, request: int = -1) -> str | None:
        """A header of a request, byte for byte in UTF-8."""
        for line in self.requests[request].split(b"\r\n")[1:]:
            key, _, value = line.partition(b": ")
            if key.lower() == name.lower().encode():
                return value.decode()
        return None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            # Cancelled at the end of a test; asyncio would log it as an error of the server.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        size = int(self.header("Content-Length") or 0)
        self.bodies.append(await reader.readexactly(size))
        page = self.pages.get(head.split(b" ")[1].decode("utf-8", "replace"), answer("404 Not Found"))
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if callable(page):
            await page(writer)
        else:
            writer.write(page)
            await writer.drain()


class Answers(AbstractResolver):
    """A resolver that gives one prepared set of addresses after the other, the last one again and again."""

    def __init__(self, *sets: list[str]) -> None:
        self.sets = list(sets)
        self.asked = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the base class calls it so
    ) -> list[ResolveResult]:
        self.asked += 1
        found = self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        return None


NO_NAMES = Answers(["192.0.2.1"])


async def get(client: Client, url: str, *, limit: int = 1 << 20, deadline: float = 5.0, **kwargs) -> Response:
    """A GET that follows redirects."""
    return await client.request("GET", url, follow=True, deadline=deadline, limit=limit, **kwargs)


async def failure(client: Client, url: str, **kwargs) -> RequestFailed:
    """The failure of a GET that must fail."""
    with pytest.raises(RequestFailed) as caught:
        await get(client, url, **kwargs)
    return caught.value


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(LOOPBACK, resolver=NO_NAMES) as made:
        yield made


# ── redirects ──


async def test_redirects_are_followed_up_to_the_limit_and_not_beyond(raw: RawServer, client: Client) -> None:
    """Five redirects are followed; the sixth is not asked for, and the failure says so."""
    for n in range(MAX_REDIRECTS + 1):
        raw.pages[f"/{n}"] = redirect(f"/{n + 1}")
    raw.pages["/1"] = redirect(f"{raw.url}/2")  # absolute and relative ones
    raw.pages[f"/{MAX_REDIRECTS + 1}"] = answer(body=b"here")
    found = await get(client, f"{raw.url}/1")
    assert (found.status, found.body, found.url, found.redirected) == (200, b"here", f"{raw.url}/6", True)
    raw.requests.clear()
    failed = await failure(client, f"{raw.url}/0")
    assert (failed.reason, len(raw.requests)) == ("too-many-redirects", MAX_REDIRECTS + 1)


async def test_a_redirect_loop_ends(raw: RawServer, client: Client) -> None:
    """A page that redirects to itself costs a few requests, not a slot for ever."""
    raw.pages["/a"] = redirect("/a", 301)
    failed = await failure(client, f"{raw.url}/a")
    assert (failed.reason, len(raw.requests)) == ("too-many-redirects", MAX_REDIRECTS + 1)


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [((301,), True), ((308, 301), True), ((302,), False), ((303,), False), ((307,), False), ((301, 302), False),
     ((302, 301), False), ((), False)],
)  # fmt: skip
async def test_a_move_is_permanent_only_where_every_step_is(
    raw: RawServer, client: Client, statuses: tuple[int, ...], permanent: bool
) -> None:
    """One temporary redirect on the way makes the whole way temporary; no redirect is no move."""
    for n, status in enumerate(statuses):
        raw.pages[f"/{n}"] = redirect(f"/{n + 1}", status)
    raw.pages[f"/{len(statuses)}"] = answer(body=b"x")
    found = await get(client, f"{raw.url}/0")
    assert (found.permanent, found.redirected) == (permanent, bool(statuses))


async def test_without_follow_a_redirect_is_the_answer(raw: RawServer, client: Client) -> None:
    """Where the caller does not follow, the 302 comes back and its target is never asked."""
    raw.pages["/a"] = redirect("/b")
    found = await client.request("GET", f"{raw.url}/a", follow=False, deadline=5, limit=100)
    assert (found.status, raw.paths) == (302, ["/a"])


@pytest.mark.parametrize(
    "location",
    [
        "ftp://127.0.0.1/x", "file:///etc/hostname", "gopher://127.0.0.1/", "javascript:alert(1)", "data:text/xml,x",
        "http://[::1", "http://127.0.0.1:99999/", "http://127.0.0.1:port/", "https://", "mailto:a@b",
    ],
)  # fmt: skip
async def test_a_redirect_to_something_else_than_http_is_refused(raw: RawServer, client: Client, location: str) -> None:
    """Other schemes and locations that are no URL end the request as a bad URL."""
    raw.pages["/a"] = redirect(location)
    assert (await failure(client, f"{raw.url}/a")).reason == "bad-url"


@pytest.mark.parametrize(
    ("location", "path"),
    [("b?x=%7E&y=%2F", "/d/b?x=%7E&y=%2F"), ("/b#part", "/b"), ("?q=1", "/d/a?q=1"), ("/a b", "/a%20b"),
     ("/käse", "/k%C3%A4se"), ("../up", "/up")],
)  # fmt: skip
async def test_locations_are_taken_as_browsers_take_them(
    raw: RawServer, client: Client, location: str, path: str
) -> None:
    """Relative targets are resolved, escapes stay as written, and raw spaces and letters are escaped."""
    raw.pages["/d/a"] = redirect(location)
    raw.pages[path] = answer(body=b"there")
    assert (await get(client, f"{raw.url}/d/a")).body == b"there"
    assert raw.paths[-1] == path


async def test_a_redirect_into_a_private_network_is_refused(raw: RawServer) -> None:
    """What may be reached is judged anew at every hop: only 127.0.0.1 is allowed here."""
    narrow = (ipaddress.ip_network("127.0.0.1/32"),)
    async with (
        RawServer("::1") as inside,
        RawServer("127.0.0.2") as beside,
        Client(narrow, resolver=NO_NAMES) as client,
    ):
        for host in (f"[::1]:{inside.port}", f"127.0.0.2:{beside.port}", f"[::ffff:127.0.0.2]:{beside.port}"):
            raw.pages["/a"] = redirect(f"http://{host}/secret")
            failed = await failure(client, f"{raw.url}/a")
            assert (failed.reason, inside.connections, beside.connections) == ("blocked", 0, 0), host
            assert "MONITOR_ALLOWED_PRIVATE_NETWORKS" in failed.detail


# ── what is sent ──


async def test_credentials_go_only_to_the_origin(raw: RawServer, client: Client) -> None:
    """Another port is another origin: it gets no Authorization; a way back to the first one gets it again."""
    async with RawServer() as other:
        raw.pages |= {"/a": redirect("/b"), "/b": redirect(f"{other.url}/c"), "/back": answer(body=b"x")}
        other.pages["/c"] = redirect(f"{raw.url}/back")
        await get(client, f"{raw.url}/a", credentials="us:pä")
        expected = "Basic " + b64encode("us:pä".encode()).decode()
        assert [raw.header("Authorization", i) for i in range(3)] == [expected] * 3
        assert other.paths == ["/c"]
        assert other.header("Authorization") is None


async def test_userinfo_in_a_location_is_not_used(raw: RawServer, client: Client) -> None:
    """A server cannot make the client log in elsewhere."""
    raw.pages |= {"/a": redirect(f"http://root:toor@127.0.0.1:{raw.port}/b"), "/b": answer(body=b"x")}
    found = await get(client, f"{raw.url}/a")
    assert raw.header("Authorization") is None
    assert found.url == f"{raw.url}/b"


async def test_no_cookie_and_no_referer_is_ever_sent(raw: RawServer, client: Client) -> None:
    """Cookies that a server sets are forgotten at once, over redirects and over requests."""
    raw.pages |= {
        "/a": redirect("/b", headers="Set-Cookie: id=1; Path=/\r\n"),
        "/b": answer(headers="Set-Cookie: s=2\r\n"),
    }
    await get(client, f"{raw.url}/a")
    await get(client, f"{raw.url}/b")
    assert len(raw.requests) == 3
    for request in range(3):
        assert raw.header("Cookie", request) is None
        assert raw.header("Referer", request) is None


async def test_the_user_agent_says_who_calls_and_where_to_read_about_it(raw: RawServer) -> None:
    """Name, version and URL of the caller; no header betrays the library alone."""
    raw.pages["/a"] = answer()
    async with Client(LOOPBACK, about="https://monitor.example/", resolver=NO_NAMES) as client:
        await get(client, f"{raw.url}/a")
    agent = raw.header("User-Agent") or ""
    assert agent.startswith("media-monitor/")
    assert agent.endswith("(+https://monitor.example/)")


async def test_proxies_of_the_environment_are_not_used(
    raw: RawServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY would lead every request around the guard."""
    raw.pages["/a"] = answer(body=b"direct")
    async with RawServer() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await get(client, f"{raw.url}/a")).body == b"direct"
        assert proxy.connections == 0


# ── names and addresses ──


async def test_ipv6_servers_are_reached(client: Client) -> None:
    """An IPv6 address in brackets works where its network is allowed."""
    async with RawServer("::1") as six:
        six.pages["/a"] = answer(body=b"six")
        assert (await get(client, f"{six.url}/a")).body == b"six"


async def test_a_name_that_turns_private_is_never_followed_there() -> None:
    """DNS rebinding: the allowed address is answered first, the refused one later; it gets no connection."""
    narrow = (ipaddress.ip_network("127.0.0.1/32"),)
    resolver = Answers(["127.0.0.1"], ["127.0.0.2"])
    async with RawServer() as good, RawServer("127.0.0.2", good.port) as inside:
        good.pages["/a"] = answer(body=b"public")
        for name in ("a.example", "b.example", "c.example"):  # other names: the first answer is remembered
            async with Client(narrow, resolver=resolver) as client:
                with suppress(RequestFailed):
                    await get(client, f"http://{name}:{good.port}/a")
        assert (good.connections, inside.connections, resolver.asked) == (1, 0, 3)


@pytest.mark.parametrize("addresses", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["::1", "127.0.0.1"]])
async def test_of_mixed_answers_only_the_allowed_address_is_used(addresses: list[str]) -> None:
    """A name with a refused and an allowed address is reached at the allowed one."""
    narrow = (ipaddress.ip_network("127.0.0.1/32"),)
    async with RawServer() as good, RawServer("127.0.0.2", good.port) as inside, RawServer("::1", good.port) as six:
        good.pages["/a"] = answer(body=b"public")
        async with Client(narrow, resolver=Answers(addresses)) as client:
            assert (await get(client, f"http://a.example:{good.port}/a")).body == b"public"
        assert (inside.connections, six.connections) == (0, 0)


async def test_a_name_with_only_refused_addresses_is_blocked_and_says_so() -> None:
    """Also where several addresses were tried, the reason is "blocked", not a failed connect."""
    async with Client(resolver=Answers(["10.0.0.1", "127.0.0.1", "::1"])) as client:
        assert (await failure(client, "http://a.example/")).reason == "blocked"


@pytest.mark.parametrize(
    "host",
    [
        "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "127.0.0.1.", "0", "0.0.0.0",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::127.0.0.1]",
        "127.0.0.1%00.example", "１２７.0.0.1", "127。0。0。1", "localhost", "LOCALHOST", "localhost.",
    ],
)  # fmt: skip
async def test_odd_spellings_of_loopback_reach_nothing(raw: RawServer, host: str) -> None:
    """However the address is written, and although the system's resolver understands it, nothing arrives."""
    async with RawServer("::1", raw.port) as six, Client(resolver=ThreadedResolver()) as client:
        failed = await failure(client, f"http://{host}:{raw.port}/")
        assert failed.reason in ("blocked", "dns", "bad-url")
        assert (raw.connections, six.connections) == (0, 0)


async def test_nobody_listening_is_a_failed_connect(client: Client) -> None:
    """A refused connection is told apart from a blocked one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failed = await failure(client, f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert failed.reason == "connect"


async def test_plain_http_on_a_tls_port_is_a_tls_failure(client: Client) -> None:
    """A server that speaks no TLS on an https address is reported as such."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        failed = await failure(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert failed.reason == "tls"


@pytest.mark.parametrize(
    "url",
    ["", "x", "http://", "http:///x", "ftp://127.0.0.1/", "http://a..b/", "http://[::1", "http://exa mple/",
     "http://" + "a" * 300 + ".example/", "http://\ud800.example/", "http://127.0.0.1:0x50/", "file:///etc/hostname"],
)  # fmt: skip
async def test_what_is_no_url_fails_as_such_and_never_raises_anything_else(client: Client, url: str) -> None:
    """Garbage in place of a URL is a RequestFailed like any other."""
    assert (await failure(client, url)).reason in ("bad-url", "dns", "connect", "blocked")

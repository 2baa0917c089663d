"""What the HTTP contract says about refusals and open doors, on one running service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from tests.harness.service import Answer, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROBLEM = "application/problem+json"
OPEN = {"/healthz", "/readyz"}
HOOK = {"type": "webhook", "url": "https://hooks.example/x"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with one rule, one story, one feed that is off and one subscription."""
    folder = tmp_path_factory.mktemp("problems")
    (folder / "rules").mkdir()
    made = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    try:
        await made.start()
        await made.post("/v1/rules", {"id": "known", "name": "Known", "query": "pangolin"})
        await made.post("/v1/feeds", {"url": "https://feeds.example/known", "enabled": False})
        await made.post("/v1/subscriptions", {"name": "known", "channel": HOOK, "enabled": False})
        await made.post("/v1/stories", {"id": "known", "title": "A pangolin"})
        yield made
    finally:
        await made.finish()


async def send(service: Service, method: str, path: str, data: Any = None, key: str | None = None) -> Answer:
    """A request whose body goes as it is, said to be JSON."""
    if key is None:
        key = (service.data_dir / "admin.key").read_text().strip()
    headers = {"Content-Type": "application/json"} | ({"Authorization": key and f"Bearer {key}"} if key else {})
    async with (
        ClientSession() as session,
        session.request(method, service.url + path, data=data, headers=headers) as answer,
    ):
        return Answer(answer.status, await answer.text(), dict(answer.headers))


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """The problem in an answer of this status, with the members of RFC 9457 and ours."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == PROBLEM
    body: dict[str, Any] = json.loads(answer.body) if isinstance(answer.body, str) else answer.body
    assert body.keys() >= {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    for fault in body["errors"]:
        assert fault.keys() >= {"pointer", "detail", "code"}
        assert fault["code"]
        assert fault["detail"]
    return body


def at(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) points to; raises where there is nothing."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name) if isinstance(document, list) else name]
    return document


async def test_nothing_but_the_open_doors_answers_without_a_key(service: Service) -> None:
    """Every documented operation is 401 with WWW-Authenticate for no key and for a wrong one."""
    paths = (await service.get("/openapi.json"))["paths"]
    asked = 0
    for path, methods in paths.items():
        for method in methods:
            if path in OPEN:
                continue
            for key in ("", "mon_wrong"):
                answer = await service.call(method.upper(), path.replace("{version}", "1"), key=key)
                problem(answer, 401)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer"), (method, path)
                asked += 1
    assert asked > 50


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer\tx", "mon_x", "Bearer mon\u00e9"]
)
async def test_another_kind_of_authorization_is_401(service: Service, header: str) -> None:
    """Not a bearer key, an empty one, or one of odd letters."""
    async with (
        ClientSession() as session,
        session.get(service.url + "/v1/feeds", headers={"Authorization": header}) as answer,
    ):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == PROBLEM


@pytest.mark.parametrize("data", [b"{", b"[1", b"{}", b'{"bogus": 1}', b"\xff"])
async def test_the_key_is_asked_for_before_the_body_is_judged(service: Service, data: bytes) -> None:
    """Without a key a body is 401, however broken it is: strangers learn nothing and cost nothing."""
    problem(await send(service, "POST", "/v1/rules", data, key=""), 401)


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/feeds", {"url": "https://feeds.example/new", "enabled": False}),
    ("PATCH", "/v1/feeds/{feed}", {"enabled": False}),
    ("POST", "/v1/rules", {"name": "n", "query": "okapi"}),
    ("PUT", "/v1/rules/known", {"name": "n", "query": "okapi"}),
    ("POST", "/v1/rules:check", {"query": "okapi"}),
    ("POST", "/v1/stories", {"title": "Okapi"}),
    ("POST", "/v1/subscriptions", {"name": "n", "channel": HOOK}),
    ("PATCH", "/v1/subscriptions/{subscription}", {"name": "n"}),
]


async def known(service: Service, path: str) -> str:
    """``path`` with the ids of what is there."""
    for kind in ("feed", "subscription"):
        if f"{{{kind}}}" in path:
            path = path.replace(f"{{{kind}}}", (await service.get(f"/v1/{kind}s"))["items"][0]["id"])
    return path


@pytest.mark.parametrize(("method", "path", "body"), BODIES)
async def test_an_unknown_field_of_a_body_is_refused(
    service: Service, method: str, path: str, body: dict[str, Any]
) -> None:
    """422, and the pointer is the field's."""
    answer = await service.call(method, await known(service, path), body | {"bogus": 1})
    assert [f["pointer"] for f in problem(answer, 422)["errors"]] == ["/bogus"]


NESTED = [
    ("/v1/subscriptions", {"name": "n", "channel": HOOK | {"x/~y": 1}}, "/channel/x~1~0y"),
    ("/v1/subscriptions", {"name": "n", "channel": {"type": "webhook", "url": ""}}, "/channel/url"),
    ("/v1/subscriptions", {"name": "n", "channel": HOOK | {"url": "ftp://a.example/"}}, "/channel/url"),
    ("/v1/subscriptions", {"name": "n", "channel": HOOK | {"url": "https://u:p@a.example/"}}, "/channel/url"),
    ("/v1/subscriptions", {"name": "n", "channel": {"type": "pigeon"}}, "/channel"),
    ("/v1/subscriptions", {"name": "n", "channel": HOOK, "rules": ["good", "Not Good"]}, "/rules/1"),
    ("/v1/subscriptions", {"name": "n", "channel": HOOK, "enabled": 1}, "/enabled"),
    ("/v1/feeds", {"url": "https://feeds.example/new", "tags": ["good", "a,b"]}, "/tags/1"),
    ("/v1/feeds", {"url": "gopher://feeds.example/new"}, "/url"),
    ("/v1/feeds", {"url": "https://feeds.example/new", "interval": "often"}, "/interval"),
    ("/v1/feeds", {"url": "https://feeds.example/new", "interval": -1}, "/interval"),
    ("/v1/feeds", {"url": "https://feeds.example/new", "enabled": "no"}, "/enabled"),
    ("/v1/rules", {"name": "n", "query": "okapi", "enabled": "no"}, "/enabled"),
    ("/v1/rules", {"name": "n", "query": "okapi", "backfill": {"days": 0}}, "/backfill/days"),
    ("/v1/rules", {"name": "n", "query": "okapi", "backfill": {"days": 1, "bogus": 1}}, "/backfill/bogus"),
    ("/v1/rules", {"name": "n", "query": "okapi", "languages": ["en", "not a language"]}, "/languages/1"),
    ("/v1/stories", {"title": "", "body": "<p></p>"}, "/title"),
    ("/v1/stories", {"title": "t", "url": "gopher://a.example/"}, "/url"),
]


@pytest.mark.parametrize(("path", "body", "pointer"), NESTED)
async def test_a_pointer_leads_to_the_fault(service: Service, path: str, body: dict[str, Any], pointer: str) -> None:
    """The pointer of a nested fault is a JSON pointer into the very body that was sent."""
    (fault,) = problem(await service.call("POST", path, body), 422)["errors"]
    assert fault["pointer"] == pointer
    at(body, fault["pointer"])


async def test_a_missing_field_is_named_where_it_should_stand(service: Service) -> None:
    """The pointer of what is not there says where to write it, also below a channel of some type."""
    answer = await service.call("POST", "/v1/subscriptions", {"name": "n", "channel": {"type": "webhook"}})
    assert [f["pointer"] for f in problem(answer, 422)["errors"]] == ["/channel/url"]


@pytest.mark.parametrize("path", ["/v1/rules", "/v1/feeds:import"])
async def test_a_fault_of_the_whole_body_points_to_all_of_it(service: Service, path: str) -> None:
    """The empty pointer is the whole document (RFC 6901, section 5)."""
    answer = await send(service, "POST", path, b"5")
    assert {f["pointer"] for f in problem(answer, 422)["errors"]} == {""}


PARAMETERS = [
    "/v1/feeds?bogus=1", "/v1/rules?bogus=1", "/v1/stories?bogus=1", "/v1/hits?bogus=1", "/v1/subscriptions?bogus=1",
    "/v1/deliveries?bogus=1", "/v1/stories/{story}/explain?rule=known&bogus=1",
]  # fmt: skip


@pytest.mark.parametrize("path", PARAMETERS)
async def test_an_unknown_query_parameter_is_refused(service: Service, path: str) -> None:
    """A misspelt filter is 422 and named, not ignored."""
    story = (await service.get("/v1/stories"))["items"][0]["id"]
    answer = await service.call("GET", path.replace("{story}", story))
    assert [f["pointer"] for f in problem(answer, 422)["errors"]] == ["bogus"]


VALUES = [
    ("/v1/feeds?limit=0", "limit"), ("/v1/rules?limit=501", "limit"), ("/v1/hits?limit=x", "limit"),
    ("/v1/hits?since=yesterday", "since"), ("/v1/stories?since=", "since"), ("/v1/deliveries?state=lost", "state"),
    ("/v1/hits?cursor=bogus", "cursor"), ("/v1/stories?cursor=bogus", "cursor"), ("/v1/deliveries?cursor=x", "cursor"),
    ("/v1/stories?q=okapi%20AND", "q"), ("/v1/stories?q=", "q"), ("/v1/stories/push-x/explain?rule=", "rule"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "name"), VALUES)
async def test_a_bad_value_of_a_parameter_is_named(service: Service, path: str, name: str) -> None:
    """422, and the pointer is the parameter's name, whoever found the fault."""
    assert {f["pointer"] for f in problem(await service.call("GET", path), 422)["errors"]} == {name}


MISSING = [
    ("GET", "/v1/feeds/none"), ("PATCH", "/v1/feeds/none"), ("DELETE", "/v1/feeds/none"),
    ("POST", "/v1/feeds/none:poll"), ("GET", "/v1/rules/none"), ("DELETE", "/v1/rules/none"), ("PUT", "/v1/rules/none"),
    ("GET", "/v1/rules/none/versions/1"), ("GET", "/v1/stories/none"), ("GET", "/v1/hits/none"),
    ("GET", "/v1/hits/known.none"), ("GET", "/v1/hits/%00"), ("GET", "/v1/stories/%ff"),
    ("GET", "/v1/subscriptions/none"), ("PATCH", "/v1/subscriptions/none"), ("DELETE", "/v1/subscriptions/none"),
    ("POST", "/v1/subscriptions/none:test"), ("POST", "/v1/subscriptions/none:send-now"),
    ("GET", "/v1/deliveries/none"), ("POST", "/v1/deliveries/none:replay"), ("GET", "/v1/nothing"),
    ("GET", "/v2/feeds"), ("GET", "/v1/feeds/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), MISSING)
async def test_what_is_not_there_is_404(service: Service, method: str, path: str) -> None:
    """Whatever the kind, and whatever is to be done with it."""
    body = {"PATCH": {}, "PUT": {"name": "n", "query": "okapi"}}.get(method)
    problem(await send(service, method, path, None if body is None else json.dumps(body)), 404)


WRONG_METHODS = [
    ("PUT", "/v1/feeds", "GET, POST"), ("POST", "/v1/hits", "GET"), ("DELETE", "/healthz", "GET"),
    ("POST", "/v1/rules/known", "DELETE, GET, PUT"), ("GET", "/v1/feeds/some:poll", "POST"),
    ("OPTIONS", "/v1/subscriptions/some", "DELETE, GET, PATCH"), ("DELETE", "/v1/rules:check", "POST"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "allowed"), WRONG_METHODS)
async def test_a_wrong_method_is_405_and_says_what_is_allowed(
    service: Service, method: str, path: str, allowed: str
) -> None:
    """The Allow header lists all that this path takes (RFC 9110, section 15.5.6), whichever route takes it."""
    answer = await service.call(method, path)
    problem(answer, 405)
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/v1/rules", "/v1/feeds:import"])
async def test_a_body_that_is_too_large_is_413(service: Service, path: str, announced: bool) -> None:
    """Whether the request says its length or comes in pieces."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * (1 << 20)

    problem(await send(service, "POST", path, BytesIO(b" " * (11 << 20)) if announced else chunks()), 413)


BROKEN = [b"", b"{", b'{"query": "x",}', b"[]", b'"text"', b"null", b"\xff\xfe\xfd", b"[" * 100_000, b"{'a': 1}"]


@pytest.mark.parametrize("data", BROKEN)
async def test_a_broken_body_is_the_senders_fault(service: Service, data: bytes) -> None:
    """No JSON, or JSON of the wrong shape, is 422 (400 where it cannot even be read), as a problem."""
    answer = await send(service, "POST", "/v1/rules", data)
    problem(answer, 400 if answer.status == 400 else 422)


RULES = [
    ("okapi AND (zebra", "(", "add )"),
    ("okapi OR zebra AND gnu", "okapi OR zebra AND gnu", "brackets"),
    ("\U0001f993\U0001f993 okapi AND tilte:zebra", "tilte:", "title"),
    ('okapi AND "zebra', '"zebra', '"'),
    ("NOT okapi", "NOT okapi", ""),
    ("okapi AND", "AND", ""),
]


@pytest.mark.parametrize(("query", "fault", "hint"), RULES)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/rules"), ("PUT", "/v1/rules/known")])
async def test_a_fault_in_a_query_is_shown_in_its_text(
    service: Service, method: str, path: str, query: str, fault: str, hint: str
) -> None:
    """Start and end are code-point offsets that cut the fault out of the text at the pointer; a hint says more."""
    body = {"name": "n", "query": query}
    errors = problem(await service.call(method, path, body), 422)["errors"]
    cut = {at(body, e["pointer"])[e["start"] : e["end"]]: e for e in errors}
    assert fault in cut, cut
    assert {e["pointer"] for e in errors} == {"/query"}
    assert hint in cut[fault].get("hint", "")


async def test_all_faults_of_a_query_are_told_at_once(service: Service) -> None:
    """One answer names each of three faults."""
    answer = await service.call(
        "POST", "/v1/rules", {"name": "n", "query": "(okapi AND tilte:zebra) AND gnu* AND (emu"}
    )
    assert len(problem(answer, 422)["errors"]) >= 3


HOSTILE = ["\ud800", "a\udc00b", "\x00", "\u202e", "\u0301" * 50, "\U0010ffff", "a\r\nb", "%00%ff", "𝔭" * 150]


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_breaks_the_service(service: Service, text: str) -> None:
    """Lone surrogates, NUL, marks and astral letters, as values and as names: stored or refused, never a 500; and
    what is stored can be listed.
    """
    bodies = [
        *[("/v1/rules", {"name": "n", "query": "okapi", "enabled": False} | {n: v}) for n, v in
          [("name", text), ("query", f"okapi {text}"), ("tags", [text]), ("languages", [text]), ("id", text),
           (text, 1)]],
        *[("/v1/stories", {"title": "t", "id": text} | {n: v}) for n, v in
          [("title", text), ("body", text), ("source", text), ("author", text), ("language", text), ("tags", [text])]],
        *[("/v1/subscriptions", {"name": "n", "enabled": False, "channel": HOOK} | {n: v}) for n, v in
          [("name", text), ("rules", [text]), ("tags", [text]), ("channel", HOOK | {"url": f"https://a.example/{text}"}),
           ("channel", {"type": text})]],
        *[("/v1/feeds", {"url": f"https://a.example/{n}", "enabled": False} | {n: v}) for n, v in
          [("url", f"https://a.example/{text}"), ("url", f"https://{text}/"), ("tags", [text])]],
        ("/v1/rules:check", {"query": text, "story": {"title": text}}),
    ]  # fmt: skip
    for path, body in bodies:
        answer = await send(service, "POST", path, json.dumps(body))
        assert answer.status in (200, 201, 409, 422), (path, body, answer)
        json.loads(answer.body)
    for path in ("rules", "stories", "subscriptions", "feeds", "hits"):
        assert (await service.get(f"/v1/{path}?limit=500"))["items"] is not None


TIMES = ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
         -62135596800, 253402300799, -1, 0, 1e10]  # fmt: skip


@pytest.mark.parametrize("moment", TIMES)
async def test_the_ends_of_time_break_nothing(service: Service, moment: str | float) -> None:
    """Times near year 1 and year 9999 are stored or refused, and the lists can be read afterwards."""
    rule = {"id": "ends-of-time", "name": "n", "query": "okapi", "expires": moment}
    story = {"id": f"time {moment}", "title": "t", "published": moment}
    try:
        for path, body in (("/v1/rules", rule), ("/v1/stories", story)):
            assert (await service.call("POST", path, body)).status in (201, 422), (path, body)
        for path in ("/v1/rules", "/v1/stories"):
            assert (await service.call("GET", path)).status == 200
    finally:
        await send(service, "DELETE", "/v1/rules/ends-of-time")
    if isinstance(moment, str):
        answer = await service.call("GET", "/v1/hits", params={"since": moment})
        assert answer.status in (200, 422)


async def test_the_description_is_valid_openapi_and_complete(service: Service) -> None:
    """openapi.json holds to the meta-schema of OpenAPI 3.1, every reference leads somewhere, and the webhook and
    every endpoint of the contract are in it.
    """
    schema = await service.get("/openapi.json")
    assert schema["openapi"].startswith("3.1")
    OPENAPI_31_VALIDATOR.validate(schema)
    text = json.dumps(schema)
    for part in text.split('"$ref": "')[1:]:
        target: Any = schema
        for step in part.partition('"')[0].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
    keyless = {p for p, methods in schema["paths"].items() for o in methods.values() if not o.get("security")}
    assert keyless == OPEN
    names = [o["operationId"] for methods in schema["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))
    assert set(schema["paths"]["/v1/feeds/{feed}"]) == {"get", "patch", "delete"}
    assert set(schema["paths"]["/v1/rules/{rule}"]) == {"get", "put", "delete"}
    assert set(schema["paths"]["/v1/subscriptions/{subscription}"]) == {"get", "patch", "delete"}
    posts = {path for path, methods in schema["paths"].items() if "post" in methods}
    assert posts >= {
        "/v1/feeds", "/v1/feeds/{feed}:poll", "/v1/feeds:import", "/v1/rules", "/v1/rules:check", "/v1/stories",
        "/v1/subscriptions", "/v1/subscriptions/{subscription}:test", "/v1/subscriptions/{subscription}:send-now",
        "/v1/deliveries/{delivery}:replay",
    }  # fmt: skip
    assert schema["paths"].keys() >= {"/v1/feeds:export", "/v1/stories/{story}/explain", "/v1/hits/{hit}"}


async def test_the_open_doors_need_no_key_and_metrics_does(service: Service) -> None:
    """/, /docs, /openapi.json, /healthz and /readyz answer anyone; /metrics answers a key, in Prometheus' format."""
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
        answer = await service.call("GET", path, key="")
        assert answer.status == 200, (path, answer)
    page = (await service.call("GET", "/", key="")).body
    assert "/docs" in page
    assert (await service.call("GET", "/metrics", key="")).status == 401
    metrics = await service.call("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "# TYPE " in metrics.body


async def test_the_admin_key_is_its_owners_alone(service: Service) -> None:
    """The key file has mode 0600, and the service prints where it is."""
    path = service.data_dir / "admin.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert any(str(path) in line for line in service.out)

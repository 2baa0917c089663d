"""The HTTP contract: what each endpoint takes, answers and leaves behind, on one running service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
import pytest_asyncio
from aiohttp import ClientSession

from tests.harness.servers import FeedServer, Receiver
from tests.harness.service import Answer, Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
FILE_RULE = "id: kept-in-a-file\nname: Kept in a file\nquery: quokka AND census\n"
HIT_KEYS = {
    "id", "rule", "rule_version", "story", "title", "url", "source", "score", "spans", "snippet", "first_seen",
    "matched_at",
}  # fmt: skip


@dataclass
class World:
    """A service with three alerts behind it: ``subscription`` and ``rule`` as created, ``stories`` as pushed."""

    service: Service
    feeds: FeedServer
    receiver: Receiver
    subscription: dict[str, Any]
    rule: dict[str, Any]
    stories: list[dict[str, Any]]

    async def hits(self, rule: str, count: int) -> list[dict[str, Any]]:
        """The hits of ``rule``, once there are ``count``."""

        async def found() -> list[dict[str, Any]]:
            items = (await self.service.get(f"/v1/hits?rule={rule}"))["items"]
            return items if len(items) >= count else []

        found_hits: list[dict[str, Any]] = await eventually(found, what=f"{count} hits of {rule}")
        return found_hits

    async def delete(self, path: str) -> Answer:
        """A DELETE, its body not parsed whatever the answer says that it is."""
        key = (self.service.data_dir / "admin.key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        async with ClientSession() as session, session.delete(self.service.url + path, headers=headers) as answer:
            return Answer(answer.status, await answer.text(), dict(answer.headers))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The service, a feed server and a receiver, with a rule, three stories and their three deliveries."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "rules").mkdir()
    (folder / "rules" / "kept.yaml").write_text(FILE_RULE)
    service = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    feeds, receiver = FeedServer(), Receiver()
    await feeds.start()
    await receiver.start()
    try:
        await service.start()
        rule = {
            "id": "ostrich",
            "name": "Ostrich farms",
            "query": 'ostrich AND (farm OR "egg price")',
            "tags": ["birds"],
        }
        made = World(service, feeds, receiver, {}, await service.post("/v1/rules", rule), [])
        channel = {"type": "webhook", "url": f"{receiver.url}/desk"}
        made.subscription = await service.post(
            "/v1/subscriptions", {"name": "desk", "channel": channel, "rules": ["ostrich"]}
        )
        for name in ("a", "b"):
            body = {"name": name, "channel": {"type": "webhook", "url": f"{receiver.url}/{name}"}, "rules": ["none"]}
            await service.post("/v1/subscriptions", body)
        for number in range(3):
            await service.post("/v1/feeds", {"url": f"{feeds.url}/quiet{number}", "enabled": False})
            made.stories.append(await service.post("/v1/stories", {
                "id": f"seed-{number}", "title": f"Ostrich farm number {number} opens", "source": "Veld Gazette",
                "url": f"https://news.example/ostrich/{number}", "language": "en",
                "body": f"The ostrich farm is the {number}th in the valley. Neighbours worry about the egg price.",
            }))  # fmt: skip

        async def delivered() -> bool:
            return len((await service.get("/v1/deliveries?state=sent"))["items"]) == 3

        await eventually(delivered, what="three deliveries are sent")
        yield made
    finally:
        await service.finish()
        await feeds.stop()
        await receiver.stop()


CREATED = [
    ("/v1/feeds", {"url": "https://feeds.example/life", "enabled": False, "tags": ["t"], "backfill_alerts": True}),
    ("/v1/rules", {"name": "A life", "query": "platypus", "tags": ["t"], "enabled": False}),
    ("/v1/rules", {"id": "life", "name": "A life", "query": "platypus", "backfill": {"days": 1, "alert": False}}),
    ("/v1/subscriptions", {"name": "life", "channel": {"type": "webhook", "url": "https://hooks.example/x"}}),
    ("/v1/subscriptions", {"name": "life", "enabled": False, "rules": ["life"], "tags": ["t"], "mode": "instant",
                           "channel": {"type": "webhook", "url": "https://hooks.example/x"}}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), CREATED)
async def test_what_is_created_answers_201_is_shown_and_is_gone_after_204(
    world: World, path: str, body: dict[str, Any]
) -> None:
    """POST 201 with an id, GET 200 with what was asked for, DELETE 204 with an empty body, then 404 for both."""
    call = world.service.call
    made = await call("POST", path, body)
    assert made.status == 201, made
    place = f"{path}/{made.body['id']}"
    shown = await call("GET", place)
    assert shown.status == 200
    for name, value in body.items():
        if name not in ("backfill", "channel"):
            assert shown.body[name] == value, name
    gone = await world.delete(place)
    assert (gone.status, gone.body) == (204, "")
    assert [(await call(method, place)).status for method in ("GET", "DELETE")] == [404, 404]


async def test_no_content_claims_no_type(world: World) -> None:
    """A 204 has no Content-Type: a client that parses what says it is JSON must not trip over nothing."""
    await world.service.post("/v1/rules", {"id": "short-lived", "name": "x", "query": "thylacine"})
    gone = await world.delete("/v1/rules/short-lived")
    assert gone.status == 204
    assert "Content-Type" not in gone.headers


LISTS = [
    "/v1/feeds", "/v1/rules", "/v1/stories", "/v1/stories?feed=push", "/v1/stories?q=ostrich", "/v1/hits",
    "/v1/hits?rule=ostrich", "/v1/hits?tag=birds", "/v1/subscriptions", "/v1/deliveries", "/v1/deliveries?state=sent",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_walked_one_by_one_shows_each_item_once(world: World, path: str) -> None:
    """Pages of one, followed by ``next`` to its null, give the items of one big page, in its order."""
    joint = "&" if "?" in path else "?"
    if path == "/v1/rules":  # the shared world has two: the one of the API and the file's
        await world.service.call("POST", "/v1/rules", {"id": "third", "name": "third", "query": "dodo"})
    whole = await world.service.get(f"{path}{joint}limit=500")
    assert set(whole) == {"items", "next"}
    assert whole["next"] is None
    assert len(whole["items"]) >= 3
    walked: list[str] = []
    cursor = ""
    while True:
        page = await world.service.get(f"{path}{joint}limit=1{cursor}")
        assert len(page["items"]) <= 1
        walked += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={quote(page['next'], safe='')}"
        assert len(walked) <= len(whole["items"]), "the walk has no end"
    assert walked == [item["id"] for item in whole["items"]]


async def test_a_hit_has_the_promised_fields(world: World) -> None:
    """A hit names rule and story by id, keeps title, link and source, and its spans cut the matched words."""
    found = await world.hits("ostrich", 3)
    by_story = {s["id"]: s for s in world.stories}
    for hit in found:
        assert hit.keys() >= HIT_KEYS
        story = by_story[hit["story"]]
        assert (hit["rule"], hit["rule_version"]) == ("ostrich", 1)
        assert [hit[k] for k in ("title", "url", "source", "first_seen")] == [
            story[k] for k in ("title", "url", "source", "first_seen")
        ]
        assert 0 < hit["score"] <= 1
        assert hit["matched_at"] >= hit["first_seen"]
        assert "ostrich" in hit["snippet"].lower()
        words = {story[s["field"]][s["start"] : s["end"]].lower() for s in hit["spans"]}
        assert words >= {"ostrich", "farm"}
        assert words <= {"ostrich", "farm", "egg price"}
        assert await world.service.get(f"/v1/hits/{hit['id']}") == hit


async def test_lists_of_hits_and_stories_begin_at_since(world: World) -> None:
    """``since`` lets through what is at or after it, and nothing older."""
    hits = await world.hits("ostrich", 3)
    times = sorted(h["matched_at"] for h in hits)
    shown = (await world.service.get(f"/v1/hits?rule=ostrich&since={times[-1]}"))["items"]
    assert {h["id"] for h in shown} == {h["id"] for h in hits if h["matched_at"] == times[-1]}
    seen = world.stories[0]["first_seen"]
    ids = {s["id"] for s in (await world.service.get(f"/v1/stories?since={seen}&limit=500"))["items"]}
    assert ids >= {s["id"] for s in world.stories}
    for path in ("/v1/hits", "/v1/stories"):
        assert (await world.service.get(f"{path}?since=2999-01-01T00:00:00Z"))["items"] == []


async def test_the_filters_of_hits_exclude_the_others(world: World) -> None:
    """A rule or a tag without hits shows none, also where both are given and only one fits."""
    for query in ("rule=unheard-of", "tag=unheard-of", "rule=ostrich&tag=unheard-of", "rule=unheard-of&tag=birds"):
        assert (await world.service.get(f"/v1/hits?{query}"))["items"] == [], query


async def test_a_webhook_carries_story_and_rules(world: World) -> None:
    """The body has the promised keys, its id is the delivery's, and it holds to the published schema."""
    schema = await world.service.get("/openapi.json")
    post = schema["webhooks"]["hit.created"]["post"]
    shape = post["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for(shape | {"components": schema["components"]})
    for call in world.receiver.at("/desk"):
        event = call.event
        validator.validate(event)
        assert set(event) == {"type", "timestamp", "data"}
        data = event["data"]
        assert set(data) == {"id", "story", "rules"}
        assert data["id"] == call.id
        assert set(data["story"]) == {
            "id", "title", "url", "source", "published", "first_seen", "language", "snippet"
        }  # fmt: skip
        (rule,) = data["rules"]
        assert rule.keys() >= {"id", "name", "version", "score", "spans"}
        assert (rule["id"], rule["name"], rule["version"]) == ("ostrich", "Ostrich farms", 1)
    assert {c.event["data"]["story"]["id"] for c in world.receiver.at("/desk")} >= {s["id"] for s in world.stories}


async def test_a_delivery_shows_its_attempts_and_can_be_replayed(world: World) -> None:
    """A sent delivery has one good attempt; replayed, it arrives again under the same id."""
    path = f"/v1/deliveries?subscription={world.subscription['id']}&state=sent"
    delivery = (await world.service.get(path))["items"][0]
    shown = await world.service.get(f"/v1/deliveries/{delivery['id']}")
    assert [a["status"] for a in shown["attempts"]][:1] == [204]
    before = sum(c.id == delivery["id"] for c in world.receiver.at("/desk"))
    assert before >= 1
    await world.service.post(f"/v1/deliveries/{delivery['id']}:replay")

    async def again() -> bool:
        arrived = sum(c.id == delivery["id"] for c in world.receiver.at("/desk")) == before + 1
        return arrived and (await world.service.get(f"/v1/deliveries/{delivery['id']}"))["state"] == "sent"

    await eventually(again, what="the replayed delivery")
    assert (await world.service.get("/v1/deliveries?subscription=unheard-of"))["items"] == []


@pytest.mark.parametrize("same", ["id", "url"])
async def test_a_story_pushed_twice_is_one_story(world: World, same: str) -> None:
    """The same id, or the same url, again answers with the story of the first push and stores nothing."""
    first = {"id": f"twice-{same}", "url": f"https://news.example/twice/{same}", "title": "Wombat counted"}
    second = {"title": "Wombat counted again", same: first[same]}
    made, again = [await world.service.call("POST", "/v1/stories", body) for body in (first, second)]
    assert (made.status, again.status) == (201, 200)
    assert again.body == made.body == await world.service.get(f"/v1/stories/{made.body['id']}")
    stories = (await world.service.get("/v1/stories?limit=500"))["items"]
    assert sum(s["title"].startswith("Wombat counted") and s["url"] == first["url"] for s in stories) == 1


async def test_explain_says_why_a_story_matches_or_not(world: World) -> None:
    """The explanation of a hit and of a miss, each with its parts; an unknown rule or story is 404."""
    story = world.stories[0]["id"]
    hit = await world.service.get(f"/v1/stories/{story}/explain?rule=ostrich")
    assert hit["matched"] is True
    assert any(part["spans"] for part in hit["parts"])
    miss = await world.service.get(f"/v1/stories/{story}/explain?rule=kept-in-a-file")
    assert miss["matched"] is False
    assert miss["detail"]
    unknown = [f"/v1/stories/{story}/explain?rule=unheard-of", "/v1/stories/push-none/explain?rule=ostrich"]
    assert [(await world.service.call("GET", path)).status for path in unknown] == [404, 404]
    assert (await world.service.call("GET", f"/v1/stories/{story}/explain")).status == 422


async def test_a_query_can_be_checked_and_tried_without_storing_it(world: World) -> None:
    """:check tells a good query from a bad one with its places, and what it would do with a story."""
    story = {"title": "Emu race", "body": "The emu won."}
    good = await world.service.post("/v1/rules:check", {"query": "emu NOT horse", "story": story})
    assert (good["ok"], good["problems"], good["explanation"]["matched"]) == (True, [], True)
    bad = await world.service.post("/v1/rules:check", {"query": "emu AND (horse"})
    assert bad["ok"] is False
    (fault,) = bad["problems"]
    assert "emu AND (horse"[fault["start"] : fault["end"]] == "("
    assert fault["code"]
    assert fault["hint"]


async def test_what_is_rarely_meant_is_said_at_once(world: World) -> None:
    """:check and the answers to changes warn, also of a rule that says the same; listed rules carry no warnings."""
    checked = await world.service.post("/v1/rules:check", {"query": "emu OR NOT horse"})
    assert (checked["ok"], [w["code"] for w in checked["warnings"]]) == (True, ["expensive"])
    made = await world.service.post(
        "/v1/rules", {"id": "cassowary", "name": "c", "query": "cassowary AND (egg OR nest)"}
    )
    assert made["warnings"] == []
    again = await world.service.post("/v1/rules:check", {"query": "(nest OR egg) AND cassowary"})
    assert [w["code"] for w in again["warnings"]] == ["same-rule"]
    assert "cassowary" in again["warnings"][0]["detail"]
    assert (await world.service.get("/v1/rules/cassowary"))["warnings"] is None
    await world.service.call("DELETE", "/v1/rules/cassowary")


async def test_a_rule_is_versioned_and_its_hits_outlive_it(world: World) -> None:
    """PUT makes the next version, the same again does not; old versions stay readable; DELETE keeps the hits."""
    service = world.service
    await service.post("/v1/rules", {"id": "kiwi", "name": "Kiwi", "query": "kiwi AND burrow"})
    await service.post("/v1/stories", {"id": "kiwi-1", "title": "Kiwi burrow found"})
    await world.hits("kiwi", 1)
    changed = [
        await service.call("PUT", "/v1/rules/kiwi", {"name": "Kiwi", "query": "kiwi AND burrow", "severity": severity})
        for severity in ("high", "high", "low")
    ]
    assert [(c.status, c.body["version"]) for c in changed] == [(200, 2), (200, 2), (200, 3)]
    versions = [await service.get(f"/v1/rules/kiwi/versions/{n}") for n in (1, 2, 3)]
    assert [v["severity"] for v in versions] == ["normal", "high", "low"]
    assert (await service.call("GET", "/v1/rules/kiwi/versions/4")).status == 404
    assert (await world.delete("/v1/rules/kiwi")).status == 204
    (hit,) = await world.hits("kiwi", 1)
    assert hit["rule_version"] == 1
    assert (await service.get(f"/v1/hits/{hit['id']}"))["title"] == "Kiwi burrow found"


async def test_a_rule_without_an_id_gets_a_free_one(world: World) -> None:
    """Two rules of one name get two ids; a given id that is taken is 409."""
    body = {"name": "Same name", "query": "cassowary"}
    ids = [(await world.service.call("POST", "/v1/rules", body)).body["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    taken = await world.service.call("POST", "/v1/rules", body | {"id": ids[0]})
    assert (taken.status, taken.body["status"]) == (409, 409)
    assert ids[0] in taken.body["detail"]


async def test_a_rule_of_a_file_is_changed_only_there(world: World) -> None:
    """PUT, DELETE and a POST of the same id are 409; the first two name the file."""
    body = {"name": "x", "query": "quokka"}
    calls = [("PUT", "/v1/rules/kept-in-a-file", body), ("DELETE", "/v1/rules/kept-in-a-file", None),
             ("POST", "/v1/rules", body | {"id": "kept-in-a-file"})]  # fmt: skip
    answers = [await world.service.call(*call) for call in calls]
    assert [a.status for a in answers] == [409, 409, 409]
    assert all("kept.yaml" in a.body["detail"] for a in answers[:2]), answers
    shown = await world.service.get("/v1/rules/kept-in-a-file")
    assert (shown["query"], shown["file"], shown["version"]) == ("quokka AND census", "kept.yaml", 1)


@pytest.mark.parametrize("alert", [False, True])
async def test_a_new_rule_runs_over_stored_stories_if_asked(world: World, alert: bool) -> None:
    """A back-fill finds the older story; it alerts only where that was asked for too."""
    word, hook = f"numbat{int(alert)}", f"/backfill{int(alert)}"
    story = await world.service.post("/v1/stories", {"id": word, "title": f"A {word} in the garden"})
    await world.service.post("/v1/subscriptions", {
        "name": word, "channel": {"type": "webhook", "url": world.receiver.url + hook}, "rules": [word]
    })  # fmt: skip
    rule = {"id": word, "name": word, "query": word, "backfill": {"days": 1, "alert": alert}}
    await world.service.post("/v1/rules", rule)
    (hit,) = await world.hits(word, 1)
    assert (hit["story"], hit["alert"]) == (story["id"], alert)

    async def settled() -> bool:
        done = (await world.service.get(f"/v1/rules/{word}"))["backfill"]["done"]
        return done and len(world.receiver.at(hook)) == int(alert)

    await eventually(settled, what="the back-fill is done")


async def test_a_subscription_is_changed_tried_and_hurried(world: World) -> None:
    """PATCH changes what it names only; :test shows the receiver's real answer; :send-now counts what waited."""
    service, url = world.service, f"{world.receiver.url}/tried"
    made = await service.post(
        "/v1/subscriptions", {"name": "t", "channel": {"type": "webhook", "url": url}, "rules": ["none"]}
    )
    place = f"/v1/subscriptions/{made['id']}"
    changed = await service.call("PATCH", place, {"name": "renamed", "tags": ["x"]})
    assert changed.status == 200
    expected = {"name": "renamed", "tags": ["x"], "rules": ["none"], "enabled": True, "channel": made["channel"]}
    assert {k: changed.body[k] for k in expected} == expected
    world.receiver.behave["/tried"] = 418
    tried = await service.post(f"{place}:test")
    assert (tried["ok"], tried["status"]) == (False, 418)
    assert len(world.receiver.at("/tried", "test.ping")) == 1
    assert await service.post(f"{place}:send-now") == {"count": 0}


async def test_a_secret_is_shown_once(world: World) -> None:
    """The secret of creation signs, and stands in no later answer and in no line of the log."""
    service, secret = world.service, world.subscription["secret"]
    assert len(world.receiver.verified("/desk", secret)) >= 3
    id_ = world.subscription["id"]
    answers = [
        await service.call("GET", "/v1/subscriptions"),
        await service.call("GET", f"/v1/subscriptions/{id_}"),
        await service.call("PATCH", f"/v1/subscriptions/{id_}", {"name": "desk"}),
        await service.call("POST", f"/v1/subscriptions/{id_}:test"),
        await service.call("GET", f"/v1/deliveries?subscription={id_}"),
        await service.call("GET", "/metrics"),
    ]
    bare = secret.removeprefix("whsec_")
    assert [a.status for a in answers] == [200] * 6
    assert not [a for a in answers if bare in str(a.body)]
    assert not [line for line in (*service.out, *service.err) if bare in line]
    key = (service.data_dir / "admin.key").read_text().strip()
    assert not [line for line in (*service.out, *service.err) if key in line]

"""Rule files as tired people leave them, and rule changes while stories come in. One service for the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.harness.servers import Receiver
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, running, with a rules folder that holds a good rule from the start."""
    folder = tmp_path_factory.mktemp("bad-rules")
    (folder / "rules").mkdir()
    made = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    write(made, "steady.yaml", rule("steady", "steady"))
    await made.start()
    yield made
    await made.finish()


def rules(service: Service) -> Path:
    """The service's rules folder."""
    return Path(service.env["MONITOR_RULES_DIR"])


def rule(id_: str, query: str) -> str:
    """A rule file's text; its query stands in line 3, from column 8 on."""
    return f"id: {id_}\nname: {id_}\nquery: {query}\n"


def write(service: Service, name: str, text: str) -> None:
    """Write a rule file as an editor does: beside, then moved into its place."""
    target = rules(service) / name
    target.with_suffix(".tmp").write_text(text, encoding="utf-8")
    target.with_suffix(".tmp").replace(target)


async def stored(service: Service, id_: str, **wanted: object) -> dict[str, Any]:
    """The rule, as soon as its fields are as ``wanted``: within 2 s, as every change must be."""

    async def found() -> Any:
        answer = await service.call("GET", f"/v1/rules/{id_}")
        ok = answer.status == 200 and all(answer.body[k] == v for k, v in wanted.items())
        return answer.body if ok else None

    made: dict[str, Any] = await eventually(found, 4.0, f"the rule {id_} with {wanted}")
    return made


async def problems(service: Service, file: str, count: int) -> list[dict[str, Any]]:
    """The problems of a file, as soon as there are ``count``."""

    async def found() -> Any:
        items = [p for p in (await service.get("/v1/rule-files"))["items"] if p["file"] == file]
        return (items,) if len(items) == count else None

    (items,) = await eventually(found, 4.0, f"{count} problems of {file}")
    answer: list[dict[str, Any]] = items
    return answer


async def hits(service: Service, id_: str, title: str) -> list[dict[str, Any]]:
    """The hits of a rule after a story of this title was pushed in and matched."""
    await service.post("/v1/stories", {"title": f"{title} steady"})

    async def matched() -> Any:
        items = (await service.get("/v1/hits?rule=steady"))["items"]
        return any(h["title"] == f"{title} steady" for h in items)

    await eventually(matched, what="the story is matched")
    found: list[dict[str, Any]] = (await service.get(f"/v1/hits?rule={id_}"))["items"]
    return [h for h in found if h["title"] == f"{title} steady"]


BAD = {
    "query.yaml": (rule("broken-query", "Vietnam AND (arms OR"), 3, 20, "query: "),
    "yaml.yaml": ("id: x\nname: [unclosed\nquery: y\n", 3, 6, "YAML"),
    "field.yaml": ("id: x1\nname: x\nquery: y\nqeury: z\n", 4, 8, "qeury"),
    "missing.yaml": ("id: x2\nname: x\n", 1, 1, "query"),
    "words.yaml": ("just some words\n", 1, 1, "mapping"),
    "twice.yaml": ("id: x3\nname: x\nquery: y\nquery: z\n", 4, 1, "twice"),
    "nothing.yaml": ("# to be written\n", 1, 1, "no rule"),
    "taken.yaml": (rule("steady", "other"), 1, 1, "steady.yaml"),
    "aliases.yaml": ("name: &a [x, x]\nquery: [*a, *a]\nid: x4\n", 1, 7, ""),
}
"""By file name: its text; line, column and words of its first problem."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mess(service: Service) -> dict[str, dict[str, Any]]:
    """The first problem of each bad file, all of which lie in the folder from now on, beside good ones."""
    for name, (text, *_) in BAD.items():
        write(service, name, text)
    (rules(service) / "bytes.yaml").write_bytes(b"\xff\xfe\x00id: x")
    (rules(service) / "folder.yaml").mkdir()
    (rules(service) / "dangling.yaml").symlink_to("nowhere.yaml")
    write(service, "in the mess.yaml", rule("in-the-mess", "mess"))
    await stored(service, "in-the-mess", enabled=True)

    async def reported() -> Any:
        found = {p["file"]: p for p in reversed((await service.get("/v1/rule-files"))["items"])}
        return found if found.keys() >= BAD.keys() else None

    answer: dict[str, dict[str, Any]] = await eventually(reported, 4.0, "a problem of each bad file")
    return answer


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_reported_with_its_place(
    service: Service, mess: dict[str, dict[str, Any]], name: str
) -> None:
    """File, line, column and what is wrong stand in the API and in the log."""
    _, line, column, word = BAD[name]
    found = mess[name]
    assert (found["line"], found["column"]) == (line, column), found
    assert word in found["detail"], found
    place = f"{name}:{found['line']}:{found['column']}: "
    assert any(place in e.get("problem", "") for e in service.events() if e["level"] == "error")


async def test_bad_files_stop_nobody(service: Service, mess: dict[str, dict[str, Any]]) -> None:
    """Beside bytes that are no text, a folder, a link to nowhere and a dozen bad files, good rules match."""
    assert {"bytes.yaml", "folder.yaml"} <= mess.keys()
    assert len(await hits(service, "in-the-mess", "A mess")) == 1
    assert await stored(service, "steady", file="steady.yaml", version=1)
    assert (await service.call("GET", "/readyz")).status == 200
    ids = {r["id"] for r in (await service.get("/v1/rules"))["items"]}
    assert not ids & {"broken-query", "x", "x1", "x2", "x3"}


async def test_a_link_to_itself_stops_nobody(service: Service) -> None:
    """A link that leads in a circle is one more file that cannot be read; the others go on."""
    path = rules(service) / "loop.yaml"
    path.symlink_to(path.name)
    try:
        write(service, "beside a loop.yaml", rule("beside-a-loop", "loop"))
        await stored(service, "beside-a-loop", enabled=True)
    finally:
        path.unlink()


async def test_the_last_good_version_stays_active_until_the_file_is_mended(service: Service) -> None:
    """A typo in an edit does not switch the rule off; the mended file is the next version."""
    write(service, "edited.yaml", rule("edited", "fjord"))
    await stored(service, "edited", version=1, enabled=True)
    write(service, "edited.yaml", rule("edited", "fjord AND ("))
    (problem,) = await problems(service, "edited.yaml", 1)
    assert (problem["line"], problem["column"]) >= (3, 8), problem
    (hit,) = await hits(service, "edited", "Fjord one")
    assert hit["rule_version"] == 1
    write(service, "edited.yaml", rule("edited", "inlet"))
    await problems(service, "edited.yaml", 0)
    await stored(service, "edited", version=2, query="inlet")
    assert await hits(service, "edited", "Fjord two") == []
    (hit,) = await hits(service, "edited", "Inlet three")
    assert hit["rule_version"] == 2


async def test_a_deleted_file_switches_its_rule_off_and_keeps_its_hits(service: Service) -> None:
    """The rule stays to be seen, disabled, and so do its hits; the file put back switches it on again."""
    write(service, "deleted.yaml", rule("deleted", "geyser"))
    await stored(service, "deleted", enabled=True)
    assert len(await hits(service, "deleted", "Geyser one")) == 1
    (rules(service) / "deleted.yaml").unlink()
    await stored(service, "deleted", enabled=False)
    assert await hits(service, "deleted", "Geyser two") == []
    assert [h["title"] for h in (await service.get("/v1/hits?rule=deleted"))["items"]] == ["Geyser one steady"]
    write(service, "deleted.yaml", rule("deleted", "geyser"))
    await stored(service, "deleted", enabled=True, file="deleted.yaml")
    assert len(await hits(service, "deleted", "Geyser three")) == 1


async def test_a_rules_folder_that_vanishes_changes_nothing(service: Service) -> None:
    """A volume that is not mounted for a moment switches no rule off, and is named as the problem."""
    folder = rules(service)
    aside = folder.with_name("aside")
    folder.rename(aside)
    try:
        await problems(service, str(folder), 1)
        assert len(await hits(service, "steady", "No folder")) == 1
    finally:
        aside.rename(folder)
    await problems(service, str(folder), 0)
    assert (await stored(service, "steady"))["version"] == 1


async def test_a_rule_of_a_file_is_not_changed_over_the_api(service: Service) -> None:
    """PUT, DELETE and POST of its id answer 409 and name the file; the rule stays as it is."""
    before = await stored(service, "steady")
    body = {"name": "mine now", "query": "other"}
    for method, path, sent in (
        ("PUT", "/v1/rules/steady", body),
        ("DELETE", "/v1/rules/steady", None),
        ("POST", "/v1/rules", {"id": "steady", **body}),
    ):
        answer = await service.call(method, path, sent)
        assert answer.status == 409, (method, answer)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "steady" in answer.body["detail"]
        if method != "POST":
            assert "steady.yaml" in answer.body["detail"]
    assert await stored(service, "steady") == before


async def test_a_story_right_after_a_rule_change_is_matched_by_the_new_version(service: Service) -> None:
    """From the answer to PUT on, the old version matches nothing any more and the new one everything."""
    await service.post("/v1/rules", {"id": "moving", "name": "moving", "query": "lagoon0"})
    for number in range(1, 6):
        answer = await service.call("PUT", "/v1/rules/moving", {"name": "moving", "query": f"lagoon{number}"})
        assert (answer.status, answer.body["version"]) == (200, number + 1)
        await service.post("/v1/stories", {"title": f"Old lagoon{number - 1} {number}"})
        (hit,) = await hits(service, "moving", f"New lagoon{number}")
        assert hit["rule_version"] == number + 1
    titles = [h["title"] for h in (await service.get("/v1/hits?rule=moving"))["items"]]
    assert titles == [f"New lagoon{number} steady" for number in range(5, 0, -1)]


async def test_a_rule_that_was_switched_off_or_deleted_alerts_no_more(service: Service) -> None:
    """The switch counts from the answer on; hits of before stay."""
    receiver = Receiver()
    await receiver.start()
    try:
        channel = {"type": "webhook", "url": f"{receiver.url}/off"}
        await service.post("/v1/rules", {"id": "switch", "name": "switch", "query": "delta"})
        await service.post("/v1/subscriptions", {"name": "off", "channel": channel, "rules": ["switch", "steady"]})
        await service.call("PUT", "/v1/rules/switch", {"name": "switch", "query": "delta", "enabled": False})
        assert await hits(service, "switch", "Delta one") == []
        await service.call("PUT", "/v1/rules/switch", {"name": "switch", "query": "delta"})
        assert len(await hits(service, "switch", "Delta two")) == 1

        async def told() -> bool:
            return len(receiver.at("/off")) == 2

        await eventually(told, what="both alerts")
        named = {e.event["data"]["story"]["title"]: len(e.event["data"]["rules"]) for e in receiver.at("/off")}
        assert named == {"Delta one steady": 1, "Delta two steady": 2}
    finally:
        await receiver.stop()

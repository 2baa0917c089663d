"""Rules of plain words in the running service, over the API and the command line."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.test_cli import lines, monitor, said
from tests.harness.service import Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORDING = {"layoffs": {"add": ["furlough"], "strike": ["redundancies"]}}
STORIES = [
    {"id": "cuts", "title": "Nokia cuts jobs", "body": "Nokia will lay off 300 people in Oulu.", "language": "en"},
    {"id": "furlough", "title": "Nokia plans furlough", "body": "It begins in May.", "language": "en"},
    {"id": "struck", "title": "Nokia plans redundancies", "body": "They begin in May.", "language": "en"},
    {"id": "other", "title": "Airbus announces layoffs", "body": "500 people have to go.", "language": "en"},
    {"id": "german", "title": "Nokia streicht Stellen", "body": "300 Leute müssen gehen.", "language": "de"},
]

IDS: dict[str, str] = {}
"""The ids that the service gave the stories."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service with rules of plain words at three levels, and the stories pushed in."""
    folder = tmp_path_factory.mktemp("topics")
    (folder / "rules").mkdir()
    made = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    try:
        await made.start()
        for level in ("strict", "normal", "broad"):
            body = {"id": level, "name": level, "query": "Nokia layoffs", "wording": WORDING, "strictness": level}
            answer = await made.post("/v1/rules", body)
            assert (answer["wording"], answer["strictness"], answer["version"]) == (WORDING, level, 1)
        for story in STORIES:
            IDS[story["id"]] = (await made.post("/v1/stories", story))["id"]
        yield made
    finally:
        await made.finish()


async def cli(service: Service, *args: object) -> subprocess.CompletedProcess[bytes]:
    """A command on the service's data dir."""
    env = {"MONITOR_DATA_DIR": str(service.data_dir), "MONITOR_RULES_DIR": service.env["MONITOR_RULES_DIR"]}
    return await asyncio.to_thread(monitor, *args, env=env)


async def hits(service: Service, rule: str) -> dict[str, dict[str, Any]]:
    """The hits of a rule by story, once the last story has been matched."""

    async def all_matched() -> bool:
        found = (await service.get("/v1/hits?rule=broad"))["items"]
        return {IDS["german"], IDS["cuts"]} <= {hit["story"] for hit in found}

    await eventually(all_matched, what="the stories are matched")
    known = {stored: given for given, stored in IDS.items()}
    found = {known.get(hit["story"]): hit for hit in (await service.get(f"/v1/hits?rule={rule}"))["items"]}
    return {given: hit for given, hit in found.items() if given is not None}


def words(hit: dict[str, Any]) -> set[str]:
    """The words that a hit's spans cut out of its story."""
    story = next(story for story in STORIES if IDS[story["id"]] == hit["story"])
    return {story[span["field"]][span["start"] : span["end"]].lower() for span in hit["spans"]}


async def test_stories_are_found_with_scores_and_spans(service: Service) -> None:
    """By synonyms, by what the user added, in German too; not by what was struck, nor of another company."""
    found = await hits(service, "normal")
    assert set(found) == {"cuts", "furlough", "german"}
    for hit in found.values():
        assert 0 < hit["score"] <= 1
        assert "nokia" in words(hit)
    assert {"cuts jobs", "lay off"} <= words(found["cuts"])
    assert "furlough" in words(found["furlough"])
    strict, broad = await hits(service, "strict"), await hits(service, "broad")
    assert set(strict) <= set(found) <= set(broad)
    for level in (strict, broad):
        assert {s: level[s]["score"] for s in level if s in found} == {
            s: found[s]["score"] for s in level if s in found
        }


async def test_explain_says_the_score_and_the_parts(service: Service) -> None:
    """A hit has the score that it was stored with; a miss names what was missing."""
    stored = (await hits(service, "normal"))["cuts"]
    why = await service.get(f"/v1/stories/{IDS['cuts']}/explain?rule=normal")
    assert (why["kind"], why["matched"], why["score"]) == ("topic", True, stored["score"])
    assert [(p["query"], p["kind"]) for p in why["parts"]] == [("Nokia", "name"), ("layoffs", "concept")]
    assert all(part["weight"] > 0 and 0 < part["score"] <= 1 for part in why["parts"])
    for story, missing in (("other", "missing: Nokia"), ("struck", "missing: layoffs")):
        why = await service.get(f"/v1/stories/{IDS[story]}/explain?rule=normal")
        assert not why["matched"]
        assert missing in why["detail"]


async def test_check_tells_what_was_understood(service: Service) -> None:
    """Language, parts with their ways, and a Boolean rule that is accepted; nothing of it for a Boolean query."""
    body = {
        "query": "Vietnam arms procurement",
        "wording": {"arms": {"add": ["coastal battery"], "strike": ["missile"]}},
    }
    answer = await service.post("/v1/rules:check", body)
    assert (answer["ok"], answer["problems"]) == (True, [])
    understood = answer["understood"]
    assert understood["language"] == "en"
    assert [(p["words"], p["kind"]) for p in understood["parts"]] == [
        ("Vietnam", "place"), ("arms", "concept"), ("procurement", "concept")
    ]  # fmt: skip
    arms = understood["parts"][1]
    ways = {way["text"]: way["weight"] for way in arms["terms"]}
    assert ways["arms"] == ways["coastal battery"] == 1
    assert "missile" not in ways
    assert arms["struck"] == ["missile"]
    assert arms["means"]
    close = await service.post("/v1/rules:check", {"query": understood["boolean"]})
    assert close["ok"]
    assert close["understood"] is None


async def test_check_explains_with_wording_and_strictness(service: Service) -> None:
    """A story beside the query is judged by what is asked, and nothing is stored."""
    story = {"title": "Nokia plans furlough", "body": "", "language": "en"}
    for wording, matched in (({}, False), (WORDING, True)):
        body = {"query": "Nokia layoffs", "wording": wording, "strictness": "broad", "story": story}
        assert (await service.post("/v1/rules:check", body))["explanation"]["matched"] is matched
    assert {rule["id"] for rule in (await service.get("/v1/rules"))["items"]} >= {"strict", "normal", "broad"}


@pytest.mark.parametrize(
    ("query", "wording", "told"),
    [
        ("Nokia layoffs", {"merger": {"add": ["x"]}}, "Nokia, layoffs"),
        ("Nokia AND layoffs", {"Nokia": {"add": ["HMD"]}}, "operators"),
        ("Nokia layoffs", {"layoffs": {"say": ["x"]}}, "say"),
    ],
)
async def test_wording_that_does_not_fit_is_refused(service: Service, query: str, wording: Any, told: str) -> None:
    """422, with the parts that there are; a check says the same without being an error, where it can be read."""
    answer = await service.call("POST", "/v1/rules", {"id": "bad", "name": "Bad", "query": query, "wording": wording})
    assert answer.status == 422
    assert told in json.dumps(answer.body)
    assert (await service.call("GET", "/v1/rules/bad")).status == 404
    checked = await service.call("POST", "/v1/rules:check", {"query": query, "wording": wording})
    assert told in json.dumps(checked.body)
    assert checked.status == 422 or not checked.body["ok"]


async def test_a_changed_wording_is_the_next_version(service: Service) -> None:
    """A PUT with other wording makes one, as any change does, and stories that come then are matched by it."""
    body = {"name": "Changing", "query": "Boeing layoffs"}
    assert (await service.post("/v1/rules", body | {"id": "changing"}))["version"] == 1
    answer = await service.call("PUT", "/v1/rules/changing", body | {"wording": {"Boeing": {"add": ["planemaker"]}}})
    assert (answer.status, answer.body["version"]) == (200, 2)
    story = await service.post("/v1/stories", {"title": "Planemaker announces layoffs", "language": "en"})

    async def matched() -> Any:
        return (await service.get("/v1/hits?rule=changing"))["items"]

    (hit,) = await eventually(matched)
    assert (hit["story"], hit["rule_version"]) == (story["id"], 2)


# ── the command line ──


async def test_rules_understand_prints_what_was_understood(service: Service, tmp_path: Path) -> None:
    """For words or a rule file, for people or as JSON; a Boolean rule is refused."""
    done = await cli(service, "rules", "understand", "Vietnam arms procurement", "--json")
    assert done.returncode == 0, said(done)
    found = json.loads(done.stdout)
    assert [(p["words"], p["kind"]) for p in found["parts"]] == [
        ("Vietnam", "place"), ("arms", "concept"), ("procurement", "concept")
    ]  # fmt: skip
    assert found["boolean"].startswith('place:"Vietnam" AND (')
    rule = tmp_path / "rule.yaml"
    rule.write_text("id: nokia\nquery: Nokia layoffs\nwording: {layoffs: {add: [furlough], strike: [redundancies]}}\n")
    done = await cli(service, "rules", "understand", rule)
    assert done.returncode == 0, said(done)
    for text in ("Nokia: name", "layoffs: concept", "furlough", "struck: redundancies"):
        assert text in done.stdout.decode()
    assert (await cli(service, "rules", "understand", "Vietnam AND arms")).returncode == 1


async def test_rules_add_says_and_strikes(service: Service) -> None:
    """``--say``, ``--strike`` and ``--strictness`` are stored; what does not fit is refused."""
    args = ("--say", "layoffs=furlough", "--say", "Nokia=HMD", "--strike", "layoffs=redundancies")
    done = await cli(service, "rules", "add", "added", "Nokia layoffs", *args, "--strictness", "strict")
    assert done.returncode == 0, said(done)
    rule = await service.get("/v1/rules/added")
    assert rule["strictness"] == "strict"
    assert rule["wording"] == {
        "layoffs": {"add": ["furlough"], "strike": ["redundancies"]}, "Nokia": {"add": ["HMD"], "strike": []}
    }  # fmt: skip
    for wrong in (("--say", "merger=x"), ("--say", "layoffs"), ("--strictness", "severe"), ("--strike", "=x")):
        done = await cli(service, "rules", "add", "wrong", "Nokia layoffs", *wrong)
        assert done.returncode in (1, 2), wrong
        assert done.stderr
    assert (await service.call("GET", "/v1/rules/wrong")).status == 404


async def test_explain_exits_by_what_it_found(service: Service, tmp_path: Path) -> None:
    """0 for a hit, 1 for a miss, by ids and by files, with the score in JSON."""
    await hits(service, "normal")
    done = await cli(service, "explain", "normal", IDS["cuts"], "--json")
    assert done.returncode == 0, said(done)
    assert json.loads(done.stdout)["score"] == (await hits(service, "normal"))["cuts"]["score"]
    missed = await cli(service, "explain", "normal", IDS["other"])
    assert missed.returncode == 1
    assert "missing: Nokia" in missed.stdout.decode()
    rule, story = tmp_path / "rule.yaml", tmp_path / "story.txt"
    rule.write_text("id: nokia\nquery: Nokia layoffs\n")
    for title, code in (("Nokia announces layoffs", 0), ("Airbus announces layoffs", 1)):
        story.write_text(f"{title}\n\nThe news came on Monday.\n")
        assert (await cli(service, "explain", rule, story)).returncode == code


async def test_match_has_the_same_scores_as_the_service(service: Service, tmp_path: Path) -> None:
    """`monitor match` with the rule in a folder that has a wording of its own finds what the service found."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "nokia.yaml").write_text("id: nokia\nquery: Nokia layoffs\n")
    (folder / "wording.yaml").write_text(json.dumps(WORDING))
    data = "".join(json.dumps(story) + "\n" for story in STORIES)
    done = await asyncio.to_thread(monitor, "match", "--rules", folder, stdin=data)
    assert done.returncode == 0, said(done)
    expected = {story: hit["score"] for story, hit in (await hits(service, "normal")).items()}
    assert {hit["story"]: hit["score"] for hit in lines(done)} == expected
    (folder / "wording.yaml").write_text("layoffs: furlough\n")
    done = await asyncio.to_thread(monitor, "match", "--rules", folder, stdin=data)
    assert done.returncode == 2
    assert "wording.yaml" in said(done)


async def test_a_folders_wording_holds_in_the_service(service: Service) -> None:
    """It is taken over by file rules and by rules of the API; a faulty one is among the problems and refuses these."""
    folder = Path(service.env["MONITOR_RULES_DIR"])
    (folder / "swift.yaml").write_text("id: swift\nquery: Taylor Swift wedding\n")
    (folder / "wording.yaml").write_text("wedding: {add: [handfasting]}\n")
    wanted = {"wedding": {"add": ["handfasting"], "strike": []}}
    try:

        async def taken_over() -> bool:
            answer = await service.call("GET", "/v1/rules/swift")
            return answer.status == 200 and answer.body["wording"] == wanted

        await eventually(taken_over)
        assert (await service.post("/v1/rules", {"id": "api", "name": "A", "query": "Putin wedding"}))[
            "wording"
        ] == wanted
        (folder / "wording.yaml").write_text("wedding: handfasting\n")

        async def problems() -> Any:
            return [p for p in (await service.get("/v1/rule-files"))["items"] if p["file"] == "wording.yaml"]

        (problem,) = await eventually(problems)
        assert problem["code"] == "wording"
        assert (await service.get("/v1/rules/swift"))["wording"] == wanted
        refused = await service.call("POST", "/v1/rules", {"id": "late", "name": "L", "query": "Putin wedding"})
        assert refused.status == 422
        assert "wording.yaml" in json.dumps(refused.body)
    finally:
        (folder / "wording.yaml").unlink()

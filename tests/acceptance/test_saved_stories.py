"""Stories saved as tests of rules: over the API and on the command line, beside a running service."""

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
from tests.harness.service import Answer, Service, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT = "id: kept\nquery: quokka\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The service, with one rule of a file."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "rules" / "zoo").mkdir(parents=True)
    (folder / "rules" / "zoo" / "kept.yaml").write_text(KEPT)
    service = Service(folder / "data", env={"MONITOR_RULES_DIR": str(folder / "rules")})
    try:
        yield await service.start()
    finally:
        await service.finish()


def rules(service: Service) -> Path:
    """The rules folder."""
    return Path(service.env["MONITOR_RULES_DIR"])


async def cli(service: Service, *args: object) -> subprocess.CompletedProcess[bytes]:
    """A command beside the running service."""
    env = service.env | {"MONITOR_DATA_DIR": str(service.data_dir)}
    return await asyncio.to_thread(monitor, *args, env=env)


async def story(service: Service, title: str) -> str:
    """The id of a story that was pushed in."""
    body = "Line: one\n\n  and “two” 🦘"
    return str(
        (await service.post("/v1/stories", {"title": title, "body": body, "url": f"https://a.example/{title}"}))["id"]
    )


async def save(service: Service, rule: str, id_: str, expect: str) -> Answer:
    """The answer to a story saved over the API."""
    return await service.call("POST", f"/v1/rules/{rule}:save-story", {"story": id_, "expect": expect})


async def test_a_story_is_saved_over_the_api(service: Service) -> None:
    """Beside the file of its rule; the answer tells where, and what the rule does with it now."""
    id_ = await story(service, "Quokka")
    answer = await save(service, "kept", id_, "miss")
    assert answer.status == 201, answer
    assert answer.body == {"path": f"zoo/fixtures/kept/{id_}.yaml", "expect": "miss", "got": "hit"}
    again = await save(service, "kept", id_, "hit")
    assert (again.status, again.body["path"]) == (201, answer.body["path"])
    checked = await cli(service, "check", "--json", rules(service) / "zoo")
    assert checked.returncode == 0, said(checked)
    (row,) = [r for r in lines(checked) if r["rule"] == "kept"]
    assert (row["story"], row["expected"], row["got"], row["why"]) == (id_, "hit", "hit", "matched: Quokka")
    stored = await service.get(f"/v1/stories/{id_}")
    explained = await cli(service, "explain", "--json", "kept", rules(service) / answer.body["path"])
    assert lines(explained)[0]["matched"]
    text = (rules(service) / answer.body["path"]).read_text(encoding="utf-8")
    assert all(f"  {line}\n" in text for line in stored["body"].split("\n") if line)


async def test_what_is_not_there_is_not_saved(service: Service) -> None:
    """404 for a rule or a story that is not stored, 422 for an expectation that is none; nothing is written."""
    id_ = await story(service, "Nothing")
    before = sorted(rules(service).rglob("*"))
    answers = [
        await save(service, "unheard-of", id_, "hit"),
        await save(service, "kept", "push-unheard-of", "hit"),
        await save(service, "kept", id_, "maybe"),
    ]
    assert [a.status for a in answers] == [404, 404, 422]
    assert {a.headers["Content-Type"] for a in answers} == {"application/problem+json"}
    for args in (
        ("unheard-of", id_, "--expect", "hit"),
        ("kept", "gone", "--expect", "hit"),
        ("kept", id_, "--expect", "x"),
    ):
        done = await cli(service, "rules", "save-story", *args)
        assert (done.returncode, done.stdout) == (1, b""), said(done)
    assert sorted(rules(service).rglob("*")) == before


async def test_a_folder_that_cannot_be_written_is_told(service: Service) -> None:
    """422 with the path, the reason and the command that helps; exit 2 on the command line."""
    await service.post("/v1/rules", {"id": "walled", "name": "Walled", "query": "wall"})
    (rules(service) / "fixtures").mkdir(exist_ok=True)
    (rules(service) / "fixtures" / "walled").write_text("in the way")
    id_ = await story(service, "Wall")
    answer = await save(service, "walled", id_, "hit")
    assert answer.status == 422, answer
    (fault,) = answer.body["errors"]
    assert fault["pointer"] == "/story"
    assert f"fixtures/walled/{id_}.yaml" in fault["detail"]
    assert "monitor rules save-story walled" in fault["detail"]
    done = await cli(service, "rules", "save-story", "walled", id_, "--expect", "hit")
    assert (done.returncode, "cannot be saved" in said(done)) == (2, True)
    assert (await service.get("/v1/rules/walled"))["version"] == 1


async def test_a_change_that_breaks_a_saved_story_is_refused(service: Service) -> None:
    """409 with each failing story; the rule stays in force, until force says otherwise; so for a new rule of the id."""
    await service.post("/v1/rules", {"id": "bilby", "name": "Bilby", "query": "bilby"})
    id_ = await story(service, "Bilby")
    done = await cli(service, "rules", "save-story", "bilby", id_, "--expect", "hit", "--json")
    assert lines(done) == [
        {"path": f"fixtures/bilby/{id_}.yaml", "expect": "hit", "got": "hit", "why": "matched: Bilby"}
    ]
    body = {"name": "Bilby", "query": "wombat"}
    refused = await service.call("PUT", "/v1/rules/bilby", body)
    assert (refused.status, refused.headers["Content-Type"]) == (409, "application/problem+json")
    (fault,) = refused.body["errors"]
    assert (fault["pointer"], fault["code"]) == ("/query", "fixture-failed")
    assert fault["detail"].startswith(f"{id_}: expected hit, got miss: ")
    assert (await service.get("/v1/rules/bilby"))["version"] == 1
    assert (await service.call("PUT", "/v1/rules/bilby?forced=true", body)).status == 422
    assert (await service.call("PUT", "/v1/rules/bilby", {"name": "B", "query": "bilby OR wombat"})).body[
        "version"
    ] == 2
    forced = await service.call("PUT", "/v1/rules/bilby?force=true", body)
    assert (forced.status, forced.body["version"]) == (200, 3)
    await service.call("DELETE", "/v1/rules/bilby")
    for sent in ({"id": "bilby", **body}, body):  # the second gets the id from its name
        answer = await service.call("POST", "/v1/rules", sent)
        assert (answer.status, answer.body["errors"][0]["code"]) == (409, "fixture-failed")
    added = await cli(service, "rules", "add", "bilby", "wombat")
    assert (added.returncode, id_ in said(added)) == (1, True)
    assert (await service.call("GET", "/v1/rules/bilby")).status == 404
    added = await cli(service, "rules", "add", "bilby", "wombat", "--force")
    assert added.returncode == 0, said(added)
    assert (await service.get("/v1/rules/bilby"))["query"] == "wombat"


async def test_a_file_that_fails_its_tests_is_held_back_until_it_is_forced(service: Service) -> None:
    """The service names rule, story and remedy; forced, the rule is in force within seconds, without a restart."""
    path = rules(service) / "numbat.yaml"
    path.write_text("id: numbat\nquery: numbat\n")

    async def query() -> str | None:
        answer = await service.call("GET", "/v1/rules/numbat")
        return answer.body["query"] if answer.status == 200 else None

    async def is_now(wanted: str) -> None:
        async def so() -> bool:
            return await query() == wanted

        await eventually(so, 5.0, f"the rule is {wanted}")

    await is_now("numbat")
    nothing = await cli(service, "rules", "force", "numbat")
    assert (nothing.returncode, b"nothing holds" in nothing.stdout) == (1, True)
    test = "tests:\n- {story: {title: A numbat}, expect: hit}\n"
    path.write_text(f"id: numbat\nquery: echidna\n{test}")

    async def problem() -> Any:
        found = (await service.get("/v1/rule-files"))["items"]
        return [p for p in found if p["file"] == "numbat.yaml"]

    (found,) = await eventually(problem, 5.0, "the problem is shown")
    assert (found["code"], found["line"]) == ("test-failed", 1)
    assert "test 1: A numbat: expected hit, got miss" in found["detail"]
    assert "monitor rules force numbat" in found["hint"]
    assert await query() == "numbat"
    forced = await cli(service, "rules", "force", "numbat")
    assert forced.returncode == 0, said(forced)
    await is_now("echidna")
    assert await problem() == []
    told = [e for e in service.events() if "numbat.yaml" in e.get("problem", "")]
    assert len(told) == 1
    again = await cli(service, "rules", "force", "numbat")
    assert (again.returncode, b"it is in force" in again.stdout) == (1, True)
    unknown = await cli(service, "rules", "force", "unheard-of")
    assert (unknown.returncode, "unheard-of" in said(unknown)) == (1, True)


# ── check, without a service ──


def saved(folder: Path, rule: str, name: str, /, **fields: str) -> None:
    """A saved story, written by hand."""
    path = folder / "fixtures" / rule / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{k}: {json.dumps(v)}\n" for k, v in fields.items()))


async def test_check_runs_saved_stories(tmp_path: Path) -> None:
    """Failures and files that are no good make exit 1; the table says why; folders of other rules are only noted."""
    (tmp_path / "r.yaml").write_text(KEPT)
    saved(tmp_path, "kept", "good", rule="kept", expect="hit", title="A quokka", body="Quokkas.")
    saved(tmp_path, "of-the-api", "other", rule="of-the-api", expect="hit", title="x")
    done = await asyncio.to_thread(monitor, "check", tmp_path)
    assert done.returncode == 0, said(done)
    assert "matched: quokka" in done.stdout.decode()
    assert said(done).count("note: fixtures/of-the-api: ") == 1
    saved(tmp_path, "kept", "bad", rule="kept", expect="miss", title="A quokka")
    saved(tmp_path, "kept", "moved", rule="coati", expect="hit", title="A quokka")
    done = await asyncio.to_thread(monitor, "check", "--json", tmp_path / "r.yaml")
    assert (done.returncode, done.stderr) == (1, b"")
    assert [(r["story"], r["got"], r["passed"]) for r in lines(done)] == [
        ("bad", "hit", False),
        ("good", "hit", True),
        ("moved", "error", False),
    ]

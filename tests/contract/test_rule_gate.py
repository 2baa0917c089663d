"""A rule whose tests fail does not take effect, until they hold or someone forces it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.errors import Conflict, FixtureFailed
from monitor.model.rule import Rule, RuleSpec
from monitor.model.story import Story
from monitor.rulebook import gate
from monitor.rulebook.fixtures import write_fixture
from monitor.rulebook.gate import BREATH, Gate, spec_digest
from monitor.rulebook.load import load_path
from monitor.rulebook.sync import SyncReport
from monitor.store.store import Store
from tests.contract.test_rule_files import AT, Folder

STORY = Story(
    "push-1", "push", "A ferry", "It sailed.", None, None, None, None, (), None, AT, backfill=False, link_key=None,
    text_key="",
)  # fmt: skip


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Folder:
    """An empty rules folder."""
    return Folder(tmp_path / "rules", store.config)


def with_test(query: str, expect: str = "hit", title: str = "A ferry", id_: str = "ferries") -> str:
    """A rule with one test of its own."""
    return f"- id: {id_}\n  query: {query}\n  tests: [{{story: {{title: {title}}}, expect: {expect}}}]\n"


async def held(folder: Folder) -> list[str]:
    """Where the rules are that the last turn held back."""
    return [f"{p.file}:{p.line}" for p in (await folder.sync()).problems if p.code == "test-failed"]


async def force(folder: Folder, id_: str = "ferries") -> None:
    """What `monitor rules force` writes."""
    (rule,) = [r for r in load_path(folder.path).rules if r.spec.id == id_]
    await folder.config.approve(id_, spec_digest(rule.spec))


async def test_a_rule_that_fails_its_own_test_changes_nothing(folder: Folder) -> None:
    """What was in force stays, the other rules of the file are taken over, and the problem says what to do; once."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    folder.write("a.yaml", text="- id: boats\n  query: boat\n" + with_test("yacht"))
    with capture_logs() as logs:
        report = await folder.sync()
        assert await folder.sync() == SyncReport(0, report.problems)
    (problem,) = report.problems
    assert (problem.file, problem.line, problem.code) == ("a.yaml", 3, "test-failed")
    assert "test 1: A ferry: expected hit, got miss" in problem.detail
    assert "monitor rules force ferries" in problem.hint
    assert [e["problem"] for e in logs if e["log_level"] == "error"] == [str(problem)]
    assert await folder.active() == {"ferries": "ferry", "boats": "boat"}
    folder.write("a.yaml", text=with_test("yacht OR ferry"))
    assert (await folder.sync()).problems == ()
    assert await folder.active() == {"ferries": "yacht OR ferry"}


async def test_a_new_rule_that_fails_is_not_there(folder: Folder) -> None:
    """Also at the first start, and after a restart."""
    folder.write("a.yaml", text=with_test("yacht"))
    for syncer in (folder.files, folder.syncer()):
        assert [p.code for p in (await syncer.sync()).problems] == ["test-failed"]
        assert await folder.active() == {}


@pytest.mark.parametrize("mend", ["edited", "deleted"])
async def test_a_saved_story_holds_a_change_back_until_it_is_mended(folder: Folder, mend: str) -> None:
    """The rule's file need not be touched for that."""
    folder.write("sea/a.yaml", "ferries: ferry")
    await folder.sync()
    path = write_fixture(folder.path / "sea", "ferries", STORY, "hit", AT)
    folder.write("sea/a.yaml", "ferries: yacht")
    assert await held(folder) == ["sea/a.yaml:1"]
    assert await folder.active() == {"ferries": "ferry"}
    if mend == "edited":
        write_fixture(folder.path / "sea", "ferries", STORY, "miss", AT)
    else:
        path.unlink()
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {"ferries": "yacht"}


async def test_a_story_that_a_test_names_is_watched(folder: Folder) -> None:
    """A rule held back by a story file that is missing is taken over when the file is there."""
    folder.write("a.yaml", text="id: ferries\nquery: ferry\ntests: [{story: one.txt, expect: hit}]\n")
    assert await held(folder) == ["a.yaml:1"]
    (folder.path / "one.txt").write_text("A ferry\n")
    assert await folder.sync() == SyncReport(1, ())


async def test_a_broken_saved_story_holds_a_change_back(folder: Folder) -> None:
    """A test that cannot be run is no test that holds."""
    write_fixture(folder.path, "ferries", STORY, "hit", AT).write_text("rule: [\n")
    folder.write("a.yaml", "ferries: ferry")
    (problem,) = (await folder.sync()).problems
    assert "push-1: expected hit or miss, got error" in problem.detail


async def test_a_story_saved_beside_a_rule_in_force_changes_nothing(folder: Folder) -> None:
    """The rule stays on though it fails the story, after a restart too, and when its file is only renamed."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    write_fixture(folder.path, "ferries", STORY, "miss", AT)
    assert await folder.sync() == SyncReport(0, ())
    assert await folder.syncer().sync() == SyncReport(0, ())
    (folder.path / "a.yaml").rename(folder.path / "b.yaml")
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {"ferries": "ferry"}


async def test_a_rule_can_be_switched_off_whatever_its_tests_say(folder: Folder) -> None:
    """What matches nothing has nothing to pass; switched on again, it has."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    folder.write("a.yaml", text=with_test("yacht") + "  enabled: false\n")
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {}
    folder.write("a.yaml", text=with_test("yacht"))
    assert await held(folder) == ["a.yaml:1"]


async def test_a_change_taken_back_is_no_problem_any_more(folder: Folder) -> None:
    """The file says again what is in force; stories that are saved from then on are nothing to look at."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    folder.write("a.yaml", text=with_test("yacht"))
    assert await held(folder) == ["a.yaml:1"]
    folder.write("a.yaml", "ferries: ferry")
    assert await folder.sync() == SyncReport(0, ())
    write_fixture(folder.path, "ferries", STORY, "hit", AT)
    assert not await folder.files._gate.stirred()


# ── force ──


async def test_a_forced_rule_is_taken_over_once(folder: Folder) -> None:
    """Without any change of a file; the next change is held back again, and the approval is used up."""
    folder.write("a.yaml", text=with_test("yacht"))
    assert await held(folder) == ["a.yaml:1"]
    await force(folder)
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {"ferries": "yacht"}
    assert await folder.config.approvals() == {}
    folder.write("a.yaml", text=with_test("barge"))
    assert await held(folder) == ["a.yaml:1"]
    folder.write("a.yaml", text=with_test("yacht"))
    assert await folder.sync() == SyncReport(0, ())


async def test_an_approval_is_of_what_was_seen(folder: Folder) -> None:
    """A rule edited after it was approved is held back; the approval before the first look counts."""
    folder.write("a.yaml", text=with_test("yacht"))
    await force(folder)
    folder.write("a.yaml", text=with_test("barge"))
    assert await held(folder) == ["a.yaml:1"]
    folder.write("a.yaml", text=with_test("yacht"))
    assert await folder.sync() == SyncReport(1, ())


def test_an_approval_depends_on_every_field() -> None:
    """Two specs that differ in anything have two digests."""
    spec = RuleSpec("a", "A", "a")
    others = [replace(spec, query="b"), replace(spec, tags=("x",)), replace(spec, expires=1), replace(spec, name="B")]
    assert len({spec_digest(s) for s in (spec, *others)}) == 5
    assert spec_digest(spec) == spec_digest(RuleSpec("a", "A", "a"))


async def test_a_forced_rule_meets_the_apis_rule(folder: Folder) -> None:
    """Tests are one thing, who owns the id is another: it is a conflict, and the approval waits for its end."""
    await folder.config.put_rule(RuleSpec("ferries", "Ours", "ferry"), None, AT)
    folder.write("a.yaml", text=with_test("yacht"))
    await force(folder)
    assert [p.code for p in (await folder.sync()).problems] == ["conflict"]
    await folder.config.remove_rule("ferries")
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.config.approvals() == {}


# ── how often, and beside what ──


class Counting(Gate):
    """A gate that notes which rules it tests."""

    tried: list[str]

    async def _try(self, name: str, rule: gate.LoadedRule) -> gate.FileProblem | None:
        self.tried.append(rule.spec.id)
        return await super()._try(name, rule)


async def test_tests_are_run_only_when_something_changed(folder: Folder) -> None:
    """Not of rules in force, not each second for held ones or for those in conflict, and not for another's change."""
    counting = Counting(folder.config)
    counting.tried = []
    folder.files._gate = counting
    await folder.config.put_rule(RuleSpec("taken", "Ours", "ferry"), None, AT)
    folder.write("a.yaml", text=with_test("ferry") + with_test("yacht", id_="yachts") + with_test("ferry", id_="taken"))
    await folder.sync()
    assert sorted(counting.tried) == ["ferries", "taken", "yachts"]
    for _ in range(3):
        await folder.sync()
    folder.write("b.yaml", "other: other")
    await folder.sync()
    assert sorted(counting.tried) == ["ferries", "other", "taken", "yachts"]
    os.utime(folder.path / "a.yaml", ns=(1, 1))  # a file touched is read again; its rules are the same
    await folder.sync()
    assert sorted(counting.tried) == ["ferries", "other", "taken", "yachts"]


async def test_many_tests_leave_the_loop_to_others(folder: Folder) -> None:
    """Others get a turn after every so many tests, counted over all rules."""
    folder.write("a.yaml", text="".join(with_test("ferry", id_=f"f{n}") for n in range(10 * BREATH)))
    rules = load_path(folder.path).rules
    examined = Gate(folder.config)
    await examined.begin()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    try:
        for rule in rules:
            assert await examined.problem("a.yaml", rule) is None
    finally:
        other.cancel()
    assert turns == 10


# ── rules of the API ──


async def test_a_rule_of_the_api_is_not_changed_against_its_saved_stories(folder: Folder) -> None:
    """The rule stays; each failing story is named; forced, switched off or unchanged it passes."""
    config, path = folder.config, folder.path
    before = await gate.create(config, RuleSpec("ferries", "F", "ferry"), path, AT, force=False)
    write_fixture(path, "ferries", STORY, "hit", AT)
    write_fixture(path, "ferries", replace(STORY, id="push-2", title="A barge"), "miss", AT)
    spec = RuleSpec("ferries", "F", "barge OR yacht")
    with pytest.raises(FixtureFailed) as caught:
        await gate.change(config, before, spec, path, AT, force=False)
    assert caught.value.failures == (
        "push-1: expected hit, got miss: 0 of 2 hold; missing: barge, yacht",
        "push-2: expected miss, got hit: matched: barge",
    )
    assert await config.rule("ferries") == before
    off = await gate.change(config, before, replace(spec, enabled=False), path, AT, force=False)
    forced = await gate.change(config, off, spec, path, AT, force=True)
    same = await gate.change(config, forced, spec, path, AT, force=False)
    assert (off.version, forced.version, same.version) == (2, 3, 3)


async def test_a_new_rule_of_the_api_meets_the_stories_of_one_before(folder: Folder) -> None:
    """A rule that was deleted leaves its saved stories; the next of its id has to hold them, if it is free."""
    write_fixture(folder.path, "ferries", STORY, "hit", AT)
    yacht = RuleSpec("ferries", "F", "yacht")
    with pytest.raises(FixtureFailed):
        await gate.create(folder.config, yacht, folder.path, AT, force=False)
    assert await folder.config.rules() == []
    made: Rule = await gate.create(folder.config, yacht, folder.path, AT, force=True)
    assert made.version == 1
    with pytest.raises(Conflict):
        await gate.create(folder.config, yacht, folder.path, AT, force=False)

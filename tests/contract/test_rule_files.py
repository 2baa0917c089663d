"""The rules folder and the store in step: good files count, bad ones harm nothing, owners are clear."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import StoreUnavailable
from monitor.model.rule import Rule, RuleSpec
from monitor.rulebook.sync import RuleFiles, SyncReport
from monitor.store.config import ConfigStore
from monitor.store.store import Store

AT = 1_770_000_000_000


class Folder:
    """A rules folder and its syncer."""

    def __init__(self, path: Path, config: ConfigStore) -> None:
        self.path = path
        self.path.mkdir()
        self.config = config
        self.files = self.syncer()

    def syncer(self) -> RuleFiles:
        """A syncer that has seen nothing yet, as after a restart."""
        return RuleFiles(self.path, self.config, lambda: AT)

    def write(self, name: str, *rules: str, text: str = "") -> None:
        """A file with ``rules``, each ``id: query``; or with ``text``."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = [rule.partition(": ") for rule in rules]
        path.write_text(text or "".join(f"- id: {i}\n  query: {q}\n" for i, _, q in entries))

    async def sync(self) -> SyncReport:
        """One turn."""
        return await self.files.sync()

    async def active(self) -> dict[str, str]:
        """Query by id of the rules that are on."""
        return {r.id: r.spec.query for r in await self.config.rules() if r.spec.enabled}


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Folder:
    """An empty rules folder."""
    return Folder(tmp_path / "rules", store.config)


async def test_files_become_rules(folder: Folder) -> None:
    """Rules of all files, below the folder too, are stored with their file's name; a second turn does nothing."""
    folder.write("a.yaml", "ferries: ferry", "boats: boat")
    folder.write("sea/deep/b.yml", "ships: ship")
    folder.write("fixtures/c.yaml", "none: none")
    folder.write(".hidden.yaml", "hidden: hidden")
    assert await folder.sync() == SyncReport(3, ())
    assert await folder.active() == {"ferries": "ferry", "boats": "boat", "ships": "ship"}
    assert {r.id: r.file for r in await folder.config.rules()}["ships"] == "sea/deep/b.yml"
    assert await folder.sync() == SyncReport(0, ())


async def test_a_restart_changes_nothing(folder: Folder) -> None:
    """A syncer that starts anew on the same files writes nothing: no version, no epoch."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    epoch = await folder.config.epoch()
    folder.files.forget()
    assert await folder.sync() == SyncReport(0, ())
    assert await folder.syncer().sync() == SyncReport(0, ())
    assert await folder.config.epoch() == epoch


async def test_an_edit_makes_the_next_version(folder: Folder) -> None:
    """An edited rule is its next version, the others of the file stay theirs."""
    folder.write("a.yaml", "ferries: ferry", "boats: boat")
    await folder.sync()
    folder.write("a.yaml", "ferries: ferry OR ship", "boats: boat")
    assert (await folder.sync()).changed == 1
    assert {r.id: r.version for r in await folder.config.rules()} == {"ferries": 2, "boats": 1}


async def test_a_deleted_file_switches_its_rules_off(folder: Folder) -> None:
    """They stay in the store, off and free for the API; the file that comes back takes them over again."""
    folder.write("a.yaml", "ferries: ferry")
    folder.write("b.yaml", "boats: boat")
    await folder.sync()
    (folder.path / "a.yaml").unlink()
    assert (await folder.sync()).changed == 1
    assert await folder.active() == {"boats": "boat"}
    assert (await folder.config.rule("ferries")).file is None
    folder.write("a.yaml", "ferries: ferry")
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {"boats": "boat", "ferries": "ferry"}


async def test_a_rule_taken_out_of_its_file_is_switched_off(folder: Folder) -> None:
    """A sound file that no longer holds a rule has given it up; also while the service was down."""
    folder.write("a.yaml", "ferries: ferry", "boats: boat", "ships: ship")
    await folder.sync()
    folder.write("a.yaml", "ferries: ferry", "boats: boat")
    await folder.sync()
    folder.write("a.yaml", "ferries: ferry")
    assert (await folder.syncer().sync()).changed == 1
    assert await folder.active() == {"ferries": "ferry"}


BAD = {
    "no yaml": "- id: ferries\n  query: [ferry",
    "empty": " ",
    "bad query": "- id: ferries\n  query: (ferry AND\n",
    "misspelt field": "- id: ferries\n  quary: ferry\n",
    "a rule lost to a typo": "- id: ferries\n  query: boat\n- id: nonsense!\n  query: ship\n",
}


@pytest.mark.parametrize("restart", [False, True], ids=["running", "after a restart"])
@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
async def test_a_bad_file_keeps_its_last_good_rules(folder: Folder, text: str, restart: bool) -> None:
    """Rules that a file held before it was spoilt stay on, the other files go on, and the problem is named."""
    folder.write("a.yaml", "ferries: ferry", "boats: boat")
    folder.write("z.yaml", "ships: ship")
    await folder.sync()
    folder.write("a.yaml", text=text)
    folder.write("z.yaml", "ships: ship OR tanker")
    report = await (folder.syncer() if restart else folder.files).sync()
    assert {p.file for p in report.problems} == {"a.yaml"}
    active = await folder.active()
    assert active.keys() == {"ferries", "boats", "ships"}
    assert (active["boats"], active["ships"]) == ("boat", "ship OR tanker")
    folder.write("a.yaml", "ferries: ferry")
    assert (await folder.sync()).problems == ()
    assert (await folder.active()).keys() == {"ferries", "ships"}


def spoil(folder: Path, kind: str) -> None:
    """Put something into the folder that is no readable rule file."""
    match kind:
        case "not UTF-8":
            (folder / "b.yaml").write_bytes(b"id: x\nquery: \xe9t\xe9\n")
        case "a folder":
            (folder / "b.yaml").mkdir()
        case "a link to nothing":
            (folder / "b.yaml").symlink_to("gone.yaml")
        case "a link to itself":
            (folder / "b.yaml").symlink_to("b.yaml")
        case "a name that is not UTF-8":
            Path(os.fsdecode(os.fsencode(folder) + b"/r\xe8gle.yaml")).write_text("id: regle\nquery: bac\n")
        case "too large":
            (folder / "b.yaml").write_text("#" * 2_100_000)


@pytest.mark.parametrize(
    "kind",
    ["not UTF-8", "a folder", "a link to nothing", "a link to itself", "a name that is not UTF-8", "too large"],
)
async def test_nothing_in_the_folder_stops_the_good_files(folder: Folder, kind: str) -> None:
    """Whatever lies about in the folder, the rules of the good files are taken over."""
    spoil(folder.path, kind)
    folder.write("a.yaml", "ferries: ferry")
    folder.write("z.yaml", "ships: ship")
    await folder.sync()
    assert (await folder.active()).items() >= {"ferries": "ferry", "ships": "ship"}.items()


async def test_a_missing_folder_changes_nothing(folder: Folder) -> None:
    """A folder that is not there (a volume not mounted) leaves all rules on and is reported, until it is back."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    folder.path.rename(folder.path.with_name("away"))
    for files in (folder.files, folder.syncer()):
        report = await files.sync()
        assert (report.changed, [p.code for p in report.problems]) == (0, ["no-folder"])
    assert await folder.active() == {"ferries": "ferry"}
    folder.path.with_name("away").rename(folder.path)
    assert await folder.sync() == SyncReport(0, ())


async def test_a_moved_rule_is_never_off(folder: Folder) -> None:
    """A file that was renamed keeps its rules on all the time: no version of them is switched off in between."""
    folder.write("a.yaml", "ferries: ferry")
    await folder.sync()
    (folder.path / "a.yaml").rename(folder.path / "sea.yaml")
    report = await folder.sync()
    rule = await folder.config.rule("ferries")
    assert (rule.file, rule.spec.enabled, report.problems) == ("sea.yaml", True, ())
    versions = [await folder.config.rule_version("ferries", n) for n in range(1, rule.version + 1)]
    assert all(v.spec.enabled for v in versions)


async def test_an_id_in_two_files_is_a_problem_and_one_rule(folder: Folder) -> None:
    """One of the two is on, the other is reported with its place; without the first the second takes over."""
    folder.write("a.yaml", "ferries: ferry")
    folder.write("b.yaml", "ships: ship", "ferries: boat")
    report = await folder.sync()
    assert [(p.file, p.line, p.code) for p in report.problems] == [("b.yaml", 3, "conflict")]
    assert "a.yaml" in report.problems[0].detail
    assert await folder.active() == {"ferries": "ferry", "ships": "ship"}
    assert await folder.sync() == SyncReport(0, report.problems)
    (folder.path / "a.yaml").unlink()
    assert (await folder.sync()).problems == ()
    assert await folder.active() == {"ferries": "boat", "ships": "ship"}


async def test_a_rule_of_the_api_is_not_taken(folder: Folder) -> None:
    """A file whose id is a rule of the API's already is a problem; the rule stays as it was."""
    ours = await folder.config.put_rule(RuleSpec("ferries", "Ours", "ferry"), None, AT)
    folder.write("a.yaml", "ferries: boat", "ships: ship")
    report = await folder.sync()
    assert [(p.file, p.code) for p in report.problems] == [("a.yaml", "conflict")]
    assert await folder.config.rule("ferries") == ours
    assert "ships" in await folder.active()


async def test_a_conflict_ends_when_the_apis_rule_goes(folder: Folder) -> None:
    """Who does what the problem says, and deletes the rule over the API, gets the file's rule without a restart."""
    await folder.config.put_rule(RuleSpec("ferries", "Ours", "ferry"), None, AT)
    folder.write("a.yaml", "ferries: boat")
    await folder.sync()
    await folder.config.remove_rule("ferries")
    assert await folder.sync() == SyncReport(1, ())
    assert await folder.active() == {"ferries": "boat"}


class Failing:
    """The store, which does not answer the next write."""

    def __init__(self, config: ConfigStore) -> None:
        self.config = config
        self.down = False

    async def rules(self) -> list[Rule]:
        return await self.config.rules()

    async def put_rule(
        self, spec: RuleSpec, file: str | None, now: int, *, create: bool = False, left: str | None = None
    ) -> Rule:
        self._answer()
        return await self.config.put_rule(spec, file, now, create=create, left=left)

    async def disable_file_rule(self, id_: str, now: int) -> None:
        self._answer()
        await self.config.disable_file_rule(id_, now)

    async def approvals(self) -> dict[str, str]:
        return await self.config.approvals()

    async def drop_approval(self, rule: str) -> None:
        await self.config.drop_approval(rule)

    def _answer(self) -> None:
        if self.down:
            self.down = False
            raise StoreUnavailable("the store does not answer")


@pytest.mark.parametrize("change", ["edited", "deleted"])
async def test_a_change_that_the_store_missed_is_made_later(folder: Folder, change: str) -> None:
    """An edit or a deletion that met a dead store is written in the next turn, not at the next edit."""
    failing: Any = Failing(folder.config)
    files = RuleFiles(folder.path, failing, lambda: AT)
    folder.write("a.yaml", "ferries: ferry")
    await files.sync()
    if change == "edited":
        folder.write("a.yaml", "ferries: boat")
    else:
        (folder.path / "a.yaml").unlink()
    failing.down = True
    with pytest.raises(StoreUnavailable):
        await files.sync()
    assert (await files.sync()).changed == 1
    assert await folder.active() == ({"ferries": "boat"} if change == "edited" else {})

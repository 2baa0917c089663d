"""Ways of saying things that users add and strike: in a rule, and for all plain rules of a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.errors import ConfigurationError, RuleSyntaxError
from monitor.match.document import Content
from monitor.match.percolate import Rulebook
from monitor.match.rule import read_rule
from monitor.model.rule import Rule, RuleSpec, Wording
from monitor.rulebook.gate import spec_digest
from monitor.rulebook.load import Loaded, load_path
from monitor.rulebook.schema import FileRule
from monitor.rulebook.sync import RuleFiles
from monitor.rulebook.wording import FILE, read_wording, with_wording
from monitor.store.store import Store

PLAIN = "id: nokia\nquery: Nokia layoffs\n"
STORY = Content("Nokia plans furlough", "", "en")
AT = 1_770_000_000_000


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with these files."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def wordings(loaded: Loaded) -> dict[str, tuple[Wording, ...]]:
    """The wording of each rule by its id; there are no problems."""
    assert [str(problem) for problem in loaded.problems] == []
    return {rule.spec.id: rule.spec.wording for rule in loaded.rules}


def hits(loaded: Loaded, story: Content = STORY) -> set[str]:
    """The rules that find the story."""
    book = Rulebook()
    for rule in loaded.rules:
        book.put(rule.spec)
    return {match.rule for match in book.percolate(story).matches}


# ── in a rule ──


@pytest.mark.parametrize("kind", ["file", "folder", "list", "lines"])
def test_a_rule_file_may_say_more_and_strike(tmp_path: Path, kind: str) -> None:
    """``wording`` names parts of the query; a rule in YAML or in JSON lines then finds what it adds."""
    wording = {"layoffs": {"add": ["furlough"], "strike": ["redundancies"]}, "Nokia": {"add": ["HMD"]}}
    rule = {"id": "nokia", "query": "Nokia layoffs", "wording": wording}
    name, text = ("rules.jsonl", "") if kind == "lines" else ("a.yaml", "")
    text = json.dumps([rule] if kind == "list" else rule)
    path = write(tmp_path, {name: text}) if kind == "folder" else write(tmp_path, {name: text}) / name
    loaded = load_path(path)
    assert wordings(loaded) == {
        "nokia": (Wording("layoffs", ("furlough",), ("redundancies",)), Wording("Nokia", ("HMD",)))
    }  # fmt: skip
    assert hits(loaded) == {"nokia"}
    assert hits(loaded, Content("HMD announces layoffs", "", "en")) == {"nokia"}
    assert hits(loaded, Content("Nokia plans redundancies", "", "en")) == set()


def test_parts_are_named_in_any_case(tmp_path: Path) -> None:
    """The author need not repeat the capitals of the query."""
    text = "id: nokia\nquery: Nokia layoffs\nwording: {LAYOFFS: {add: [furlough]}, nokia: {add: [HMD]}}\n"
    assert hits(load_path(write(tmp_path, {"a.yaml": text}))) == {"nokia"}


WRONG = [
    ("Nokia layoffs", "{redundancy: {add: [x]}}", "wording", ["'redundancy'", "Nokia", "layoffs"]),
    ("Bolivia state of emergency", "{emergency: {add: [x]}}", "wording", ["Bolivia", "state of emergency"]),
    ("Nokia AND layoffs", "{layoffs: {add: [furlough]}}", "wording", ["operators", "OR"]),
    ("(Nokia)", "{Nokia: {add: [HMD]}}", "wording", ["operators"]),
    ("Nokia layoffs", "{layoffs: {say: [x]}}", "extra_forbidden", ["say"]),
    ("Nokia layoffs", "{layoffs: [x]}", "model_type", ["wording.layoffs"]),
    ("Nokia layoffs", '{layoffs: {add: [""]}}', "string_too_short", ["wording.layoffs.add.0"]),
    ("Nokia layoffs", "{layoffs: {add: [' x']}}", "string_pattern_mismatch", ["wording.layoffs.add.0"]),
    ("Nokia layoffs", "layoffs", "dict_type", ["wording"]),
]


@pytest.mark.parametrize(("query", "wording", "code", "named"), WRONG, ids=[f"{w[0]} {w[1]}" for w in WRONG])
def test_wording_that_does_not_fit_is_a_problem(
    tmp_path: Path, query: str, wording: str, code: str, named: list[str]
) -> None:
    """An unknown part names those that there are, operators say what to write instead; with file and line."""
    text = f"id: fine\nquery: ferry\n---\nid: nokia\nquery: {query}\nwording: {wording}\n"
    loaded = load_path(write(tmp_path, {"a.yaml": text}))
    assert [rule.spec.id for rule in loaded.rules] == ["fine"]
    (problem,) = loaded.problems
    assert (problem.file, problem.line, problem.code) == ("a.yaml", 6, code)
    assert [name for name in named if name not in str(problem)] == []


def test_json_lines_say_the_line(tmp_path: Path) -> None:
    """A line whose wording does not fit is a problem of its own, and hides no good one."""
    rules = [
        {"id": "good", "query": "Nokia layoffs", "wording": {"layoffs": {"add": ["furlough"]}}},
        {"id": "bad", "query": "Nokia layoffs", "wording": {"merger": {"add": ["furlough"]}}},
        {"id": "worse", "query": "Nokia AND layoffs", "wording": {"Nokia": {"add": ["HMD"]}}},
    ]
    path = tmp_path / "rules.jsonl"
    path.write_text("\n".join(map(json.dumps, rules)))
    loaded = load_path(path)
    assert [rule.spec.id for rule in loaded.rules] == ["good"]
    assert [(p.line, p.code) for p in loaded.problems] == [(2, "wording"), (3, "wording")]


def test_a_rule_in_code_is_checked_as_well() -> None:
    """The rulebook refuses wording that does not fit, and keeps what it had."""
    book = Rulebook()
    book.put(RuleSpec("r", "r", "Nokia layoffs"))
    for query, words in (("Nokia layoffs", "merger"), ("Nokia OR layoffs", "Nokia")):
        with pytest.raises(RuleSyntaxError) as raised:
            book.put(RuleSpec("r", "r", query, wording=(Wording(words, ("x",)),)))
        assert [problem.code for problem in raised.value.problems] == ["wording"]
    assert {m.rule for m in book.percolate(Content("Nokia layoffs", "", "en")).matches} == {"r"}


@pytest.mark.parametrize("term", ["!!!", "...", "—", "& &"])
def test_a_term_without_a_word_is_a_problem(term: str) -> None:
    """What has no word in it cannot be looked for: the rule is refused, and the others go on."""
    with pytest.raises(ValidationError, match="holds no word"):
        FileRule.model_validate({"id": "r", "query": "Nokia layoffs", "wording": {"Nokia": {"add": [term]}}})
    spec = RuleSpec("r", "r", "Nokia layoffs", wording=(Wording("Nokia", (term,)),))
    with pytest.raises(RuleSyntaxError, match="holds no word"):
        read_rule(spec)


# ── for a folder ──


def test_a_folders_wording_holds_for_all_its_plain_rules(tmp_path: Path) -> None:
    """Each plain rule that has such a part gets it, Boolean ones do not, and it is no rule file itself."""
    files = {
        "a.yaml": PLAIN,
        "b.yaml": "id: airbus\nquery: Airbus layoffs\n---\nid: boolean\nquery: Nokia OR layoffs\n",
        "c.yaml": "id: other\nquery: ferry\n",
        FILE: "Layoffs: {add: [furlough], strike: [redundancies]}\nnobody: {add: [x]}\n",
    }
    folder = write(tmp_path, files)
    common = (Wording("layoffs", ("furlough",), ("redundancies",)),)
    assert wordings(load_path(folder)) == {"nokia": common, "airbus": common, "boolean": (), "other": ()}
    assert hits(load_path(folder)) == {"nokia", "boolean"}
    assert wordings(load_path(folder / "a.yaml")) == {"nokia": common}


def test_what_a_rule_says_itself_wins(tmp_path: Path) -> None:
    """It adds what the folder strikes, strikes what that adds, and has the rest of both."""
    own = "wording: {layoffs: {add: [redundancies], strike: [furlough]}}\n"
    common = "layoffs: {add: [furlough, short time], strike: [Redundancies, job cuts]}\n"
    folder = write(tmp_path, {"a.yaml": PLAIN + own, FILE: common})
    assert wordings(load_path(folder)) == {
        "nokia": (Wording("layoffs", ("redundancies", "short time"), ("furlough", "job cuts")),)
    }  # fmt: skip
    assert hits(load_path(folder)) == set()


def test_a_folder_without_the_file_says_nothing(tmp_path: Path) -> None:
    """There need not be one, and it may hold an empty mapping."""
    assert read_wording(tmp_path) == ()
    write(tmp_path, {FILE: "{}\n"})
    assert read_wording(tmp_path) == ()


@pytest.mark.parametrize("text", ["", "# layoffs: {add: [furlough]}\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    """Whoever comments all of it out wants none of it."""
    write(tmp_path, {FILE: text})
    assert read_wording(tmp_path) == ()


BAD_FILES = {
    "layoffs: [furlough]\n": "layoffs",
    "layoffs: {say: [furlough]}\n": "layoffs.say",
    "- layoffs\n": "",
    "layoffs: {add: furlough}\n": "layoffs.add",
    "layoffs: {add: [furlough\n": FILE,
    "layoffs: {add: [a]}\nlayoffs: {add: [b]}\n": FILE,
}


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_faulty_file_says_what_is_wrong(tmp_path: Path, text: str) -> None:
    """Nothing is read of it; the error names the file and the place."""
    write(tmp_path, {"a.yaml": PLAIN, FILE: text})
    for read in (read_wording, load_path):
        with pytest.raises(ConfigurationError) as raised:
            read(tmp_path)
        assert FILE in str(raised.value)
        assert BAD_FILES[text] in str(raised.value)


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    """Other bytes than UTF-8, or a folder of that name."""
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_wording(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_wording(tmp_path)


def test_a_rule_of_the_api_gets_it_too(tmp_path: Path) -> None:
    """With what the folder says, a rule that has the part is another rule, with a digest of its own."""
    spec = RuleSpec("nokia", "nokia", "Nokia layoffs")
    assert with_wording(spec, read_rule(spec), tmp_path) == spec
    write(tmp_path, {FILE: "layoffs: {add: [furlough]}\n"})
    worded = with_wording(spec, read_rule(spec), tmp_path)
    assert worded.wording == (Wording("layoffs", ("furlough",)),)
    assert with_wording(worded, read_rule(worded), tmp_path) == worded
    assert spec_digest(worded) != spec_digest(spec)
    operators = RuleSpec("b", "b", "Nokia AND layoffs")
    assert with_wording(operators, read_rule(operators), tmp_path) == operators


# ── the folder and the store ──


class Synced:
    """A rules folder and a syncer on a store."""

    def __init__(self, folder: Path, store: Store) -> None:
        folder.mkdir()
        self.folder = folder
        self.config = store.config
        self.files = RuleFiles(folder, store.config, lambda: AT)
        self.turns = 0

    def write(self, name: str, text: str) -> None:
        """A file, with a time of its own: two writes within a tick of the clock are two."""
        self.turns += 1
        (self.folder / name).write_text(text)
        os.utime(self.folder / name, ns=(self.turns * 10**9, self.turns * 10**9))

    async def rules(self) -> dict[str, Rule]:
        """The rules in the store."""
        return {rule.id: rule for rule in await self.config.rules()}


@pytest.fixture
def synced(tmp_path: Path, store: Store) -> Synced:
    """An empty folder."""
    return Synced(tmp_path / "rules", store)


async def test_a_changed_wording_makes_the_next_version(synced: Synced) -> None:
    """Of the rules that have the part, whether it is theirs or the folder's; the others stay as they are."""
    synced.write("a.yaml", PLAIN)
    synced.write("b.yaml", "id: ferry\nquery: ferry\n---\nid: boolean\nquery: Nokia OR layoffs\n")
    assert (await synced.files.sync()).changed == 3
    synced.write(FILE, "layoffs: {add: [furlough]}\n")
    assert (await synced.files.sync()).changed == 1
    rules = await synced.rules()
    assert {id_: rule.version for id_, rule in rules.items()} == {"nokia": 2, "ferry": 1, "boolean": 1}
    assert rules["nokia"].spec.wording == (Wording("layoffs", ("furlough",)),)
    assert (await synced.files.sync()).changed == 0
    synced.write("a.yaml", PLAIN + "wording: {Nokia: {add: [HMD]}}\n")
    assert (await synced.files.sync()).changed == 1
    assert set((await synced.rules())["nokia"].spec.wording) == {
        Wording("Nokia", ("HMD",)), Wording("layoffs", ("furlough",))
    }  # fmt: skip
    (synced.folder / FILE).unlink()
    assert (await synced.files.sync()).changed == 1
    assert (await synced.rules())["nokia"].spec.wording == (Wording("Nokia", ("HMD",)),)


async def test_a_faulty_wording_file_changes_nothing(synced: Synced) -> None:
    """It is reported with what to do; no rule is taken over or switched off until it is mended, and then all are."""
    synced.write("a.yaml", PLAIN)
    synced.write(FILE, "layoffs: {add: [furlough]}\n")
    await synced.files.sync()
    before = await synced.rules()
    synced.write(FILE, "layoffs: furlough\n")
    synced.write("a.yaml", "id: nokia\nquery: Nokia merger\n")
    synced.write("b.yaml", "id: ferry\nquery: ferry\n")
    for _ in range(2):
        report = await synced.files.sync()
        assert report.changed == 0
        (problem,) = report.problems
        assert (problem.file, problem.code) == (FILE, "wording")
        assert "layoffs" in problem.detail
        assert problem.hint
    assert await synced.rules() == before
    synced.write(FILE, "layoffs: {add: [furlough]}\n")
    report = await synced.files.sync()
    assert (report.changed, report.problems) == (2, ())
    assert {id_: rule.spec.query for id_, rule in (await synced.rules()).items()} == {
        "nokia": "Nokia merger", "ferry": "ferry"
    }  # fmt: skip


async def test_a_rule_whose_wording_does_not_fit_stays_as_it_was(synced: Synced) -> None:
    """What its file last held goes on, and the problem names the parts."""
    synced.write("a.yaml", PLAIN)
    await synced.files.sync()
    before = await synced.rules()
    synced.write("a.yaml", PLAIN + "wording: {merger: {add: [x]}}\n")
    report = await synced.files.sync()
    assert report.changed == 0
    assert [problem.code for problem in report.problems] == ["wording"]
    assert "Nokia, layoffs" in str(report.problems[0])
    assert await synced.rules() == before

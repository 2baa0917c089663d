"""Stories saved beside a rule: the files, and what is made of those that are no good."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import ConfigurationError, InvalidInput
from monitor.model.rule import Rule, RuleSpec
from monitor.model.story import Story
from monitor.rulebook.check import read_story, run_fixtures, run_tests, save_story, unclaimed
from monitor.rulebook.fixtures import FixtureFolders, read_fixtures, write_fixture
from monitor.rulebook.load import load_path

AT = 1_770_000_000_000
STORY = Story(
    "push-1a2b", "push", "Tapirs: a “survey”", "One tapir.\n\n  Two tapirs: both well.\n", "https://a.example/t?a=1#b",
    'The "Post"', None, "en-gb", (), AT, AT, backfill=False, link_key=None, text_key="",
)  # fmt: skip
TAPIR = RuleSpec("tapir", "Tapirs", "tapir")

WRITTEN = """\
# Saved on 2026-02-02 02:40:00 UTC from the story push-1a2b.
rule: "tapir"
expect: hit
title: "Tapirs: a “survey”"
language: "en-gb"
url: "https://a.example/t?a=1#b"
source: "The \\"Post\\""
published: "2026-02-02T02:40:00.000Z"
body: |
  One tapir.

    Two tapirs: both well.
"""


# ── writing ──


def test_a_story_is_a_file_that_people_can_read(tmp_path: Path) -> None:
    """It says when and from what it was saved; the body stands as it is; nothing but the file is left in the folder."""
    path = write_fixture(tmp_path, "tapir", STORY, "hit", AT)
    assert path == tmp_path / "fixtures" / "tapir" / "push-1a2b.yaml"
    assert path.read_text(encoding="utf-8") == WRITTEN
    assert list(path.parent.iterdir()) == [path]


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    """A story without address, source, language and time has no such lines."""
    bare = replace(STORY, url=None, source=None, language=None, published=None, title="", body="")
    lines = write_fixture(tmp_path, "tapir", bare, "miss", AT).read_text().splitlines()
    assert lines[1:] == ['rule: "tapir"', "expect: miss", 'title: ""', 'body: ""']


def test_the_same_story_again_replaces_the_file(tmp_path: Path) -> None:
    """Whoever changes their mind saves it again."""
    write_fixture(tmp_path, "tapir", STORY, "hit", AT)
    write_fixture(tmp_path, "tapir", replace(STORY, title="Other"), "miss", AT)
    (found,) = read_fixtures(tmp_path, "tapir")
    assert found.story
    assert (found.story.title, found.story.expect) == ("Other", "miss")


def test_a_long_language_tag_is_kept(tmp_path: Path) -> None:
    """A feed's tag may have 40 characters, five more than a rule's."""
    tag = "en-" + "-".join(["abcdefgh"] * 4)
    write_fixture(tmp_path, "tapir", replace(STORY, language=tag), "hit", AT)
    (found,) = read_fixtures(tmp_path, "tapir")
    assert found.story
    assert found.story.language == tag


@pytest.mark.parametrize("part", ["title", "body", "url", "source"])
def test_half_a_character_is_refused(tmp_path: Path, part: str) -> None:
    """No UTF-8 holds a lone surrogate; the fault is said and nothing is written."""
    with pytest.raises(InvalidInput, match=f"its {part} holds half a character"):
        write_fixture(tmp_path, "tapir", replace(STORY, **{part: "a\ud83d"}), "hit", AT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("id_", ["../x", "a/b", "", ".hidden", "a\nb", "x" * 300])
def test_an_id_that_is_no_file_name_is_refused(tmp_path: Path, id_: str) -> None:
    """Nothing is written outside the folder."""
    with pytest.raises(InvalidInput, match="file name"):
        write_fixture(tmp_path, "tapir", replace(STORY, id=id_), "hit", AT)
    with pytest.raises(InvalidInput, match="file name"):
        write_fixture(tmp_path, id_, STORY, "hit", AT)


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    """The file, the reason and the remedy; no half file is left. (A file in the way, since root may write anywhere.)"""
    (tmp_path / "fixtures").write_text("in the way")
    with pytest.raises(ConfigurationError, match="monitor rules save-story tapir push-1a2b --expect hit") as caught:
        write_fixture(tmp_path, "tapir", STORY, "hit", AT)
    assert str(tmp_path / "fixtures" / "tapir" / "push-1a2b.yaml") in str(caught.value)


def test_a_rules_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """An empty one in its place would look as if all rule files had been deleted."""
    with pytest.raises(ConfigurationError, match="is not there"):
        write_fixture(tmp_path / "rules", "tapir", STORY, "hit", AT)
    assert not (tmp_path / "rules").exists()


def test_a_story_is_saved_beside_the_file_of_its_rule(tmp_path: Path) -> None:
    """Below RULES_DIR itself for a rule of the API; what the rule does with the story now is told at once."""
    (tmp_path / "zoo").mkdir()
    for file, folder in (("zoo/animals.yaml", tmp_path / "zoo"), (None, tmp_path)):
        path, result = save_story(Rule(TAPIR, 1, AT, AT, file), STORY, "miss", tmp_path, AT)
        assert path == folder / "fixtures" / "tapir" / "push-1a2b.yaml"
        assert (result.expected, result.got, result.passed) == ("miss", "hit", False)
        assert result.why == "matched: Tapirs, tapir"


# ── reading ──


def saved(folder: Path, name: str, text: str | bytes, rule: str = "tapir") -> None:
    """A file of that content among the saved stories of ``rule``."""
    path = folder / "fixtures" / rule / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


BAD = {
    "another rule's": ("rule: coati\nexpect: hit\ntitle: x\n", r"is of the rule 'coati'; move it to fixtures/coati/"),
    "no rule": ("expect: hit\ntitle: x\n", "rule"),
    "no expect": ("rule: tapir\ntitle: x\n", "expect"),
    "wrong expect": ("rule: tapir\nexpect: maybe\n", "expect"),
    "unknown field": ("rule: tapir\nexpect: hit\nheadline: x\n", "headline"),
    "twice": ("rule: tapir\nexpect: hit\ntitle: x\ntitle: y\n", "x.yaml:4:1: .*twice"),
    "no YAML": ("rule: [tapir\n", "not valid YAML"),
    "a list": ("- rule: tapir\n  expect: hit\n", "SavedStory"),
    "two documents": ("rule: tapir\nexpect: hit\n---\nrule: tapir\nexpect: hit\n", "2 documents"),
    "empty": ("", "0 documents"),
    "not UTF-8": (b"rule: tapir\nexpect: hit\ntitle: \xff\n", "utf-8"),
    "a title that is no text": ("rule: tapir\nexpect: hit\ntitle: true\n", "title"),
    "aliases": ("rule: tapir\nexpect: hit\ntitle: &a x\nbody: *a\n", "anchors"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_a_result_and_hides_no_good_one(tmp_path: Path, text: str | bytes, words: str) -> None:
    """It is an error that names the file and the fault; the files beside it are run."""
    saved(tmp_path, "x.yaml", text)
    saved(tmp_path, "y.yml", "rule: tapir\nexpect: hit\ntitle: A tapir\n")
    bad, good = run_fixtures(TAPIR, tmp_path)
    assert (bad.story, bad.got, bad.passed) == ("x", "error", False)
    assert re.search(words, bad.why), bad.why
    assert str(tmp_path / "fixtures" / "tapir" / "x.yaml") in bad.why
    assert (good.story, good.got, good.passed) == ("y", "hit", True)


def test_a_folder_in_place_of_a_file_is_a_result(tmp_path: Path) -> None:
    """So is a link that leads nowhere."""
    saved(tmp_path, "b.txt", "")
    (tmp_path / "fixtures" / "tapir" / "a.yaml").mkdir()
    (tmp_path / "fixtures" / "tapir" / "b.yaml").symlink_to("gone")
    assert [(f.name, f.story) for f in read_fixtures(tmp_path, "tapir")] == [("a", None), ("b", None)]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Hidden files (a write that a crash cut short) and what is no YAML are no saved stories; no folder is none."""
    for name in (".push-1.yaml", ".push-1.yaml.77", "notes.txt"):
        saved(tmp_path, name, "nonsense: [")
    assert read_fixtures(tmp_path, "tapir") == []
    assert read_fixtures(tmp_path, "coati") == []
    assert read_fixtures(tmp_path / "nowhere", "tapir") == []


def test_a_saved_story_can_be_explained_and_used_elsewhere(tmp_path: Path) -> None:
    """`monitor explain RULE FILE` reads it, and so does a rule's test that names it."""
    path = write_fixture(tmp_path, "tapir", STORY, "hit", AT)
    assert read_story(path).body == STORY.body
    (tmp_path / "r.yaml").write_text(
        "id: other\nquery: tapir\ntests:\n- {story: fixtures/tapir/push-1a2b.yaml, expect: hit}\n"
    )
    assert [r.passed for r in run_tests(load_path(tmp_path).rules[0])] == [True]


# ── running ──


def test_own_tests_and_saved_stories_are_run(tmp_path: Path) -> None:
    """The own ones first, then the saved ones by name; each fixtures folder is listed once for all rules."""
    (tmp_path / "r.yaml").write_text(
        "- id: tapir\n  query: tapir\n  tests: [{story: {title: coati}, expect: miss}]\n"
        "- id: coati\n  query: coati\n- id: quiet\n  query: quiet\n"
    )
    write_fixture(tmp_path, "tapir", STORY, "hit", AT)
    write_fixture(tmp_path, "coati", STORY, "hit", AT)
    folders = FixtureFolders()
    results = [r for rule in load_path(tmp_path).rules for r in run_tests(rule, folders)]
    assert [(r.rule, r.story, r.expected, r.got) for r in results] == [
        ("tapir", "test 1: coati", "miss", "miss"),
        ("tapir", "push-1a2b", "hit", "hit"),
        ("coati", "push-1a2b", "hit", "miss"),
    ]
    write_fixture(tmp_path, "quiet", STORY, "hit", AT)
    assert folders.of(tmp_path, "quiet") == []  # listed before; a new look needs a new object
    assert len(FixtureFolders().of(tmp_path, "quiet")) == 1


WHY = [
    ('Vietnam AND "fighter jets"', "Vietnam buys", "fighter\n jets, Fighter Jets", "matched: Vietnam, fighter jets"),
    ("Vietnam AND coffee AND tea", "Vietnam", "", "1 of 3 hold; missing: coffee, tea"),
    (
        "Vietnam AND NOT (coffee OR tea)",
        "Vietnam",
        "Tea and coffee",
        "missing: NOT (coffee OR tea) (found Tea, coffee)",
    ),
    ("Vietnam", "Laos", "", "missing: Vietnam"),
    ("Vietnam AND (" + " OR ".join(f"word{n}" for n in range(30)) + ")", "Vietnam", "", "word5 OR word6…"),
    (" AND ".join(f"word{n}" for n in range(30)), "Vietnam", "", "word4, …"),
]


@pytest.mark.parametrize(("query", "title", "body", "why"), WHY, ids=lambda value: str(value)[:30])
def test_the_reason_shows_what_matched_or_was_missing(
    tmp_path: Path, query: str, title: str, body: str, why: str
) -> None:
    """Matched words once each, whatever their case; of what is missing the parts, shortened where they are long."""
    write_fixture(tmp_path, "r", replace(STORY, title=title, body=body), "hit", AT)
    (result,) = run_fixtures(RuleSpec("r", "r", query), tmp_path)
    assert why in result.why
    assert len(result.why) < 400


def test_folders_that_no_rule_claims_are_noted(tmp_path: Path) -> None:
    """Those of unknown rules, and of rules whose file is elsewhere; folders of other stories are none of them."""
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "r.yaml").write_text("id: tapir\nquery: tapir\n")
    for folder, rule in ((tmp_path / "zoo", "tapir"), (tmp_path, "tapir"), (tmp_path, "unheard-of")):
        write_fixture(folder, rule, STORY, "hit", AT)
    saved(tmp_path, "a.yaml", "title: A story for tests\n", rule="articles")
    elsewhere, unknown = unclaimed(tmp_path, load_path(tmp_path).rules)
    assert elsewhere.startswith("fixtures/tapir: ")
    assert str(tmp_path / "zoo" / "fixtures" / "tapir") in elsewhere
    assert "no file here has the rule 'unheard-of'" in unknown

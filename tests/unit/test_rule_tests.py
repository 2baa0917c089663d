"""A rule's own tests: stories that it must hit or miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.rulebook.check import TestResult, read_story, run_tests
from monitor.rulebook.load import load_path

FILES = {
    "plain.txt": b"Hanoi buys ships\nVietnam orders two submarines.\n",
    "bom.txt": b"\xef\xbb\xbfHanoi buys ships\r\nVietnam orders two submarines.\r\n",
    "title.txt": b"Vietnam orders two submarines",
    "story.json": b'{"title": "Hanoi buys ships", "body": "Vietnam orders two submarines."}',
    "story.yaml": b"title: Hanoi buys ships\nbody: Vietnam orders two submarines.\n",
    "norwegian.yaml": b"title: Vietnam\nbody: Vietnam orders two submarines.\nlanguage: no\n",
    "dated.yaml": b"title: 2024-01-01\nbody: Vietnam orders two submarines.\n",
    "other.txt": b"Coffee\nPrices climb.\n",
    "empty.txt": b"",
    "latin.txt": "Tür\nVietnam orders submarines\n".encode("iso-8859-1"),
    "broken.json": b'{"title": ',
    "list.json": b"[1, 2]",
    "extra.json": b'{"title": "Vietnam submarines", "headline": "x"}',
    "deep.json": b"[" * 100_000,
    "broken.yaml": b"title: [x\n",
}


def results(folder: Path, *tests: str) -> list[TestResult]:
    """The results of a rule with those tests (YAML of ``story`` and ``expect``), the story files beside it."""
    (folder / "fixtures").mkdir(exist_ok=True)
    for name, content in FILES.items():
        (folder / "fixtures" / name).write_bytes(content)
    rows = "".join(f"  - {test}\n" for test in tests)
    (folder / "r.yaml").write_text(f"id: a\nquery: Vietnam AND submarines\ntests:\n{rows}")
    loaded = load_path(folder)
    assert loaded.problems == ()
    return run_tests(loaded.rules[0])


@pytest.mark.parametrize(
    ("story", "got"),
    [
        ("{title: Vietnam orders submarines}", "hit"),
        ("{body: A submarine for Vietnam}", "hit"),
        ("{title: Vietnam, body: coffee}", "miss"),
        ("{}", "miss"),
        ("fixtures/plain.txt", "hit"),
        ("fixtures/bom.txt", "hit"),
        ("fixtures/title.txt", "hit"),
        ("fixtures/story.json", "hit"),
        ("fixtures/story.yaml", "hit"),
        ("fixtures/norwegian.yaml", "hit"),
        ("fixtures/dated.yaml", "hit"),
        ("fixtures/other.txt", "miss"),
        ("fixtures/empty.txt", "miss"),
        ("fixtures/missing.txt", "error"),
        ("fixtures/latin.txt", "error"),
        ("fixtures/broken.json", "error"),
        ("fixtures/list.json", "error"),
        ("fixtures/extra.json", "error"),
        ("fixtures/deep.json", "error"),
        ("fixtures/broken.yaml", "error"),
        ("fixtures", "error"),
        ('"fixtures/nul\\0.txt"', "error"),
    ],
)
@pytest.mark.parametrize("expect", ["hit", "miss"])
def test_a_story_is_hit_missed_or_unreadable(tmp_path: Path, story: str, got: str, expect: str) -> None:
    """A test passes only where the rule did what was expected; an unreadable story is never a pass."""
    (result,) = results(tmp_path, f"{{story: {story}, expect: {expect}}}")
    assert (result.rule, result.expected, result.got, result.passed) == ("a", expect, got, got == expect)
    assert result.why


def test_results_come_in_order_and_one_error_stops_none(tmp_path: Path) -> None:
    """Every test has its result, named by its file or its number and title."""
    found = results(
        tmp_path,
        "{story: fixtures/missing.txt, expect: hit}",
        "{story: {title: Vietnam orders submarines}, expect: hit}",
        "{story: fixtures/other.txt, expect: miss}",
    )
    assert [result.got for result in found] == ["error", "hit", "miss"]
    assert [result.passed for result in found] == [False, True, True]
    assert found[0].story == "fixtures/missing.txt"
    assert found[1].story == "test 2: Vietnam orders submarines"


def test_a_miss_says_what_was_missing(tmp_path: Path) -> None:
    """The reason names the part of the query that did not hold; an error names the file."""
    miss, error = results(
        tmp_path, "{story: {title: Vietnam}, expect: hit}", "{story: fixtures/broken.json, expect: hit}"
    )
    assert "submarines" in miss.why
    assert "broken.json" in error.why


def test_a_rule_for_one_language_misses_stories_in_another(tmp_path: Path) -> None:
    """The check answers as the running service does, which keeps such a rule from foreign stories."""
    (tmp_path / "r.yaml").write_text(
        "id: a\nquery: Vietnam\nlanguages: [de]\ntests:\n"
        "  - story: {title: Vietnam, language: de}\n    expect: hit\n"
        "  - story: {title: Vietnam, language: fr}\n    expect: miss\n"
    )
    assert [result.got for result in run_tests(load_path(tmp_path).rules[0])] == ["hit", "miss"]


def test_the_first_line_of_a_text_file_is_its_title(tmp_path: Path) -> None:
    """The rest is the body, whatever the line breaks."""
    path = tmp_path / "x.txt"
    path.write_bytes(b"  The title \r\n\r\nOne.\r\nTwo.\r\n")
    story = read_story(path)
    assert (story.title, story.body, story.language) == ("The title", "One.\nTwo.", None)

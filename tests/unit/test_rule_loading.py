"""Rule files: what they give, and where exactly they are wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import ConfigurationError
from monitor.model.rule import RuleSpec, Severity, Strictness, Wording
from monitor.rulebook.load import MAX_FILE, Loaded, load_path, rule_files

GOOD = "id: a\nquery: Vietnam\n"


def load(folder: Path, content: str | bytes, name: str = "r.yaml") -> Loaded:
    """What a file of that content loads to."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_path(path)


def places(loaded: Loaded) -> list[str]:
    """``line:column:code`` of every problem, in the order of the text."""
    found = sorted((p.line, p.column, p.code) for p in loaded.problems)
    return [f"{line}:{column}:{code}" for line, column, code in found]


def ids(loaded: Loaded) -> list[str]:
    return [rule.spec.id for rule in loaded.rules]


def test_every_field_of_a_rule_is_read(tmp_path: Path) -> None:
    """A file with everything in it, and one with as little as possible."""
    whole = """\
# a comment
id: asia-visit
name: "Asia: visits"
query: >-
  Putin AND
  (Hanoi OR "Da Nang")
tags: [asia, diplomacy, asia]
strictness: strict
languages: [en, PT_br, no]
severity: critical
enabled: no
expires: 2030-01-01T00:00:00Z
tests:
  - story: {title: A visit, body: Text, language: en}
    expect: miss
"""
    (rule,) = load(tmp_path, whole).rules
    assert rule.spec == RuleSpec(
        "asia-visit", "Asia: visits", 'Putin AND (Hanoi OR "Da Nang")', ("asia", "diplomacy"), Strictness.STRICT,
        ("en", "pt-br", "no"), severity=Severity.CRITICAL, enabled=False, expires=1_893_456_000_000,
    )  # fmt: skip
    assert (rule.line, rule.path.name, len(rule.tests)) == (2, "r.yaml", 1)
    wording = "wording:\n  arms: {add: [radar set], strike: [army, navy]}\n  vietnam:\n    add: [VPA]\n"
    (plain,) = load(tmp_path, f"id: a\nquery: Vietnam arms\n{wording}").rules
    assert plain.spec.wording == (Wording("arms", ("radar set",), ("army", "navy")), Wording("vietnam", ("VPA",)))
    (least,) = load(tmp_path, GOOD).rules
    assert least.spec == RuleSpec("a", "a", "Vietnam")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # the query, in every kind of scalar
        ("id: a\nquery: Vietnam AND OR b\n", ["2:20:missing-term"]),
        ('id: a\nquery: "Vietnam AND OR b"\n', ["2:21:missing-term"]),
        ("id: a\nquery: 'Vietnam AND OR b'\n", ["2:21:missing-term"]),
        ("id: a\nquery: |\n  Vietnam AND\n  (arms OR\n", ["4:3:unclosed-bracket", "4:9:missing-term"]),
        ("id: a\nquery: |\n\n  Vietnam AND OR b\n", ["4:15:missing-term"]),
        ("id: a\nquery: >-\n  Vietnam AND\n  (arms OR tanks AND b)\n", ["4:4:mixed-operators"]),
        ("id: a\r\nquery: Vietnam AND OR b\r\n", ["2:20:missing-term"]),
        ("\ufeffid: a\nquery: Vietnam AND OR b\n", ["2:20:missing-term"]),
        ("id: a\nquery: NOT Vietnam\n", ["2:8:no-positive-term"]),
        ("id: a\nquery: ''\n", ["2:8:string_too_short"]),
        ("id: a\nquery: '   '\n", ["2:9:empty"]),
        ("id: a\nquery:\n", ["2:7:string_type"]),
        # fields
        ("id: a\nquery: Vietnam\nqurey: x\n", ["3:8:extra_forbidden"]),
        ("query: Vietnam\n", ["1:1:missing"]),
        ("id: Big Name\nquery: Vietnam\n", ["1:5:string_pattern_mismatch"]),
        ("id: a.b\nquery: Vietnam\n", ["1:5:string_pattern_mismatch"]),
        ("id: a\nquery: Vietnam\nlanguages: no\n", ["3:12:list_type"]),
        ("id: a\nquery: Vietnam\nlanguages: [en, klingonese]\n", ["3:17:value_error"]),
        ("id: a\nquery: Vietnam\ntags: asia\n", ["3:7:list_type"]),
        ("id: a\nquery: Vietnam\ntags:\n  - ok\n  - ''\n", ["5:5:string_too_short"]),
        ("id: a\nquery: Vietnam\ntags: ['a,b']\n", ["3:8:string_pattern_mismatch"]),
        ("id: a\nquery: Vietnam\nseverity: huge\n", ["3:11:enum"]),
        ("id: a\nquery: Vietnam\nenabled: perhaps\n", ["3:10:bool_parsing"]),
        ("id: a\nquery: [Vietnam]\n", ["2:8:string_type"]),
        # tests
        ("id: a\nquery: b\ntests:\n  - story: ../x.txt\n    expect: hit\n", ["4:12:value_error"]),
        ("id: a\nquery: b\ntests:\n  - story: /etc/hostname\n    expect: hit\n", ["4:12:value_error"]),
        ("id: a\nquery: b\ntests:\n  - story: {title: x, bdy: y}\n    expect: hit\n", ["4:28:extra_forbidden"]),
        ("id: a\nquery: b\ntests:\n  - story: x.txt\n    expect: maybe\n", ["5:13:literal_error"]),
        ("id: a\nquery: b\ntests:\n  - expect: hit\n", ["4:5:missing"]),
        # what is no YAML, or no rule
        ("id: a\nquery: [x\n", ["3:1:yaml"]),
        ("id: a\n\tquery: x\n", ["2:1:yaml"]),
        ("id: a\nquery: a: b\n", ["2:9:yaml"]),
        ("just words\n", ["1:1:not-a-rule"]),
        ("- 5\n", ["1:3:not-a-rule"]),
        ("", ["1:1:empty"]),
        ("# only a comment\n", ["1:1:empty"]),
        ("---\n", ["1:1:empty"]),
        (b"\xff\xfei\x00d\x00", ["1:1:encoding"]),
        ("id: a\nquery: München\n".encode("iso-8859-1"), ["1:1:encoding"]),
        ("id: a\nquery: a\x00b\n", ["1:1:yaml"]),
        ("id: a\nquery: " + "x" * MAX_FILE + "\n", ["1:1:too-large"]),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(tmp_path: Path, content: str | bytes, expected: list[str]) -> None:
    """Line, column and code of each fault; the rule itself is not loaded."""
    loaded = load(tmp_path, content)
    assert places(loaded) == expected
    assert loaded.rules == ()
    assert {problem.file for problem in loaded.problems} == {"r.yaml"}
    assert all(problem.detail for problem in loaded.problems)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id: a\nquery: Vietnam\nquery: Hanoi\n", ["3:1:duplicate"]),
        ("id: a\nid: b\nquery: Vietnam\n", ["2:1:duplicate"]),
        ("id: a\nquery: &q Vietnam\nname: *q\n", ["2:8:yaml"]),
        ("id: a\nquery: Vietnam\nexpires: &e 2020-01-01\nname: *e\n", ["3:10:yaml"]),
        ("id: a\nquery: Vietnam\n? [x]\n: 5\n", ["3:3:yaml"]),
        ("id: a\nquery: !!python/name:os.system Vietnam\n", ["2:8:yaml"]),
        ("id: a\nquery: !custom Vietnam\n", ["2:8:yaml"]),
        ("id: a\nquery: Vietnam\ntags: &t [x]\n", ["3:7:yaml"]),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_loaded(tmp_path: Path, content: str, expected: list[str]) -> None:
    """Duplicate fields, anchors and tags are refused: nobody can say which rule was meant."""
    loaded = load(tmp_path, content)
    assert places(loaded) == expected
    assert ids(loaded) == []


def test_all_problems_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    """Several rules, several faults each, and the good rule among them is kept."""
    loaded = load(
        tmp_path,
        "- id: good\n  query: Vietnam\n- id: BAD\n  query: x AND\n  tags: y\n- 5\n- id: good\n  query: Hanoi\n"
        "- id: c\n  query: (a OR b\n  colour: red\n",
    )
    assert ids(loaded) == ["good"]
    assert places(loaded) == [
        "3:7:string_pattern_mismatch", "4:12:missing-term", "5:9:list_type", "6:3:not-a-rule", "7:1:duplicate-id",
        "10:10:unclosed-bracket", "11:11:extra_forbidden",
    ]  # fmt: skip


def test_plain_scalars_stay_text(tmp_path: Path) -> None:
    """``no`` is Norwegian, a year is a word, a date is a name; only true, false and null are special."""
    content = "id: 2024\nname: 2024-01-01\nquery: 0x10\nlanguages: [no, 'no']\ntags: [yes, 1.0, ~x]\nenabled: False\n"
    (rule,) = load(tmp_path, content).rules
    assert (rule.spec.id, rule.spec.name, rule.spec.query) == ("2024", "2024-01-01", "0x10")
    assert (rule.spec.languages, rule.spec.tags, rule.spec.enabled) == (("no",), ("yes", "1.0", "~x"), False)


@pytest.mark.parametrize("nothing", ["null", "~", "", "Null"])
def test_a_field_without_a_value_is_left_out(tmp_path: Path, nothing: str) -> None:
    """YAML's ways to write nothing: the field takes its default; in quotes they are text."""
    (rule,) = load(tmp_path, f"id: a\nquery: Vietnam\nname: {nothing}\nexpires: {nothing}\n").rules
    assert (rule.spec.name, rule.spec.expires) == ("a", None)
    (quoted,) = load(tmp_path, "id: a\nquery: 'null'\nname: 'true'\n").rules
    assert (quoted.spec.name, quoted.spec.query) == ("true", "null")


@pytest.mark.parametrize("opening", ["[", "- "])
def test_endless_nesting_is_a_problem_and_no_crash(tmp_path: Path, opening: str) -> None:
    """A file of nothing but opening brackets is reported; it must not take the process down."""
    (tmp_path / "r.yaml").write_text(opening * 50_000)
    script = "import sys; from pathlib import Path; from monitor.rulebook.load import load_path\n"
    script += "print([p.code for p in load_path(Path(sys.argv[1])).problems])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "r.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, "the process died"
    assert "yaml" in done.stdout


def test_aliases_do_not_expand(tmp_path: Path) -> None:
    """A billion laughs end at the first repetition."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    loaded = load(tmp_path, GOOD + "\n".join(lines) + "\n")
    assert loaded.rules == ()
    assert "yaml" in {problem.code for problem in loaded.problems}


def test_a_file_may_hold_several_rules(tmp_path: Path) -> None:
    """As a list or as documents; each knows its line."""
    listed = load(tmp_path, "- id: a\n  query: x\n- id: b\n  query: y\n")
    documents = load(tmp_path, "id: a\nquery: x\n---\nid: b\nquery: y\n---\n# end\n", "d.yml")
    assert [(rule.spec.id, rule.line) for rule in listed.rules] == [("a", 1), ("b", 3)]
    assert [(rule.spec.id, rule.line) for rule in documents.rules] == [("a", 1), ("b", 4)]
    assert documents.problems == ()


def test_a_folder_gives_the_rules_of_all_its_files(tmp_path: Path) -> None:
    """Subfolders too; fixtures, hidden files and other suffixes aside; names are relative to the folder."""
    for name in ("b.yml", "a.yaml", "deep/er/c.yaml"):
        load(tmp_path, f"id: {Path(name).stem}\nquery: x\n", name)
    for name in ("fixtures/x.yaml", "deep/fixtures/y.yaml", ".hidden/z.yaml", ".z.yaml", "readme.md", "a.yaml~"):
        load(tmp_path, "no rule at all", name)
    load(tmp_path, "id: d\nquery: (\n", "deep/bad.yaml")
    loaded = load_path(tmp_path)
    assert sorted(ids(loaded)) == ["a", "b", "c"]
    assert {problem.file for problem in loaded.problems} == {"deep/bad.yaml"}
    assert len(rule_files(tmp_path)) == 4


def test_odd_things_in_the_folder_hide_no_rule(tmp_path: Path) -> None:
    """A folder named like a file and a link to nowhere are problems of their own."""
    load(tmp_path, GOOD)
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "missing")
    loaded = load_path(tmp_path)
    assert ids(loaded) == ["a"]
    assert sorted(problem.file for problem in loaded.problems) == ["folder.yaml", "nowhere.yaml"]


def test_an_id_is_given_once(tmp_path: Path) -> None:
    """Across files the first one, by name, keeps the id; the other file is told who has it."""
    load(tmp_path, GOOD, "one.yaml")
    load(tmp_path, "id: b\nquery: x\n---\nid: a\nquery: Hanoi\n", "two.yaml")
    loaded = load_path(tmp_path)
    assert {rule.spec.id: rule.spec.query for rule in loaded.rules} == {"a": "Vietnam", "b": "x"}
    assert places(loaded) == ["4:1:duplicate-id"]
    assert "one.yaml:1" in loaded.problems[0].detail


def test_a_path_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    """Unlike a bad file, a missing one leaves nothing to do."""
    with pytest.raises(ConfigurationError, match=r"nothing\.yaml"):
        load_path(tmp_path / "nothing.yaml")


def test_json_lines_are_rules_too(tmp_path: Path) -> None:
    """One object a line; every bad line is reported by its number and hides no other."""
    lines = [
        '{"id": "a", "query": "Vietnam", "tags": ["x"]}', "", '{"id": "a", "query": "Hanoi"}', "{bad", "[]", "5",
        '{"id": "b", "query": "x AND"}', '{"id": "c"}', '{"id": "d", "query": "Łódź"}',
    ]  # fmt: skip
    loaded = load(tmp_path, "\ufeff" + "\r\n".join(lines), "rules.jsonl")
    assert [(rule.spec.id, rule.line) for rule in loaded.rules] == [("a", 1), ("d", 9)]
    assert places(loaded) == [
        "3:1:duplicate-id", "4:1:json", "5:1:model_type", "6:1:model_type", "7:1:missing-term", "8:1:missing",
    ]  # fmt: skip


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_break_ends_a_json_line(tmp_path: Path, separator: str) -> None:
    """Other separators of Unicode are ordinary characters inside a string (jsonlines.org)."""
    line = json.dumps({"id": "a", "query": "Vietnam", "name": f"a{separator}b"}, ensure_ascii=False)
    loaded = load(tmp_path, line + "\n", "rules.jsonl")
    assert [rule.spec.name for rule in loaded.rules] == [f"a{separator}b"]


@pytest.mark.parametrize("line", ["[" * 100_000, '{"a":' * 100_000, '{"id": "x", "query": "\\ud800"}', '{"id": 1e999}'])
def test_a_hostile_json_line_hides_no_other(tmp_path: Path, line: str) -> None:
    """Endless nesting, lone surrogates and numbers beyond all bounds are problems of their line."""
    loaded = load(tmp_path, f"{line}\n" + '{"id": "a", "query": "Vietnam"}\n', "rules.jsonl")
    assert ids(loaded) == ["a"]
    assert {problem.line for problem in loaded.problems} == {1}

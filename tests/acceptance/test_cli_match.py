"""`monitor match`: stories against rules without a store, by the contract that scripts rely on."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_cli import lines, monitor, said

RULES = [
    {"id": "tapir", "name": "Tapirs", "query": "tapir AND (zoo OR forest)"},
    {"id": "coati", "name": "Coatis", "query": '"ring-tailed coati"', "tags": ["x"], "severity": "high"},
    {"id": "off", "name": "Off", "query": "tapir", "enabled": False},
    {"id": "german", "name": "German", "query": "tapir", "languages": ["de"]},
]
STORIES: list[dict[str, Any]] = [
    {"id": "a", "title": "A tapir in the zoo", "body": "", "language": "en"},
    {"id": "b", "title": "", "body": "\U0001f99d Deep in the forest lives a tapir.", "url": "https://a.example/b"},
    {"id": "c", "title": "Ring-tailed coatis", "body": "The ring-tailed coati is at home.", "source": "Wild Times",
     "published": "2026-03-01T10:00:00Z", "language": "en"},
    {"id": "d", "title": "Nothing of note", "body": ""},
]  # fmt: skip
PAIRS = {("a", "tapir"), ("b", "tapir"), ("c", "coati")}


def jsonl(rows: list[dict[str, Any]]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules as JSON lines."""
    path = tmp_path / "rules.jsonl"
    path.write_text(jsonl(RULES))
    return path


def pairs(found: list[dict[str, Any]]) -> set[tuple[Any, str]]:
    """Which story hit which rule."""
    return {(hit["story"], hit["rule"]) for hit in found}


@pytest.mark.parametrize(("kind", "way"), [("folder", "path"), ("file", "-"), ("lines", "left out")])
def test_hits_come_out_as_json_lines(tmp_path: Path, rules: Path, kind: str, way: str) -> None:
    """Rules as a folder, one file or JSON lines, stories as a file or from standard input: the same hits, with
    story, rule, score and spans that cut the words out; a rule that is off or for another language matches nothing.
    """
    (tmp_path / "stories").write_text(jsonl(STORIES))
    source = rules
    if kind != "lines":
        folder = tmp_path / "folder" / "below"
        folder.mkdir(parents=True)
        for rule in RULES:
            (folder / f"{rule['id']}.yaml").write_text(json.dumps(rule))
        source = tmp_path / "folder"
    if kind == "file":
        source = tmp_path / "all.yaml"
        source.write_text(json.dumps(RULES))
    args = {"path": ["--stories", str(tmp_path / "stories")], "-": ["--stories", "-"], "left out": []}[way]
    done = monitor("match", "--rules", source, *args, stdin=jsonl(STORIES), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b""), said(done)
    found = lines(done)
    assert pairs(found) == PAIRS
    stories = {s["id"]: s for s in STORIES}
    for hit in found:
        assert hit.keys() >= {"story", "rule", "score", "spans"}
        assert 0 < hit["score"] <= 1
        words = {stories[hit["story"]][s["field"]][s["start"] : s["end"]].lower() for s in hit["spans"]}
        assert words
        assert words <= {"tapir", "zoo", "forest", "ring-tailed coati"}


def test_an_expired_rule_matches_nothing(rules: Path) -> None:
    """From its ``expires`` on a rule is silent here as it is in the service; before it, it speaks."""
    times = {"past": "2020-01-01T00:00:00Z", "future": "2999-01-01T00:00:00Z"}
    rules.write_text(jsonl([{"id": k, "name": k, "query": "tapir", "expires": v} for k, v in times.items()]))
    done = monitor("match", "--rules", rules, stdin=jsonl(STORIES[:1]))
    assert pairs(lines(done)) == {("a", "future")}


def test_no_hit_exits_1(rules: Path) -> None:
    """Stories that match nothing, and no story at all, print nothing and exit 1."""
    for stdin in (jsonl(STORIES[3:]), "", "\n\n"):
        done = monitor("match", "--rules", rules, stdin=stdin)
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_bad_rules_are_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A bad rule beside a good one is told with file and line; the exit code is still that of the hits."""
    path = tmp_path / "rules.jsonl"
    bad = ['{"id": "open", "name": "o", "query": "(tapir"}', "{", "[]",
           '{"id": "x", "query": "tapir", "bogus": 1}',
           '{"id": "tapir", "name": "twice", "query": "coati"}',
           "[" * 50_000, '{"id": "NO", "query": "tapir"}']  # fmt: skip
    path.write_text("\n".join([json.dumps(RULES[0]), *bad, ""]))
    for stories, code in ((STORIES[:1], 0), (STORIES[3:], 1)):
        done = monitor("match", "--rules", path, stdin=jsonl(stories))
        assert done.returncode == code, said(done)
        assert pairs(lines(done)) == ({("a", "tapir")} if code == 0 else set())
        missing = [n for n in range(2, 9) if f"rules.jsonl:{n}:" not in said(done)]
        assert missing == [], said(done)[:3000]


@pytest.mark.parametrize("kind", ["gone", "empty folder", "empty file", "only bad", "binary", "socket"])
def test_without_a_usable_rule_nothing_can_be_run(tmp_path: Path, kind: str) -> None:
    """Exit 2, with the reason on standard error."""
    path = tmp_path / "rules"
    with socket.socket(socket.AF_UNIX) as open_socket:
        prepare(path, kind, open_socket)
        done = monitor("match", "--rules", path, stdin=jsonl(STORIES))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


def prepare(path: Path, kind: str, open_socket: socket.socket) -> None:
    """Make ``path`` something that holds no usable rule."""
    match kind:
        case "empty folder":
            path.mkdir()
        case "empty file":
            path.touch()
        case "only bad":
            path.write_text('{"id": "a", "query": "("}\n')
        case "binary":
            path.write_bytes(bytes(range(256)) * 10)
        case "socket":
            open_socket.bind(str(path))


@pytest.mark.parametrize("name", ["gone", "."])
def test_stories_that_cannot_be_read_exit_2(tmp_path: Path, rules: Path, name: str) -> None:
    """A file that is not there, or that is a folder."""
    done = monitor("match", "--rules", rules, "--stories", tmp_path / name)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


BAD_LINES = [b"{", b"[]", b"3", b"null", b'"text"', b'{"title": 7}', b'{"title": "t", "body": ["x"]}',
             b"[" * 100_000, b"\xff\xfe\xfd", b'{"title": "t", "language": 4}', b"not json at all"]  # fmt: skip


def test_bad_story_lines_are_reported_and_the_rest_goes_on(rules: Path) -> None:
    """Each bad line is told by its number; the good ones before and after it are matched."""
    good = [json.dumps(STORIES[0] | {"id": n}).encode() for n in range(len(BAD_LINES) + 1)]
    data = [good[0]]
    for bad, after in zip(BAD_LINES, good[1:], strict=True):
        data += [bad, after]
    done = monitor("match", "--rules", rules, stdin=b"\n".join(data))
    assert done.returncode == 0
    assert pairs(lines(done)) == {(n, "tapir") for n in range(len(good))}
    missing = [n for n in range(2, 2 * len(BAD_LINES) + 1, 2) if f"line {n}:" not in said(done)]
    assert missing == []


def test_stories_of_which_none_can_be_read_exit_2(rules: Path) -> None:
    """Lines that are no stories, to the last one, are no run without hits but a wrong file."""
    done = monitor("match", "--rules", rules, stdin=b"\n".join(BAD_LINES))
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"line {len(BAD_LINES)}:" in said(done)


ODD = [
    json.dumps({"id": 1, "title": "tapir zoo"}).encode() + b"\r",
    '{"id": 2, "title": "tapir\u2028zoo"}'.encode(),
    b'{"id": 3, "title": "tapir zoo", "author": "x", "score": 0.5}',
    b'{"id": 4, "title": "tapir zoo", "body": null, "language": null, "url": null}',
    b'{"id": 5, "title": "tapir zoo", "language": "x-klingon_!"}',
    b'{"id": 6, "title": "tapir zoo", "language": "EN_us"}',
    b'{"id": 7, "title": "tapir \\ud83e zoo"}',
    b'{"id": 8, "title": "tapir \\u0000 zoo"}',
    b'  {"id": 9, "title": "tapir zoo"}  ',
    b'{"id": 10, "title": "tapir \xe9 zoo"}',
]
"""Line ends of Windows, separators inside a text, fields unknown or null, languages unknown and regional, a lone
surrogate, a NUL, spaces around, and a byte that is no UTF-8."""


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("how", ["-", "file"])
def test_a_sloppy_story_is_still_a_story(tmp_path: Path, rules: Path, start: bytes, how: str) -> None:
    """What exporters write beside the plain case is read, from a file as from standard input."""
    data = start + b"\n".join(ODD)
    path = tmp_path / "stories.jsonl"
    path.write_bytes(data)
    done = monitor(
        "match", "--rules", rules, "--stories", "-" if how == "-" else path, stdin=data,
        env={"PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert [hit["story"] for hit in lines(done)] == list(range(1, len(ODD) + 1)), said(done)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict"])
def test_any_id_comes_back_as_it_was(rules: Path, encoding: str) -> None:
    """The story of a hit is the very id of the input, whatever the terminal's encoding is; JSON is UTF-8."""
    ids = ["plain", "a\nb", "hist\xf3ria", "\U0001f99d", "\ud800", 7]
    data = jsonl([{"id": id_, "title": "tapir zoo"} for id_ in ids[:4]])
    data += "".join(json.dumps({"id": id_, "title": "tapir zoo"}) + "\n" for id_ in ids[4:])
    done = monitor("match", "--rules", rules, stdin=data, env={"PYTHONIOENCODING": encoding})
    assert [hit["story"] for hit in lines(done)] == ids, said(done)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_utf_8_whatever_the_terminal_is(rules: Path, encoding: str) -> None:
    """A rule's word beyond ASCII is found in a story from standard input under any locale."""
    rules.write_text(json.dumps({"id": "tree", "name": "a", "query": "ağaç"}, ensure_ascii=False) + "\n")
    data = '{"id": 1, "title": "Bir ağaç"}'
    done = monitor("match", "--rules", rules, stdin=data, env={"PYTHONIOENCODING": encoding})
    assert pairs(lines(done)) == {(1, "tree")}, said(done)


def test_a_rule_of_json_lines_may_hold_any_character(rules: Path) -> None:
    """Line separators of Unicode inside a JSON string end no line; only line feeds do."""
    rows = [{"id": f"r{n}", "name": f"a{c}b", "query": "tapir"} for n, c in enumerate("\u2028\u2029\x85\x0b\x1c")]
    rules.write_text(jsonl(rows))
    done = monitor("match", "--rules", rules, stdin=jsonl(STORIES[:1]))
    assert pairs(lines(done)) == {("a", r["id"]) for r in rows}, said(done)


def test_two_thousand_stories_are_fast(tmp_path: Path, rules: Path) -> None:
    """One start-up for all of them: 2,000 stories take seconds, and each is answered once."""
    body = "Keepers say that the animal came from a forest in the south and likes to swim. " * 10
    stories = [{"id": n, "title": f"Tapir number {n}", "body": body, "language": "en"} for n in range(2_000)]
    (tmp_path / "stories").write_text(jsonl(stories))
    started = time.monotonic()
    done = monitor("match", "--rules", rules, "--stories", tmp_path / "stories")
    assert time.monotonic() - started < 15
    assert [hit["story"] for hit in lines(done)] == list(range(2_000))

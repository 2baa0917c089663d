"""Saved stories: the regression tests of a rule, each a file that needs nothing else.

    <folder of the rule's file>/fixtures/<rule>/<story>.yaml

A rule of the API has them below RULES_DIR itself. A file is read as rule files are (``no`` is Norwegian),
and gives back exactly the title and the body that were saved, whatever characters are in them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import ConfigurationError, InvalidInput
from monitor.model.story import Story
from monitor.render.text import iso
from monitor.rulebook.load import FIXTURES, SUFFIXES
from monitor.rulebook.schema import ID_PATTERN, Expect, SavedStory
from monitor.rulebook.yamlmap import read_one

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
# What YAML 1.1 takes as it stands, line breaks other than \n and the byte order mark aside.
_PLAIN = r"\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_ODD = re.compile(f'[^{_PLAIN}]|["\\\\]')
_LITERAL = re.compile(f"[{_PLAIN}\t\n]*\\Z")
_NO_CHARACTER = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A saved story, ``name`` being its id; or why its file cannot be used."""

    name: str
    story: SavedStory | None
    problem: str = ""


class FixtureFolders:
    """The saved stories of many rules; each fixtures folder is listed once, however many rules lie beside it."""

    def __init__(self) -> None:
        self._listed: dict[Path, frozenset[str] | None] = {}

    def of(self, folder: Path, rule: str) -> list[Fixture]:
        """The saved stories of ``rule``, whose file is in ``folder``."""
        if folder not in self._listed:
            self._listed[folder] = _listed(folder / FIXTURES)
        names = self._listed[folder]
        return read_fixtures(folder, rule) if names is None or rule in names else []


def _listed(folder: Path) -> frozenset[str] | None:
    """The names in ``folder``; None where it is there and cannot be read, which each rule's own result then says."""
    try:
        return frozenset(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError:
        return None


def fixture_folders(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every folder of saved stories in ``folder`` and below: where its rule's file should be, and the rule's id."""
    for found in sorted(folder.rglob(FIXTURES)):
        above = found.relative_to(folder).parts[:-1]
        if found.is_dir() and not any(part == FIXTURES or part.startswith(".") for part in above):
            for inner in sorted(found.iterdir()):
                if inner.is_dir() and any(map(_says_so, inner.iterdir())):
                    yield found.parent, inner.name


def _says_so(path: Path) -> bool:
    """Whether a file is a saved story: the stories that tests name lie in such folders as well."""
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    return re.search(r"^expect *:", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE) is not None


def read_fixtures(folder: Path, rule: str) -> list[Fixture]:
    """The saved stories of ``rule``, whose file is in ``folder``, by name. What cannot be used is among them."""
    place = folder / FIXTURES / rule
    try:
        paths = sorted(p for p in place.iterdir() if p.suffix in SUFFIXES and not p.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        return [Fixture(f"{FIXTURES}/{rule}", None, f"the folder {place} cannot be read: {error.strerror}")]
    return [_read(path, rule) for path in paths]


def _read(path: Path, rule: str) -> Fixture:
    try:
        value = read_one(path.read_text(encoding="utf-8-sig"), path.name)
        story = SavedStory.model_validate(value)
    except (OSError, ValueError) as error:
        return Fixture(path.stem, None, f"{path} cannot be read as a saved story: {error}")
    if story.rule != rule:
        problem = f"{path} is of the rule {story.rule!r}; move it to {FIXTURES}/{story.rule}/, or correct its `rule`"
        return Fixture(path.stem, None, problem)
    return Fixture(path.stem, story)


def write_fixture(folder: Path, rule: str, story: Story, expect: Expect, now: int) -> Path:
    """Save ``story`` beside ``rule``, whose file is in ``folder``; what was saved of it before is replaced.

    ``now`` is in milliseconds. Raises ConfigurationError where the file cannot be written, InvalidInput where
    no file can hold the story.
    """
    if not re.match(ID_PATTERN, rule) or not _FILE_NAME.match(story.id):
        raise InvalidInput("story", f"{story.id!r} of the rule {rule!r} makes no file name", "save it by hand")
    text = _text(rule, story, expect, now)
    if not folder.is_dir():  # made here, it would look like a rules folder from which all rules were deleted
        raise ConfigurationError(f"the rules folder {folder} is not there; make or mount it, or set MONITOR_RULES_DIR")
    path = folder / FIXTURES / rule / f"{story.id}.yaml"
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the story cannot be saved as {path} ({error.strerror}); let the user that the service runs as write "
            f"there, or run `monitor rules save-story {rule} {story.id} --expect {expect}` as one who may"
        ) from error
    return path


def _text(rule: str, story: Story, expect: Expect, now: int) -> str:
    at = datetime.fromtimestamp(now // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    fields = {"title": story.title, "language": story.language, "url": story.url, "source": story.source}
    fields["published"] = iso(story.published)
    for name, value in (*fields.items(), ("body", story.body)):
        if value and _NO_CHARACTER.search(value):
            raise InvalidInput("story", f"its {name} holds half a character (a lone surrogate), which no file can hold")
    lines = [f"# Saved on {at} from the story {story.id}.", f"rule: {_quoted(rule)}", f"expect: {expect}"]
    lines += [f"{name}: {_quoted(value)}" for name, value in fields.items() if value is not None]
    # The body comes last: line breaks at its end are then those of the file.
    return "\n".join(lines) + f"\nbody: {_block(story.body)}\n"


def _block(text: str) -> str:
    """``text`` as a literal block; in quotes where it has nothing to show, or characters that need escapes."""
    if not text.strip("\n") or not _LITERAL.match(text):
        return _quoted(text)
    indent = "2" if text[0] in " \t\n" else ""  # else the first line tells it
    ends = len(text) - len(text.rstrip("\n"))
    lines = text[:-1] if ends else text
    shown = "\n".join(f"  {line}" if line else "" for line in lines.split("\n"))
    return f"|{indent}{('-', '', '+')[min(ends, 2)]}\n{shown}"


def _quoted(text: str) -> str:
    return f'"{_ODD.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in '"\\':
        return f"\\{char}"
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or f"\\u{ord(char):04x}"

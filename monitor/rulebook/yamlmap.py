"""YAML to plain values, each with the place where it stands.

Only what a rule needs: mappings, lists, text, true/false and null. Other plain scalars stay text, so
that ``languages: [no]`` is Norwegian and not false. Anchors and tags are refused: they make a few
lines expand without bound, and rules have no use for them. So is deep nesting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from monitor.errors import FileProblem

MAX_NESTING = 20
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A value and the node behind each part of it, by path; ``unclear`` are the mappings with doubtful fields."""

    value: Any
    nodes: dict[Path, yaml.Node] = field(default_factory=dict)
    unclear: set[Path] = field(default_factory=set)

    def node(self, path: Path) -> yaml.Node:
        """The node at ``path``, or the nearest one around it."""
        while path and path not in self.nodes:
            path = path[:-1]
        return self.nodes[path]

    def clear(self, prefix: Path) -> bool:
        """Whether every field at ``prefix`` and below it can be read in one way only."""
        return not any(path[: len(prefix)] == prefix for path in self.unclear)


class Reader:
    """Reads the documents of one file, collecting problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[FileProblem] = []

    def read(self, text: str) -> list[Document]:
        """The documents of ``text`` that hold something; none where it is no YAML, or uses what is refused."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            # Before composing: libyaml composes by recursion and takes the process down on deep nesting.
            if not self._plain(yaml.parse(text, Loader=loader)):
                return []
            roots = list(yaml.compose_all(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._add(line, column, "yaml", f"not valid YAML: {error.problem or error.context}")
            return []
        except yaml.YAMLError as error:
            self._add(1, 1, "yaml", f"not valid YAML: {error}")
            return []
        documents = []
        for root in roots:
            document = Document(None)
            document.value = self._value(root, (), document)
            if document.value is not None:
                documents.append(document)
        return documents

    def _plain(self, events: Iterable[yaml.Event]) -> bool:
        """Whether there are no anchors and tags, and no deep nesting; a problem for each that there is."""
        depth, before = 0, len(self.problems)
        for event in events:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_NESTING:
                    self.problem_at(event, "yaml", f"nested more than {MAX_NESTING} deep")
                    break
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and (event.anchor or event.tag):
                self.problem_at(event, "yaml", "anchors (&) and tags (!) are not allowed", "put text in quotes")
        return len(self.problems) == before

    def problem_at(self, node: yaml.Node | yaml.Event, code: str, detail: str, hint: str = "") -> None:
        """Note a problem where ``node`` begins."""
        mark: Any = node.start_mark  # there is always one; only the types of events leave it open
        self._add(mark.line + 1, mark.column + 1, code, detail, hint)

    def _add(self, line: int, column: int, code: str, detail: str, hint: str = "") -> None:
        self.problems.append(FileProblem(self.file, line, column, code, detail, hint))

    def _value(self, node: yaml.Node, path: Path, document: Document) -> Any:
        document.nodes[path] = node
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*path, i), document) for i, child in enumerate(node.value)]
        found: dict[str, Any] = {}
        for key, child in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(name, str):
                self.problem_at(key, "yaml", "a field's name must be plain text")
                document.unclear.add(path)
            elif name in found:
                self.problem_at(key, "duplicate", f"the field {name!r} stands here twice")
                document.unclear.add(path)
            else:
                found[name] = self._value(child, (*path, name), document)
        return found


def read_one(text: str, file: str) -> Any:
    """The value of the one document in ``text``. Raises ValueError where there is a problem, or another number."""
    reader = Reader(file)
    documents = reader.read(text)
    if reader.problems:
        raise ValueError(str(reader.problems[0]))
    if len(documents) != 1:
        raise ValueError(f"it holds {len(documents)} documents, not one")
    return documents[0].value


def _scalar(node: yaml.ScalarNode) -> str | bool | None:
    if not node.style:  # a plain scalar: None from Python's parser, "" from libyaml's
        if node.value.lower() in ("true", "false"):
            return bool(node.value.lower() == "true")
        if node.value.lower() in ("null", "~", ""):
            return None
    return str(node.value)


def place_in(node: yaml.Node, text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character ``offset`` of a scalar's value.

    Exact for plain, quoted one-line and literal block scalars without escapes; else near by.
    """
    line, column = node.start_mark.line, node.start_mark.column
    style = getattr(node, "style", None)
    if style in ("|", ">"):
        inside = text.splitlines()[line + 1 :]
        first = next((part for part in inside if part.strip()), "")
        indent = len(first) - len(first.lstrip())
        if style == ">":  # folded: line breaks became spaces, so count along the source lines
            left = offset
            for number, part in enumerate(inside, line + 2):
                width = len(part.strip())
                if left <= width:
                    return number, indent + left + 1
                left -= width + 1
        before = str(node.value)[:offset]
        return line + 2 + before.count("\n"), indent + len(before) - (before.rfind("\n") + 1) + 1
    return line + 1, column + offset + (1 if style in ("'", '"') else 0) + 1

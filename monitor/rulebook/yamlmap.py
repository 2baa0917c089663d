"""YAML to plain values, each with the place where it stands.

Only what a rule needs: mappings, lists, text, true/false and null. Other plain scalars stay text, so
that ``languages: [no]`` is Norwegian and not false. Anchors and tags are refused: they make a few
lines expand without bound, and rules have no use for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from monitor.errors import FileProblem

MAX_NESTING = 20
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A value and the node behind each part of it, by path."""

    value: Any
    nodes: dict[Path, yaml.Node] = field(default_factory=dict)

    def node(self, path: Path) -> yaml.Node:
        """The node at ``path``, or the nearest one around it."""
        while path and path not in self.nodes:
            path = path[:-1]
        return self.nodes[path]


class Reader:
    """Reads the documents of one file, collecting problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[FileProblem] = []

    def read(self, text: str) -> list[Document]:
        """The documents of ``text``; none where it is no YAML."""
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            roots = list(yaml.compose_all(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._add(line, column, "yaml", f"not valid YAML: {error.problem or error.context}")
            return []
        except (yaml.YAMLError, RecursionError) as error:
            self._add(1, 1, "yaml", f"not valid YAML: {error}")
            return []
        documents = []
        for root in roots:
            if root is not None:
                document = Document(None)
                document.value = self._value(root, (), document, set())
                documents.append(document)
        return documents

    def problem_at(self, node: yaml.Node, code: str, detail: str, hint: str = "") -> None:
        """Note a problem where ``node`` begins."""
        self._add(node.start_mark.line + 1, node.start_mark.column + 1, code, detail, hint)

    def _add(self, line: int, column: int, code: str, detail: str, hint: str = "") -> None:
        self.problems.append(FileProblem(self.file, line, column, code, detail, hint))

    def _value(self, node: yaml.Node, path: Path, document: Document, above: set[int]) -> Any:
        document.nodes[path] = node
        if id(node) in above or len(path) > MAX_NESTING:
            self.problem_at(node, "yaml", "anchors, aliases and such deep nesting are not allowed in rules")
            return None
        above.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*path, i), document, above) for i, child in enumerate(node.value)]
        found: dict[str, Any] = {}
        for key, child in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if not isinstance(name, str):
                self.problem_at(key, "yaml", "a field's name must be plain text")
            elif name in found:
                self.problem_at(key, "duplicate", f"the field {name!r} stands here twice")
            else:
                found[name] = self._value(child, (*path, name), document, above)
        return found


def _scalar(node: yaml.ScalarNode) -> str | bool | None:
    if node.style is None:
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
        lines = text.splitlines()
        before = str(node.value)[:offset]
        inside = before.count("\n")
        first = next((i for i in range(line + 1, len(lines)) if lines[i].strip()), line + 1)
        indent = len(lines[first]) - len(lines[first].lstrip()) if first < len(lines) else 0
        if style == ">":  # folded: line breaks became spaces, so count along the source lines
            left = offset
            for i in range(first, len(lines)):
                width = len(lines[i].strip())
                if left <= width:
                    return i + 1, indent + left + 1
                left -= width + 1
        return first + inside + 1, indent + len(before) - (before.rfind("\n") + 1) + 1
    return line + 1, column + offset + (1 if style in ("'", '"') else 0) + 1

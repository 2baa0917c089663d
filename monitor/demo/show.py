"""How the demo looks on a terminal: calm lines of a time, a word and a text, at most 80 columns wide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from monitor.match.explain import Explanation
from monitor.model.hit import Hit
from monitor.render.marks import pieces

WIDTH = 80
INDENT = 18
FIRST_WORDS = 3
"""Alternatives of a rule's part that are shown; the shipped rules have dozens."""


class Show:
    """Prints to ``console``: matched words in colour where it has any, in brackets otherwise."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str, style: str = "") -> None:
        """A paragraph of its own."""
        self._wrapped(Text(), Text(text, style))

    def place(self, name: str, place: str) -> None:
        """Where something is to be found; in one line, so that it can be copied or clicked."""
        self._console.print(Text(f"{name:<10}{place}"), soft_wrap=True)

    def line(self, word: str, text: Text | str, style: str = "") -> None:
        """Something that happened now."""
        self._row(f"{datetime.now().astimezone():%H:%M:%S}", Text(word, style), text)

    def more(self, text: Text | str, style: str = "dim") -> None:
        """More on what the line above says."""
        self._row("", Text(), Text(text, style) if isinstance(text, str) else text)

    def _row(self, time: str, word: Text, text: Text | str) -> None:
        head = Text.assemble((f"{time:<8}", "dim"), "  ", word)
        head.pad_right(INDENT - len(head))
        self._wrapped(head, Text(text) if isinstance(text, str) else text)

    def _wrapped(self, head: Text, text: Text) -> None:
        """``text`` in lines, the first behind ``head``, the others as far in."""
        room = max(min(self._console.width, WIDTH) - len(head), 20)
        for line in text.wrap(self._console, room) or [Text()]:
            line.rstrip()
            self._console.print(head + line, soft_wrap=True)
            head = Text(" " * len(head))

    def hit(self, hits: Sequence[Hit]) -> None:
        """A story and every rule that it hit."""
        first = hits[0]
        self.line("HIT", Text(" + ".join(hit.rule_name for hit in hits), "bold"), "bold green")
        title = [(s.start, s.end) for hit in hits for s in hit.spans if s.field == "title"]
        self.more(self.marked(first.title, title))
        best = max(hits, key=lambda hit: len(hit.snippet.spans))
        self.more(self.marked(best.snippet.text, best.snippet.spans))

    def marked(self, text: str, spans: Sequence[tuple[int, int]]) -> Text:
        """``text`` with the matched stretches marked."""
        shown = Text()
        for piece in pieces(text, spans):
            if not piece.marked:
                shown.append(piece.text)
            elif self._console.color_system is None:
                shown.append(f"[{piece.text}]")
            else:
                shown.append(piece.text, "bold yellow")
        return shown


def why_not(explanation: Explanation) -> str:
    """The first thing that kept a rule from a story, in a few words."""
    parts = explanation.parts if explanation.kind in ("all", "topic") else (explanation,)
    if explanation.kind == "topic" and all(part.matched for part in parts):
        return f"too little of {min(parts, key=lambda part: part.score or 0).query}"
    first, *more = [part for part in parts if not part.matched]
    return _lacking(first) + (", and more" if more else "")


def _lacking(part: Explanation) -> str:
    if part.kind == "not":
        return f"excluded by {part.query.removeprefix('NOT ')}"
    if part.kind == "any" and len(part.parts) > FIRST_WORDS:
        first = " or ".join(p.query for p in part.parts[:FIRST_WORDS])
        return f"missing {first} or {len(part.parts) - FIRST_WORDS} others"
    return f"missing {part.query}"


def home_relative(path: Path) -> str:
    """A path as a reader knows it, with ~ for the home folder."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)

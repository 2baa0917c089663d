"""A page as a browser would show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Seen(HTMLParser):
    """What a browser would show: the text of each element with a class, the links, and all tags."""

    texts: list[tuple[str, str]] = field(default_factory=list)  # class, text
    links: list[tuple[str, str]] = field(default_factory=list)  # address, text
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[tuple[str, str, list[str]]] = field(default_factory=list)
    address: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append((tag, dict(attrs).get("class") or "", []))
            self.address = dict(attrs).get("href") or self.address
        elif tag == "br":
            self.handle_data("\n")

    def handle_data(self, data: str) -> None:
        for _, _, parts in self.open:
            parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        opened, kind, parts = self.open.pop()
        assert opened == tag, f"<{opened}> ends as </{tag}>"
        self.texts.append((kind, "".join(parts)))
        if tag == "a":
            self.links.append((self.address, "".join(parts)))

    def all(self, kind: str) -> list[str]:
        """The texts of elements of a class, in the order of their ends."""
        return [text for found, text in self.texts if kind in found.split()]


def seen(html: str) -> Seen:
    """``html`` as a browser would take it; every tag that was opened is closed."""
    made = Seen()
    made.feed(html)
    made.close()
    assert not made.open
    return made

"""What a mail keeps to: the size that mail programs show whole, and colours that people can read."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from monitor.model.hit import Hit, Snippet, Span
from monitor.render.mail import (
    MAX_HTML,
    render_page,
)
from monitor.render.marks import COLUMNS
from monitor.render.outline import TITLE
from monitor.settings import shipped
from tests.harness.page import seen
from tests.unit.test_render_mail import PAGE, TEMPLATES, facts, hit, mail

# ── size ──

EVERYTHING: dict[str, Any] = {
    "title": "&" * 9_000,
    "url": "https://news.example/" + "&" * 1_990,
    "source": "<" * 9_000,
    "language": "&" * 9_000,
    "spans": tuple(Span("title", i, i + 1) for i in range(0, 9_000, 2)),
    "snippet": Snippet("\U00020000" * 9_000, tuple((i, i + 1) for i in range(0, 9_000, 2))),
}
WIDE = "越南国防部长访问" * 35


def big(number: int, rules: int, **changes: Any) -> list[Hit]:
    """Hits with snippets of full length, spread over rules."""
    text = f"Story of {number} hits " + "words that fill a snippet " * 10
    made = {
        "title": "A headline of the usual length about what was bought and by whom",
        "snippet": Snippet(text, ((0, 5),)),
    }
    return [hit(i, f"rule{i % rules}", **{**made, **changes}) for i in range(number)]


@pytest.mark.parametrize(
    ("hits", "fewest"),
    [
        (big(1, 1), 1),
        (big(20, 3), 20),
        (big(300, 5), 40),
        (big(1_000, 1), 40),
        (big(1_000, 1, title="t" * 1_000), 25),
        (big(300, 5, title=WIDE * 4, snippet=Snippet(WIDE, ((0, 2), (4, 8)))), 20),
        (big(50, 1, title="<&>" * 300, snippet=Snippet("😀" * 280, tuple((i, i + 1) for i in range(0, 280, 2)))), 2),
        (big(1_000, 1_000), 40),
        (big(300, 300, rule_name="名" * 500, source="源" * 500, title=WIDE * 4), 15),
        (big(3, 1, url="https://news.example/" + "u" * 100_000), 3),
        (big(9, 9, **EVERYTHING), 1),
    ],
    ids=["1", "20", "300 of 5", "1000 of 1", "long titles", "wide", "marks", "rules", "names", "url", "all"],
)
def test_mail_fits_and_shows_as_much_as_it_can(hits: list[Hit], fewest: int) -> None:
    """However many hits: at most MAX_HTML bytes, quickly, nearly filled, and what is left out is counted."""
    started = time.process_time()
    made = mail(hits)
    assert time.process_time() - started < 2
    shown = len(seen(made.html).all("title"))
    assert shown >= fewest
    notes = "\n".join(seen(made.html).all("meta"))
    more = sum(int(n.replace(",", "")) for n in re.findall(r"^([\d,]+) more in this rule$", notes, re.MULTILINE))
    rules = len({each.rule for each in hits})
    left = sum(int(n) for n in re.findall(r"^(\d+) more rules?$", notes, re.MULTILINE))
    if not left:
        assert shown + more == len(hits)
    assert len(seen(made.html).all("name")) + left == rules
    if shown < len(hits):
        assert seen(made.html).all("more").count(f"All {len(hits):,} hits") == 2
        # One more of each rule would not have fitted.
        assert len(made.html.encode()) * (1 + min(rules, shown) / shown) > MAX_HTML * 0.9
    assert len(seen(render_page(facts(hits), TEMPLATES)).all("title")) == len(hits)


def test_every_rule_keeps_its_newest() -> None:
    """A rule with many hits does not push out one with few."""
    shown = seen(mail([*big(600, 1), *[hit(i, "quiet", title=f"Quiet {i}") for i in (900, 901)]]).html)
    assert {"Quiet 900", "Quiet 901"} <= set(shown.all("title"))
    assert any(
        re.fullmatch(r"This mail shows the newest \d+ hits of each rule\..*", m, re.DOTALL) for m in shown.all("meta")
    )


def test_text_twin_shows_the_same_hits() -> None:
    """What the HTML leaves out is left out of the text, and counted there, too."""
    made = mail([hit(i, title=f"T{i}.", snippet=Snippet("words " * 46, ())) for i in range(300)])
    titles = seen(made.html).all("title")
    assert [row for row in made.text.splitlines() if re.fullmatch(r"T\d+\.", row)] == titles
    assert f"\n{300 - len(titles)} more in this rule\n" in made.text
    assert max(len(row) for row in made.text.splitlines()) <= COLUMNS


def test_long_titles_are_whole_on_the_page() -> None:
    """A mail cuts a title of a thousand characters; the page shows it."""
    title = "word " * 200
    assert seen(mail([hit(title=title)]).html).all("title")[0].endswith("word…")
    assert len(seen(mail([hit(title=title)]).html).all("title")[0]) <= TITLE
    assert seen(render_page(facts([hit(title=title)]), TEMPLATES)).all("title") == [title]


def test_a_digest_that_stands_for_more_says_so() -> None:
    """If only some of the hits are given, the mail says how many of how many."""
    made = mail([hit(i) for i in range(5)], total=3_000)
    assert "It names 5 of 3,000 hits." in made.text
    assert (PAGE, "All 3,000 hits") in seen(made.html).links


# ── colours ──


def colours(name: str) -> dict[str, dict[str, str]]:
    """The colours of a style sheet, by selector and property."""
    found: dict[str, dict[str, str]] = {}
    for selectors, rules in re.findall(r"([^{}]+)\{([^{}]+)\}", (shipped("templates") / "mail" / name).read_text()):
        for selector in selectors.split(","):
            for key, value in re.findall(r"([a-z-]+): (#[0-9a-f]{6})", rules):
                found.setdefault(selector.strip(), {})[key] = value
    return found


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sheet", ["light.css", "screens.css"])
def test_text_can_be_read(sheet: str) -> None:
    """All text has a contrast of 4.5 or more (WCAG AA) on the sheet, and on a mark where it can be marked."""
    found = colours(sheet)
    paper, mark = found[".sheet"]["background-color"], found[".mark"]["background-color"]
    inks = {name: kinds["color"] for name, kinds in found.items() if "color" in kinds}
    assert {".summary", ".name", ".title", ".meta", ".text", ".link", ".more", ".high", ".critical"} <= set(inks)
    for name, ink in inks.items():
        assert contrast(ink, paper) >= 4.5, name
    for name in (".title", ".text", ".link"):
        assert contrast(inks[name], mark) >= 4.5, name


def test_dark_mode_wins_over_inlined_colours() -> None:
    """Every colour of the light sheet has a dark twin, and it is important, since inlined styles are strong."""
    assert set(colours("light.css")) <= set(colours("screens.css"))
    dark = (shipped("templates") / "mail" / "screens.css").read_text().split("@media (prefers-color-scheme: dark)")[1]
    assert all("!important" in rule for rule in re.findall(r"[a-z-]+: #[^;}]*", dark))

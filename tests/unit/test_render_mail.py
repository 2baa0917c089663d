"""What a mail looks like to the programs and people that read it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

from monitor.model.hit import AlertDecision, Hit, Snippet, Span
from monitor.model.rule import Severity
from monitor.render.mail import (
    MAX_HTML,
    MAX_SUBJECT,
    MailFacts,
    Rendered,
    mail_environment,
    render_mail,
    render_page,
    render_test,
)
from monitor.render.marks import COLUMNS, clean, cut, line, matched, merged, pieces, starred, wrapped
from monitor.render.outline import TITLE, link
from monitor.settings import shipped

TEMPLATES = mail_environment(str(shipped("templates")))
HOUR = 3_600_000
NOW = 1_795_500_000_000  # 2026-11-24 06:00 UTC
PAGE, UNSUBSCRIBE = "https://monitor.example/p/t", "https://monitor.example/u/t"


def hit(number: int = 0, rule: str = "vietnam", **changes: Any) -> Hit:
    """Hit of ``rule`` on story ``number``, an hour older the higher the number."""
    seen = NOW - number * HOUR
    made = Hit(
        id=f"{rule}.s{number}", rule=rule, rule_name=rule.title(), rule_version=1, rule_tags=(),
        severity=Severity.NORMAL, story=f"s{number}", title=f"Title {number}", url=f"https://news.example/{number}",
        source="Northern Wire", language="en", published=seen, first_seen=seen, matched_at=seen, score=1.0,
        spans=(), snippet=Snippet(f"Body {number}", ()), decision=AlertDecision(alert=True, reason="live"),
        link_key=None, text_key=None,
    )  # fmt: skip
    return replace(made, **changes)


def facts(hits: Iterable[Hit], **changes: Any) -> MailFacts:
    """A digest of ``hits``."""
    known = list(hits)
    made = MailFacts("Asia desk", known, {}, len(known), "2026-11-24 07:00", "Europe/Berlin", PAGE, UNSUBSCRIBE)
    return replace(made, **changes)


def mail(hits: Iterable[Hit], **changes: Any) -> Rendered:
    """The mail of ``hits``, which is within its limits."""
    made = render_mail(facts(hits, **changes), TEMPLATES)
    assert len(made.html.encode()) <= MAX_HTML
    assert len(made.subject) <= 120
    assert made.subject.isprintable()
    return made


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


# ── marks ──

SPANS = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=8)


@given(st.text(max_size=30), SPANS)
def test_marks_neither_lose_nor_repeat_text(text: str, spans: list[tuple[int, int]]) -> None:
    """Whatever the spans, the pieces are the text, and marked are the characters inside a span."""
    made = pieces(text, spans)
    assert "".join(piece.text for piece in made) == clean(text)
    inside = [any(a <= at < b for a, b in spans) for at in range(len(text))]
    expected = "".join(clean(c) for c, marked in zip(text, inside, strict=True) if marked and not c.isspace())
    # Marks with only space between are joined, so spaces are left out of the comparison.
    assert re.sub(r"\s", "", "".join(p.text for p in made if p.marked)) == re.sub(r"\s", "", expected)


@given(SPANS, st.integers(0, 30))
def test_merged_spans_are_apart(spans: list[tuple[int, int]], length: int) -> None:
    """Spans come out in order, not empty, in range, with something between them."""
    places = [edge for span in merged(spans, length) for edge in span]
    assert places == sorted(set(places))
    assert all(0 <= place <= length for place in places)


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([], "fighter jets fly"),
        ([(0, 12)], "*fighter jets* fly"),
        ([(8, 12), (0, 7)], "*fighter jets* fly"),
        ([(0, 12), (8, 12), (3, 5)], "*fighter jets* fly"),
        ([(0, 7), (13, 16)], "*fighter* jets *fly*"),
        ([(5, 5), (9, 3), (40, 50), (-4, -1)], "fighter jets fly"),
        ([(-4, 3), (13, 99)], "*fig*hter jets *fly*"),
    ],
)
def test_marked_words_are_starred(spans: list[tuple[int, int]], text: str) -> None:
    """Plain text has its matched words between asterisks."""
    assert starred(pieces("fighter jets fly", spans)) == text


def test_matched_words_are_named_once() -> None:
    """Words stand as in the text, once whatever their case, and eight of them at most."""
    assert matched([("Arms and ARMS", [(0, 4), (9, 13)]), ("jets", [(0, 4)])]) == ("Arms", "jets")
    assert matched([("a b c d e f g h i j", [(i, i + 1) for i in range(0, 19, 2)])]) == tuple("abcdefgh")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("a\x00\x1b[31m\x85b", "a [31m b"),
        ("a\u2028b\u2029c", "a b c"),
        ("a\u202eb\u2066c", "abc"),
        ("a\ud800b", "a\ufffdb"),
        ("👩\u200d🚒 می\u200cخواهم", "👩\u200d🚒 می\u200cخواهم"),
    ],
)
def test_hostile_characters_are_cleaned(text: str, cleaned: str) -> None:
    """Control characters, line separators, direction overrides and surrogates do no harm; joiners stay."""
    assert line(text) == cleaned


@given(st.text(), st.integers(1, 40))
def test_cut_text_is_no_longer_than_asked(text: str, most: int) -> None:
    """A cut text fits, and says that it was cut."""
    made = cut(text, most)
    assert len(made) <= most
    assert made == text or made.endswith("…")


@given(st.text(alphabet="ab長安。, \n", max_size=300), st.sampled_from(["", "  "]))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, indent: str) -> None:
    """All words are there in order, and only what cannot be broken is longer than a line."""
    lines = wrapped(text, indent).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(row.startswith(indent) for row in lines)
    for row in lines:
        assert sum(1 + (c > "\u2e80") for c in row) <= COLUMNS + 2 or not re.search(r"[ 長安]", row.strip())


def test_wrapping_breaks_no_url() -> None:
    """An address longer than a line stays whole, on a line of its own."""
    url = "https://news.example/" + "long-path/" * 20
    assert f"\n{url}\n" in wrapped(f"Read this: {url} and tell {'x' * 70}")


# ── links ──


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://news.example/a?b=c&d=é", True),
        ("HTTP://news.example", True),
        (None, False),
        ("", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("https:alert(1)", False),
        ("data:text/html,x", False),
        ("//news.example/", False),
        (" https://news.example/", False),
        ('https://news.example/" onclick="x', False),
        ("https://news.example/\u202egpj", False),
        ("https://news.example/\ud800", False),
        ("https://news.example/" + "u" * 3_000, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, good: bool) -> None:
    """A title links to http and https only; otherwise it is plain text, in every form of the mail."""
    assert (link(url) is not None) == good
    made = mail([hit(url=url)], page_url=None, unsubscribe_url=None)
    assert [address for address, _ in seen(made.html).links] == ([url] if good else [])
    assert (f"  {url}\n" in made.text) == good
    assert seen(made.html).all("title") == ["Title 0"]


# ── subjects ──

LONG = "A very long name of a rule that goes on and on " * 5


@pytest.mark.parametrize(
    ("made", "subject"),
    [
        (facts([hit(i) for i in range(8)] + [hit(i, "putin") for i in range(8, 12)]), "12 hits: Vietnam 8, Putin 4"),
        (facts([hit()]), "1 hit: Vietnam"),
        (facts([hit()], total=1_234), "1,234 hits: Vietnam"),
        (facts([hit(), hit(1, "putin")], total=9), "9 hits: Putin, Vietnam"),
        (facts([hit(severity=Severity.CRITICAL)]), "[CRITICAL] 1 hit: Vietnam"),
        (facts([], total=0), "All quiet: Asia desk, no hits since the last digest"),
        (facts([hit()], run=None), "Vietnam: Title 0"),
        (facts([hit(severity=Severity.CRITICAL)], run=None), "[CRITICAL] Vietnam: Title 0"),
        (facts([hit(), hit(rule="jets")], run=None), "Jets (+1 rule): Title 0"),
        (facts([hit(title="")], run=None), "Vietnam: (no title)"),
        (facts([hit(title="a\r\nBcc: x\x00\u2028b\u202ec")], run=None), "Vietnam: a Bcc: x bc"),
        (facts([hit(), hit(1)], run=None), "2 hits: Vietnam"),
    ],
)
def test_subject(made: MailFacts, subject: str) -> None:
    """The subject says in one line what happened."""
    assert render_mail(made, TEMPLATES).subject == subject


def test_long_subjects_are_cut_sensibly() -> None:
    """What does not fit is counted or cut, whatever is long."""
    many = mail([hit(i, f"rule-number-{i}") for i in range(30)]).subject
    assert re.fullmatch(r"30 hits: (Rule-Number-\d+ 1, )*Rule-Number-\d+ 1 and \d+ more rules", many)
    assert len(many) > 90
    assert mail([hit(rule_name=LONG)]).subject.endswith("…")
    assert mail([hit(rule_name=LONG, title=LONG)], run=None).subject.count("…") == 2
    assert mail([], subscription=LONG).subject.startswith("All quiet: A very long name")


@given(st.text(max_size=200), st.text(max_size=80))
def test_subject_is_one_line(title: str, name: str) -> None:
    """No title and no name brings a line break or a control character into a subject."""
    for run in (None, "2026-11-24 07:00"):
        made = render_mail(facts([hit(title=title, rule_name=name)], run=run, subscription=name), TEMPLATES)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", made.subject)
        assert len(made.subject) <= MAX_SUBJECT


# ── HTML ──

HOSTILE = "<script>x</script>\"'&amp;&lt;</td></table>{{ 7 * 7 }}<!-- --> ]]>"


TEXT = st.text(max_size=60) | st.text(alphabet="<>&;/!-=#\"'abp ", max_size=60)


@given(TEXT, SPANS, TEXT, SPANS)
def test_a_reader_sees_the_very_text(title: str, spans: list[tuple[int, int]], body: str, marks: list[Any]) -> None:
    """Title and snippet are shown as they are, whatever they hold and wherever they matched."""
    made = hit(title=title, spans=tuple(Span("title", *s) for s in spans), snippet=Snippet(body, tuple(marks)))
    page = seen(render_page(facts([made]), TEMPLATES))
    assert page.all("title") == [clean(title) or "(no title)"]
    assert page.all("text") == ([clean(body)] if clean(body) else [])
    sent = seen(mail([made]).html)
    assert sent.all("title") == page.all("title")
    assert sent.all("text") == page.all("text")


@pytest.mark.parametrize("place", ["title", "source", "rule_name", "language", "snippet", "subscription", "copies"])
def test_nothing_of_others_becomes_markup(place: str) -> None:
    """Markup in a feed, a rule or a name is text: tags are the same as without it."""
    plain = [hit(), hit(1, "jets")]
    copies = {plain[0].id: [hit(9, source="Bay Post")]}
    change: dict[str, Any] = {place: Snippet(HOSTILE, ()) if place == "snippet" else HOSTILE}
    hostile = [plain[0], replace(plain[1], **change)] if place not in {"subscription", "copies"} else plain
    name = HOSTILE if place == "subscription" else "Asia desk"
    bad_copies = {plain[0].id: [hit(9, source=HOSTILE)]} if place == "copies" else copies

    def tags(html: str) -> list[str]:
        return [tag for tag, _ in seen(html).tags]

    assert tags(mail(hostile, subscription=name, copies=bad_copies).html) == tags(mail(plain, copies=copies).html)
    assert tags(render_page(facts(hostile, subscription=name, copies=bad_copies), TEMPLATES)) == tags(
        render_page(facts(plain, copies=copies), TEMPLATES)
    )
    if place == "subscription":
        test = render_test(HOSTILE, "UTC", NOW, TEMPLATES)
        assert [t for t, _ in seen(test.html).tags] == [
            t for t, _ in seen(render_test("a", "UTC", NOW, TEMPLATES).html).tags
        ]


def test_a_mail_loads_nothing() -> None:
    """No script, image, form or style from elsewhere; dark mode, and the style that programs without it need."""
    html = mail([hit()]).html
    names = {tag for tag, _ in seen(html).tags}
    assert not names & {"script", "img", "link", "iframe", "form", "object", "svg", "video"}
    assert not re.search(r"url\(|@import|\bsrc=", html)
    assert "prefers-color-scheme: dark" in html
    assert all("style" in found for tag, found in seen(html).tags if found.get("class") and tag != "tr")


def test_times_are_the_readers() -> None:
    """Times stand in the subscription's zone: when it was published, else when it was first seen."""
    hits = [
        hit(0, published=NOW),
        hit(1, published=None, first_seen=NOW - 1),
        hit(2, published=1_792_890_000_000),  # summer
        hit(3, published=10**18),
    ]
    made = seen(render_page(facts(hits), TEMPLATES)).all("meta")
    text = "\n".join(made)
    assert "Northern Wire · 24 Nov 2026, 07:00" in text
    assert "Northern Wire · 24 Nov 2026, 06:59" in text
    assert "Northern Wire · 25 Oct 2026, 02:00" in text  # the first of two
    assert "Northern Wire · at an impossible time" in text
    assert "Times are in Europe/Berlin." in text


def test_sections_are_in_order() -> None:
    """Sections by severity, number of hits, then name; within one the newest first."""
    hits = [
        hit(0, "zebra"), hit(5, "many"), hit(4, "many"), hit(1, "apple"),
        hit(9, "grave", severity=Severity.CRITICAL), hit(8, "big", severity=Severity.HIGH),
        hit(7, "small", severity=Severity.LOW), hit(6, "small", severity=Severity.LOW),
    ]  # fmt: skip
    made = mail(hits)
    names = [name.split("\u00a0")[0].strip() for name in seen(made.html).all("name")]
    assert names == ["Grave", "Big", "Many", "Apple", "Zebra", "Small"]
    assert seen(made.html).all("title") == [f"Title {i}" for i in (9, 8, 4, 5, 1, 0, 6, 7)]
    assert (seen(made.html).all("critical"), seen(made.html).all("high")) == (["Critical"], ["High"])
    assert [row for row in made.text.splitlines() if row.startswith("Title")] == seen(made.html).all("title")


def test_a_story_of_several_rules_stands_once() -> None:
    """It is in the first section that it belongs to, which names the others; those count it and say where it is."""
    hits = [hit(0, "many"), hit(1, "many"), hit(0, "few", severity=Severity.LOW, snippet=Snippet("x", ((0, 1),)))]
    made = mail(hits)
    shown = seen(made.html)
    assert shown.all("title") == ["Title 0", "Title 1"]
    assert "matched: x\nalso: Few" in shown.all("meta")
    assert [" ".join(name.split()) for name in shown.all("name")] == ["Many 2 hits", "Few 1 hit"]
    assert "listed above, under another rule" in shown.all("meta")
    both = mail([*hits, hit(2, "few", severity=Severity.LOW)])
    assert "1 of them listed above, under another rule" in seen(both.html).all("meta")
    assert "1 of them listed above, under another rule" in both.text
    assert made.text.count("Title 0") == 1
    assert "also: Few" in made.text


def test_copies_are_folded() -> None:
    """A hit names the other outlets that carry it, each once, and not its own."""
    outlets = ["Bay Post", "bay post", "Northern Wire", None, *[f"Paper {i}" for i in range(9)]]
    copies = [hit(i + 1, source=source, url="https://bay.example/1") for i, source in enumerate(outlets)]
    made = mail([hit()], copies={hit().id: copies})
    said = "also in 11 outlets: bay post, bay.example, Paper 0, Paper 1, Paper 2 and 6 more"
    assert said in "\n".join(seen(made.html).all("meta"))
    assert said in " ".join(made.text.split())
    assert "Paper 8" in render_page(facts([hit()], copies={hit().id: copies}), TEMPLATES)
    one = mail([hit()], copies={hit().id: copies[:1]})
    assert "also in 1 outlet: Bay Post" in one.text


def test_what_matched_is_shown() -> None:
    """Words that matched are marked in title and snippet, starred in the text, and listed."""
    made = mail(
        [hit(title="Hanoi buys jets", spans=(Span("title", 11, 15),), snippet=Snippet("New Jets fly", ((4, 8),)))]
    )
    assert seen(made.html).all("mark") == ["jets", "Jets"]
    assert "matched: jets" in seen(made.html).all("meta")
    assert "Hanoi buys *jets*" in made.text
    assert "  New *Jets* fly\n  matched: jets\n" in made.text


def test_other_scripts_have_their_direction() -> None:
    """Titles and snippets carry dir=auto and their language."""
    made = seen(mail([hit(title="שלום", language="he", snippet=Snippet("مرحبا", ()))]).html)
    for kind in ("title", "text"):
        (found,) = [found for _, found in made.tags if found.get("class") == kind]
        assert (found["dir"], found["lang"]) == ("auto", "he")


# ── what links where ──


def test_links_to_the_page_and_out() -> None:
    """Both stand near the top and at the bottom, the text ends with the way out; none where there is none."""
    made = mail([hit(), hit(1)])
    links = [pair for pair in seen(made.html).links if "monitor.example" in pair[0]]
    assert links == [(PAGE, "All 2 hits"), (UNSUBSCRIBE, "Unsubscribe")] * 2
    assert made.html.index(UNSUBSCRIBE) < made.html.index("Title 0")
    assert made.text.endswith(f"\nUnsubscribe:\n{UNSUBSCRIBE}\n")
    assert f"All 2 hits:\n{PAGE}\n" in made.text
    without = mail([hit(), hit(1)], page_url=None, unsubscribe_url=None)
    assert "monitor.example" not in without.html + without.text
    assert "Unsubscribe" not in without.html + without.text


def test_a_page_gives_no_way_to_unsubscribe() -> None:
    """A page is read by anyone with its link; they must not be able to end the subscription."""
    page = render_page(facts([hit()]), TEMPLATES)
    assert UNSUBSCRIBE not in page
    assert "Unsubscribe" not in page
    assert "noindex" in page


def test_an_alert_shows_its_story_at_once() -> None:
    """An instant alert has the rule as its headline, the story below and no section of its own."""
    sent = mail([hit(severity=Severity.HIGH), hit(rule="jets", severity=Severity.LOW)], run=None)
    assert sent.text.startswith("Vietnam, high\nAsia desk, alert\n")
    assert sent.text.count("Title 0") == 1
    assert "hit" not in sent.text.replace("hits:", "")
    made = seen(sent.html)
    assert [" ".join(text.split()) for text in made.all("summary")] == ["Vietnam · High"]
    assert made.all("title") == ["Title 0"]
    assert made.all("name") == []
    assert "also: Jets" in made.all("meta")


def test_all_quiet() -> None:
    """A digest without hits says so in all forms."""
    made = mail([], total=0)
    assert seen(made.html).all("summary") == ["All quiet: no hits since the last digest"]
    assert made.text.startswith(
        "All quiet: no hits since the last digest\nAsia desk, Tuesday, 24 November 2026, 07:00\n"
    )
    assert "All quiet" in render_page(facts([], total=0), TEMPLATES)


def test_test_mail() -> None:
    """A test says that it works, for which subscription, and when."""
    made = render_test("Asia desk\n", "Europe/Berlin", NOW, TEMPLATES)
    assert made.subject == "It works: Asia desk"
    assert made.text.startswith("It works.\n")
    for shown in (made.html, " ".join(made.text.split())):
        assert "the subscription Asia desk" in shown
        assert "24 Nov 2026, 07:00 (Europe/Berlin)" in shown


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


# ── the page that ends a subscription ──


def unsubscribe(**values: str) -> Seen:
    """The page in a state, with no more values than that state has."""
    pages = Environment(loader=TEMPLATES.loader, autoescape=True, undefined=StrictUndefined)
    return seen(pages.get_template("pages/unsubscribe.html").render(values))


@pytest.mark.parametrize(
    ("values", "said", "buttons"),
    [
        ({"state": "ask", "name": "<b>desk", "id": "s1"}, "You get mails of the subscription <b>desk.", 1),
        ({"state": "done", "name": "<b>desk", "id": "s1"}, "monitor subscriptions enable s1", 0),
        ({"state": "gone"}, "This subscription no longer exists", 0),
        ({"state": "unknown"}, "This link is not valid", 0),
    ],
)
def test_unsubscribe_page(values: dict[str, str], said: str, buttons: int) -> None:
    """Each state says what happened; only the question has a button, which posts to the page's own address."""
    made = unsubscribe(**values)
    assert said in made.texts[-1][1]
    forms = [found for tag, found in made.tags if tag == "form"]
    assert forms == [{"method": "post"}] * buttons
    assert [tag for tag, _ in made.tags].count("button") == buttons


def test_templates_are_where_a_wheel_has_them() -> None:
    """The environment takes the folder of the checkout or of a wheel, and finds all of its templates."""
    folder = Path(str(shipped("templates")))
    assert {"mail/base.html", "mail/hits.html", "mail/hits.txt", "mail/test.html", "mail/test.txt"} <= {
        str(path.relative_to(folder)) for path in folder.rglob("*.*")
    }

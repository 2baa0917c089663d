"""What a mail looks like to the programs and people that read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
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
from monitor.render.marks import clean
from monitor.render.outline import link
from monitor.settings import shipped
from tests.harness.page import Seen, seen
from tests.unit.test_render_marks import SPANS

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

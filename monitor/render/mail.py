"""Mails and their web page: subject, HTML and text, from templates/mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from monitor.model.hit import Hit
from monitor.policy.digest import zone_of
from monitor.render.marks import cut, line, starred, wrapped
from monitor.render.outline import NAME, Section, count, local, outline, shortened

MAX_HTML = 90_000
"""Most bytes of a mail's HTML; Gmail cuts at 102 kB."""
MAX_SUBJECT = 118
"""Most code points of a subject."""
_MIN_ENTRY = 400
"""Fewer bytes than any entry takes, so MAX_HTML / _MIN_ENTRY entries never fit."""
_SUMMARY = 8
"""Most rules that the summary counts."""


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What a mail tells its reader."""

    subscription: str  # its name
    hits: Sequence[Hit]  # not empty, except in an "all quiet" digest
    copies: Mapping[str, Sequence[Hit]]  # hit id -> hits of the same item in other outlets
    total: int  # hits that the digest stands for; >= len(hits)
    run: str | None  # a digest's local time "2026-11-24 07:00"; None: an instant alert
    zone: str  # IANA zone in which times are shown
    page_url: str | None  # where all of it can be read, for anyone with the link
    unsubscribe_url: str | None  # the page that ends the subscription


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail without its headers."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class _Headline:
    """The one-line summary: what stands out, and what follows it."""

    strong: str
    rest: str


def mail_environment(folder: str) -> Environment:
    """The templates in ``folder``: HTML is escaped, a missing variable is an error."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(starred=starred, wrapped=wrapped, hits=_hits)
    return made


def render_mail(facts: MailFacts, templates: Environment) -> Rendered:
    """The mail of ``facts``, at most MAX_HTML bytes of HTML.

    If not everything fits, each rule keeps as many of its newest hits as fit, the same number for all; if not
    even one for each rule fits, the first rules keep theirs.
    """
    sections = outline(facts.hits, facts.copies, facts.zone, whole=False)
    values = _values(facts, sections)

    def html(rules: int, most: int) -> str:
        return _inlined(templates, "mail/hits.html", {**values, **_part(facts, sections, rules, most)})

    rules, most, made = _fitting(sections, html)
    text = templates.get_template("mail/hits.txt").render(values, **_part(facts, sections, rules, most))
    return Rendered(_subject(facts, sections), made, text)


def render_page(facts: MailFacts, templates: Environment) -> str:
    """The same as a web page, with every hit. It names no way to unsubscribe: others are given its link."""
    sections = outline(facts.hits, facts.copies, facts.zone, whole=True)
    values = {**_values(facts, sections), "page_url": None, "unsubscribe_url": None, "web": True}
    part = _part(facts, sections, len(sections), max((len(s.entries) for s in sections), default=0))
    return templates.get_template("mail/hits.html").render(values, **part)


def render_test(subscription: str, zone: str, now: int, templates: Environment) -> Rendered:
    """The mail of a test button; ``now`` in milliseconds."""
    name = line(subscription)
    values = {"subscription": name, "zone": zone, "when": local(now, zone_of(zone)), "urgent": False, "web": False}
    text = templates.get_template("mail/test.txt").render(values)
    return Rendered(cut(f"It works: {name}", MAX_SUBJECT), _inlined(templates, "mail/test.html", values), text)


def _values(facts: MailFacts, sections: Sequence[Section]) -> dict[str, Any]:
    """What the templates of hits need, whatever is cut."""
    headline = _headline(facts, sections)
    single = _single(facts)
    lead = "".join(piece.text for piece in sections[0].entries[0].title) if sections else ""
    return {
        "headline": headline,
        "preheader": lead if single else f"{headline.strong}{headline.rest}",
        "single": single,
        "subscription": cut(line(facts.subscription), NAME),
        "run": None if facts.run is None else _day(facts.run),
        "total": facts.total,
        "web": False,
        "urgent": bool(sections) and sections[0].severity == "critical",
        "page_url": facts.page_url,
        "unsubscribe_url": facts.unsubscribe_url,
    }


def _part(facts: MailFacts, sections: Sequence[Section], rules: int, most: int) -> dict[str, Any]:
    """What the templates need of the first ``rules`` sections with ``most`` entries each."""
    shown = shortened(sections, rules, most)
    listed = sum(section.count for section in sections)
    remarks = [f"Times are in {facts.zone}."]
    if any(section.more for section in shown):
        remarks.insert(0, f"This mail shows the newest {_hits(most)} of each rule.")
    if facts.total > listed:
        remarks.insert(0, f"It names {listed:,} of {_hits(facts.total)}.")
    return {"sections": shown, "more_rules": len(sections) - len(shown), "remarks": remarks}


def _fitting(sections: Sequence[Section], html: Callable[[int, int], str]) -> tuple[int, int, str]:
    """The most rules, and then the most entries of each, that fit into MAX_HTML bytes; and that HTML."""
    longest = max((len(section.entries) for section in sections), default=0)
    bound = longest
    while bound > 1 and sum(min(bound, len(section.entries)) for section in sections) * _MIN_ENTRY > MAX_HTML:
        bound -= 1
    best: list[tuple[int, int, str]] = []

    def fits(rules: int, most: int) -> bool:
        made = html(rules, most)
        if fitting := len(made.encode()) <= MAX_HTML:
            best.append((rules, most, made))
        return fitting

    if bound == longest and fits(len(sections), longest):
        return best[-1]
    if not _largest(bound, lambda most: fits(len(sections), most)):
        _largest(len(sections) - 1, lambda rules: fits(rules, 1))
    return max(best)  # never empty: outline() bounds every text, so one entry of one rule fits


def _largest(high: int, fits: Callable[[int], bool]) -> int:
    """The largest number in [1, high] that fits, found by bisection; 0 if none does."""
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _inlined(templates: Environment, name: str, values: dict[str, Any]) -> str:
    """A template of a mail with its styles on the elements: many mail programs know no other."""
    return CSSInliner(load_remote_stylesheets=False).inline(templates.get_template(name).render(values))


def _subject(facts: MailFacts, sections: Sequence[Section]) -> str:
    """One line without control characters: what happened, in MAX_SUBJECT code points."""
    if not sections:
        return cut(f"All quiet: {line(facts.subscription)}, no hits since the last digest", MAX_SUBJECT)
    mark = "[CRITICAL] " if sections[0].severity == "critical" else ""
    if _single(facts):
        others = f" (+{count(len(sections) - 1, 'rule')})" if len(sections) > 1 else ""
        title = line("".join(piece.text for piece in sections[0].entries[0].title))
        return cut(f"{mark}{cut(sections[0].name, 60)}{others}: {title}", MAX_SUBJECT)
    tally = _tally(facts, sections)
    for shown in range(len(tally), 0, -1):
        more = f" and {count(len(tally) - shown, 'more rule')}" if shown < len(tally) else ""
        subject = f"{mark}{_hits(facts.total)}: {', '.join(tally[:shown])}{more}"
        if len(subject) <= MAX_SUBJECT:
            return subject
    return cut(f"{mark}{_hits(facts.total)}: {sections[0].name}", MAX_SUBJECT)


def _headline(facts: MailFacts, sections: Sequence[Section]) -> _Headline:
    if not sections:
        return _Headline("All quiet", ": no hits since the last digest")
    if _single(facts):
        return _Headline(sections[0].name, "")
    tally = _tally(facts, sections)
    more = f" and {count(len(tally) - _SUMMARY, 'more rule')}" if len(tally) > _SUMMARY else ""
    return _Headline(_hits(facts.total), f": {', '.join(tally[:_SUMMARY])}{more}")


def _single(facts: MailFacts) -> bool:
    """Whether this is an alert about one story, which then is its own headline."""
    return facts.run is None and len({hit.story for hit in facts.hits}) == 1


def _tally(facts: MailFacts, sections: Sequence[Section]) -> list[str]:
    """The rules, each with its number of hits where that says something and is known."""
    counted = len(sections) > 1 and facts.total == sum(section.count for section in sections)
    return [f"{section.name} {section.count:,}" if counted else section.name for section in sections]


def _day(run: str) -> str:
    """A run such as 2026-11-24 07:00 as Tuesday, 24 November 2026, 07:00."""
    when = datetime.fromisoformat(run)
    return f"{when:%A}, {when.day} {when:%B %Y, %H:%M}"


def _hits(number: int) -> str:
    return count(number, "hit")

"""What a mail or page shows of its hits: a section a rule, and every story once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.model.hit import Hit
from monitor.model.rule import Severity
from monitor.policy.digest import zone_of
from monitor.render.marks import Piece, cut, line, matched, pieces

TITLE = 300
"""Most code points of a title in a mail."""
NAME = 100
"""Most code points of the name of a rule or an outlet."""
NAMES = 6
"""Most outlets or rules that a story of a mail names."""

_RANK = {severity: -rank for rank, severity in enumerate(Severity)}
# No scheme but these, and nothing that could end an attribute or turn round the text beside it.
_LINK = re.compile(
    'https?://[^\\s\\x00-\\x20\\x7f-\\xa0"<>\u2028-\u202e\u2066-\u2069\ud800-\udfff]{1,2000}', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A story as its reader sees it; all text is clean, none is escaped."""

    title: tuple[Piece, ...]
    url: str | None  # http or https
    language: str | None
    source: str | None
    when: str
    snippet: tuple[Piece, ...]
    notes: tuple[str, ...]  # the words that matched, other outlets that carry it, other rules that it matched
    severity: str


@dataclass(frozen=True, slots=True)
class Section:
    """A rule and its stories, newest first. A story of several rules is an entry of the first section only."""

    rule: str
    name: str
    severity: str
    count: int  # hits of the rule
    entries: tuple[Entry, ...]
    elsewhere: int  # hits whose story is an entry of an earlier section
    more: int = 0  # entries that were cut off

    @property
    def note(self) -> str:
        """Where the hits are that the section counts and does not list."""
        where = "listed above, under another rule" if self.elsewhere else ""
        return f"{self.elsewhere:,} of them {where}" if 0 < self.elsewhere < self.count else where


def outline(hits: Iterable[Hit], copies: Mapping[str, Sequence[Hit]], zone: str, *, whole: bool) -> list[Section]:
    """The sections of ``hits``, by severity, number of hits and name; ``whole``: nothing is shortened."""
    rules: dict[str, list[Hit]] = defaultdict(list)
    for hit in {hit.id: hit for hit in hits}.values():
        rules[hit.rule].append(hit)
    for found in rules.values():
        found.sort(key=lambda hit: (-_time(hit), -hit.first_seen, hit.id))
    ordered = sorted(rules.values(), key=_order)
    stories: dict[str, list[Hit]] = defaultdict(list)
    for hit in (hit for found in ordered for hit in found):
        stories[hit.story].append(hit)
    clock = zone_of(zone)
    return [_section(found, stories, copies, clock, whole=whole) for found in ordered]


def shortened(sections: Sequence[Section], rules: int, most: int) -> list[Section]:
    """The first ``rules`` sections with their ``most`` newest entries."""
    return [replace(s, entries=s.entries[:most], more=max(0, len(s.entries) - most)) for s in sections[:rules]]


def local(ms: int, zone: ZoneInfo) -> str:
    """Milliseconds since the epoch as a reader in ``zone`` writes them: 24 Nov 2026, 07:00."""
    try:
        when = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(zone)
    except OverflowError:
        return "at an impossible time"  # what a feed claims need not be in any calendar
    return f"{when.day} {when:%b %Y, %H:%M}"


def link(url: str | None) -> str | None:
    """``url`` if it may be a link: http or https, and no longer than mail programs take."""
    return url if url is not None and _LINK.fullmatch(url) else None


def count(number: int, what: str) -> str:
    """A number of things: 1 hit, 1,234 hits."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _section(
    found: list[Hit],
    stories: Mapping[str, list[Hit]],
    copies: Mapping[str, Sequence[Hit]],
    zone: ZoneInfo,
    *,
    whole: bool,
) -> Section:
    own = [hit for hit in found if stories[hit.story][0].rule == hit.rule]
    return Section(
        rule=found[0].rule,
        name=_name(found[0].rule_name) or found[0].rule,
        severity=min((hit.severity for hit in found), key=_RANK.__getitem__).value,
        count=len(found),
        entries=tuple(_entry(stories[hit.story], copies, zone, whole=whole) for hit in own),
        elsewhere=len(found) - len(own),
    )


def _entry(hits: list[Hit], copies: Mapping[str, Sequence[Hit]], zone: ZoneInfo, *, whole: bool) -> Entry:
    """One story; ``hits`` are what it matched, the section's own first."""
    hit = hits[0]
    spans = [(span.start, span.end) for each in hits for span in each.spans if span.field == "title"]
    # Each hit's snippet is about its own words: the first that has any is shown, all of them give their words.
    snippet = next((each.snippet for each in hits if each.snippet.spans), hit.snippet)
    found = [(hit.title, spans), *((each.snippet.text, each.snippet.spans) for each in hits)]
    outlets = _outlets(hit, [copy for each in hits for copy in copies.get(each.id, ())])
    others = [_name(each.rule_name) or each.rule for each in hits[1:]]
    most = None if whole else NAMES
    notes = (
        ("matched: ", ", ".join(matched(found))),
        (f"also in {count(len(outlets), 'outlet')}: ", _listed(outlets, most)),
        ("also: ", _listed(others, most)),
    )
    return Entry(
        title=pieces(hit.title, spans, None if whole else TITLE) or (Piece("(no title)", False),),
        url=link(hit.url),
        language=line(hit.language or "")[:12] or None,
        source=_outlet(hit),
        when=local(_time(hit), zone),
        snippet=pieces(snippet.text, snippet.spans, None if whole else TITLE),
        notes=tuple(label + words for label, words in notes if words),
        severity=hit.severity.value,
    )


def _outlets(hit: Hit, copies: Iterable[Hit]) -> list[str]:
    """The distinct outlets of the copies, without the hit's own."""
    names = {name.casefold(): name for copy in copies if (name := _outlet(copy))}
    names.pop((_outlet(hit) or "").casefold(), None)
    return list(names.values())


def _outlet(hit: Hit) -> str | None:
    """The name of a hit's source; the host where it has none."""
    if name := _name(hit.source or ""):
        return name
    try:
        return urlsplit(link(hit.url) or "").hostname
    except ValueError:  # a link that is none, such as http://[
        return None


def _listed(names: Sequence[str], most: int | None) -> str:
    if most is None or len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def _name(text: str) -> str:
    return cut(line(text), NAME)


def _order(hits: Sequence[Hit]) -> tuple[int, int, str, str]:
    """The most severe first, then the rule with the most hits."""
    return min(_RANK[hit.severity] for hit in hits), -len(hits), hits[0].rule_name.casefold(), hits[0].rule


def _time(hit: Hit) -> int:
    return hit.first_seen if hit.published is None else hit.published

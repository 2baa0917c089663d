"""The words of random stories and rules, and what a reader of docs/rules.md knows of each.

Nothing here is worked out by the code under test: each row says by hand how a word is compared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A word, or a part of a compound: without case and accents, without its ending, and as it is written."""

    folded: str
    normal: str
    cased: str


@dataclass(frozen=True)
class Unit:
    """What has a number of its own where words are counted: the whole, and the parts of a compound."""

    whole: Part
    parts: tuple[Part, ...] = ()

    def words(self) -> tuple[Part, ...]:
        """All that stands there."""
        return (self.whole, *self.parts)


def plain(written: str, folded: str | None = None, normal: str | None = None) -> tuple[Unit, ...]:
    """A word that is no compound; what is not given is as written, in small letters."""
    folded = folded or written.lower()
    return (Unit(Part(folded, normal or folded, written)),)


def compound(written: str, *parts: str) -> tuple[Unit, ...]:
    """A compound of parts; a part is written as given, and `form~normal` has a normal form of its own."""
    halves = [part.partition("~") for part in parts]
    below = tuple(Part(form.lower(), normal or form.lower(), form) for form, _, normal in halves)
    whole = "".join(part.folded for part in below)
    return (Unit(Part(whole, whole, written), below),)


WORDS: dict[str, tuple[Unit, ...]] = {
    "the": plain("the"),
    "Now": plain("Now"),
    "arms": plain("arms", normal="arm"),
    "arm": plain("arm"),
    "deal": plain("deal"),
    "deals": plain("deals", normal="deal"),
    "Deal": plain("Deal"),
    "visits": plain("visits", normal="visit"),
    "visited": plain("visited", normal="visit"),
    "Visit": plain("Visit"),
    "buy": plain("buy"),
    "bought": plain("bought", normal="buy"),
    "jet": plain("jet"),
    "jets": plain("jets", normal="jet"),
    "toy": plain("toy"),
    "Boeing": plain("Boeing"),
    "BOEING": plain("BOEING"),
    "Putin": plain("Putin"),
    "Putin's": plain("Putin"),
    "putin’s": plain("putin"),
    "polish": plain("polish"),
    "Polish": plain("Polish"),
    "café": plain("café", "cafe"),
    "CAFE": plain("CAFE"),
    "us": plain("us"),
    "US": plain("US", "u.s"),
    "U.S.": plain("U.S.", "u.s"),
    "1,000": plain("1,000", "1000"),
    "1000": plain("1000"),
    "3.5": plain("3.5"),
    "C": plain("C"),
    "C++": plain("C++"),
    "AT&T": plain("AT&T"),
    "🚀": plain("🚀"),
    "F": plain("F"),
    "16": plain("16"),
    "F16": plain("F16"),
    "F-16": compound("F-16", "F", "16"),
    "cease": plain("cease"),
    "fire": plain("fire"),
    "ceasefire": plain("ceasefire"),
    "cease-fire": compound("cease-fire", "cease", "fire"),
    "Cease-Fire": compound("Cease-Fire", "Cease", "Fire"),
    "German": plain("German"),
    "Franco-German": compound("Franco-German", "Franco", "German"),
    "Franco-German-Polish": compound("Franco-German-Polish", "Franco", "German", "Polish"),
    "Ivoire": plain("Ivoire"),
    "d'Ivoire": (Unit(Part("d'ivoire", "d'ivoire", "d'Ivoire"), (Part("ivoire", "ivoire", "Ivoire"),)),),
    "fighter-jets": compound("fighter-jets", "fighter", "jets~jet"),
    "日本": (*plain("日"), *plain("本")),
    "本": plain("本"),
}
"""Each word as it is written in a story or a rule."""

WILDCARDS = (
    "deal*", "visit?", "v?sits", "boei*", "?oeing", "poli?h", "cafe*", "1000*", "ceas*", "*fire", "fran*man",
    "fighterj*", "?voire", "jets*", "*ranco*", "arms?",
)  # fmt: skip
"""Patterns of four literal characters at least."""

FAMILIES = (
    ("arms", "arm", "deal", "deals", "Deal", "the"),
    ("visits", "visited", "Visit", "buy", "bought"),
    ("jet", "jets", "toy", "fighter-jets"),
    ("Boeing", "BOEING", "Putin", "Putin's", "putin’s", "Now"),
    ("German", "polish", "Polish", "Franco-German", "Franco-German-Polish"),
    ("café", "CAFE", "1,000", "1000", "3.5", "🚀"),
    ("us", "US", "U.S.", "the"),
    ("C", "C++", "AT&T", "日本", "本"),
    ("F", "16", "F16", "F-16"),
    ("cease", "fire", "ceasefire", "cease-fire", "Cease-Fire"),
    ("Ivoire", "d'Ivoire", "arms"),
)
"""Words that are easily taken for one another."""

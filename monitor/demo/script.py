"""Which story is published when, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.rulebook.check import read_story
from monitor.rulebook.schema import InlineStory
from monitor.settings import shipped

COURIER, LEDGER = "Coastal Courier", "Morning Ledger"
VISIT, ARMS = "putin-asia-visit", "vietnam-arms"


class Fate(StrEnum):
    """What must come of a story."""

    HIT = "hit"  # a hit of each of the rules, and one verified webhook
    MISS = "miss"
    COPY = "copy"  # hits, folded into the alert on the outlet's elder twin
    EDIT = "edit"  # a new headline for a known story: a revision, and nothing else


@dataclass(frozen=True, slots=True)
class Act:
    """An outlet publishes a story (the name of its file); ``title`` is a headline that was edited."""

    outlet: str
    story: str
    fate: Fate
    rules: tuple[str, ...] = ()
    title: str | None = None


OLD = (Act(LEDGER, "plain-markets", Fate.MISS), Act(COURIER, "arms-soviet-kit", Fate.HIT, (ARMS,)))
"""What the feeds hold before they are polled for the first time."""

NEWS = (
    Act(COURIER, "miss-coffee", Fate.MISS),
    Act(COURIER, "visit-agency", Fate.HIT, (VISIT, ARMS)),
    Act(LEDGER, "visit-agency", Fate.COPY, (VISIT, ARMS)),
    Act(LEDGER, "miss-phone-call", Fate.MISS),
    Act(COURIER, "arms-fighter-jets", Fate.HIT, (ARMS,)),
    Act(COURIER, "arms-fighter-jets", Fate.EDIT, (ARMS,), "Hanoi in talks over American fighter jets, officials say"),
    Act(LEDGER, "plain-football", Fate.MISS),
    Act(LEDGER, "visit-respun", Fate.HIT, (VISIT, ARMS)),
    Act(COURIER, "miss-veterans", Fate.MISS),
    Act(LEDGER, "visit-alert", Fate.HIT, (VISIT,)),
)


def article(name: str) -> InlineStory:
    """A story of the project's own, as its rules' tests read it. Raises ConfigurationError."""
    return read_story(shipped("rules") / "fixtures" / "articles" / f"{name}.yaml")

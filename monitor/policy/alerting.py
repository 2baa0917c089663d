"""Whether a hit may alert. A function of story and rule, never of the path that wrote the hit, so
that a crash and its replay cannot come to another answer.
"""

from __future__ import annotations

from monitor.model.hit import AlertDecision
from monitor.model.rule import Backfill, Rule
from monitor.model.story import Story

JOIN_WINDOW = 400
"""Milliseconds that an instant alert waits, so that a story's other rules can join it."""
REMEMBER_ITEM = 72 * 3600
"""Seconds for which a subscription knows a link or a text that it has alerted."""
REMEMBER_HIT = 14 * 24 * 3600
"""Seconds for which a subscription knows a hit; longer than a hit can wait to be handed out again."""


def decide(story: Story, rule: Rule, backfill: Backfill | None = None) -> AlertDecision:
    """Whether the hit of ``rule`` on ``story`` alerts, and why (not).

    ``backfill`` is the request that asked for old stories, where that is how the hit came up.
    """
    if backfill is not None:
        return AlertDecision(backfill.alert, "backfill-alert" if backfill.alert else "backfill")
    if story.backfill:
        return AlertDecision(False, "first-poll")
    if story.first_seen < rule.created_at:
        return AlertDecision(False, "before-rule")
    return AlertDecision(True, "live")

"""Hits: stored once, put in the outbox once where they alert, listed in order of time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import InvalidInput, NotFound
from monitor.model.hit import AlertDecision, Hit, Snippet, Span, hit_id
from monitor.model.rule import Severity
from monitor.ports import Page
from monitor.store.store import Store

AT = 1_770_000_000_000
LIVE = AlertDecision(True, "live")
QUIET = AlertDecision(False, "first-poll")


def make_hit(rule: str = "ferries", story: str = "fa-1", decision: AlertDecision = LIVE, **changes: Any) -> Hit:
    """The hit of ``rule`` on ``story``, with ``changes``; by default a story shares no link or text with another."""
    hit = Hit(
        id=hit_id(rule, story), rule=rule, rule_name=rule.title(), rule_version=1, rule_tags=("sea",),
        severity=Severity.NORMAL, story=story, title="Ferry left the harbour", url=f"https://news.example/{story}",
        source="Harbour Post", language="en", published=AT - 5, first_seen=AT, matched_at=AT, score=1.0,
        spans=(Span("title", 0, 5), Span("body", 3, 9)), snippet=Snippet("It was on time.", ((3, 6),)),
        decision=decision, link_key=f"l-{story}", text_key=f"t-{story}",
    )  # fmt: skip
    return replace(hit, **changes)


async def in_outbox(store: Store) -> list[str]:
    """The hits in the outboxes."""
    rows = await store.client.many([("XRANGE", s.name, "-", "+") for s in store.outboxes("test")])
    return sorted(fields[1].decode() for answer in rows for _, fields in answer)


async def test_a_hit_reads_back_as_it_was_committed(store: Store) -> None:
    """Every field survives; an unknown id raises NotFound, or is left out of a batch."""
    hit = make_hit(title="Phà Cát Bà 🛰", url=None, source=None, published=None, link_key=None, text_key=None)
    assert await store.hits.commit([hit]) == [hit]
    assert await store.hits.get(hit.id) == hit
    assert await store.hits.existing(["ferries.fa-9", hit.id, "nothing"]) == [hit]
    for unknown in ("ferries.fa-9", "nothing", ""):
        with pytest.raises(NotFound):
            await store.hits.get(unknown)


async def test_committing_twice_is_committing_once(store: Store) -> None:
    """A replay is reported as not new, changes no record, no list and no outbox."""
    hits = [make_hit("ferries", "fa-1"), make_hit("harbours", "fa-1"), make_hit("ferries", "fa-2", QUIET)]
    assert sorted(h.id for h in await store.hits.commit(hits)) == sorted(h.id for h in hits)
    replayed = [replace(h, rule_version=2, matched_at=AT + 5000, title="Edited") for h in hits]
    assert await store.hits.commit(replayed) == []
    assert await store.hits.existing([h.id for h in hits]) == hits
    assert len((await store.hits.page(None, None, None, 10)).ids) == 3
    assert await in_outbox(store) == ["ferries.fa-1", "harbours.fa-1"]


async def test_a_hit_twice_in_one_batch_is_one_hit(store: Store) -> None:
    """The pair of rule and story counts once within a batch, too."""
    assert await store.hits.commit([make_hit(), make_hit()]) == [make_hit()]
    assert await in_outbox(store) == ["ferries.fa-1"]


async def test_only_hits_that_alert_enter_the_outbox(store: Store) -> None:
    """A hit that may not alert is stored and listed, and never handed out."""
    for reason in ("first-poll", "before-rule", "backfill"):
        await store.hits.commit([make_hit("ferries", f"fa-{reason}", AlertDecision(False, reason))])
    assert len((await store.hits.page(None, None, None, 10)).ids) == 3
    assert await in_outbox(store) == []


async def test_the_first_decision_stands(store: Store) -> None:
    """A hit stored without an alert does not alert because a later path decides otherwise."""
    await store.hits.commit([make_hit(decision=QUIET)])
    await store.hits.commit([make_hit(decision=LIVE)])
    assert (await store.hits.get("ferries.fa-1")).decision == QUIET
    assert await in_outbox(store) == []


async def test_many_committers_of_the_same_hits_alert_each_once(store: Store) -> None:
    """Ten processes that commit the same hits at once store and hand out each one exactly once."""
    hits = [make_hit(rule, f"fa-{n}") for rule in ("a", "b", "c") for n in range(20)]
    answers = await asyncio.gather(*(store.hits.commit(hits) for _ in range(10)))
    assert sorted(h.id for new in answers for h in new) == sorted(h.id for h in hits)
    assert await in_outbox(store) == sorted(h.id for h in hits)


async def test_a_batch_of_any_size_is_committed_whole(store: Store) -> None:
    """Hundreds of hits of one rule, more than one script call takes, are all stored; none is an empty batch."""
    hits = [make_hit("ferries", f"fa-{n:03d}") for n in range(250)]
    assert await store.hits.commit([]) == []
    assert await store.hits.commit(hits) == hits
    assert await store.hits.existing([h.id for h in hits]) == hits
    assert len(await in_outbox(store)) == 250


async def test_pages_are_newest_first_across_rules(store: Store) -> None:
    """The list of all hits is in order of matching, ties included, whatever the page size; ``since`` cuts it."""
    hits = [make_hit(f"rule-{n % 7}", f"fa-{n:02d}", matched_at=AT + n // 3) for n in range(30)]
    await store.hits.commit(hits)
    for limit in (1, 4, 30):
        ids: list[str] = []
        cursor: str | None = None
        while True:
            page = await store.hits.page(None, None, cursor, limit)
            ids += page.ids
            cursor = page.next
            if cursor is None:
                break
        assert sorted(ids) == sorted(h.id for h in hits)
        times = [AT + int(i.rpartition("-")[2]) // 3 for i in ids]
        assert times == sorted(times, reverse=True)
    assert len((await store.hits.page(None, AT + 8, None, 100)).ids) == 6


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["a"], ["a.fa-3", "a.fa-0"]),
        (["a", "c"], ["c.fa-5", "a.fa-3", "c.fa-2", "a.fa-0"]),
        (["unknown"], []),
        ([], []),
    ],
    ids=["one", "two", "unknown", "none"],
)
async def test_pages_of_some_rules_hold_theirs_only(store: Store, rules: list[str], expected: list[str]) -> None:
    """A list of rules selects their hits; an empty list selects nothing, unlike None."""
    await store.hits.commit([make_hit("abc"[n % 3], f"fa-{n}", matched_at=AT + n) for n in range(6)])
    assert await store.hits.page(rules, None, None, 10) == Page(tuple(expected), None)


async def test_a_made_up_cursor_is_refused(store: Store) -> None:
    """InvalidInput, also where the list is empty."""
    with pytest.raises(InvalidInput):
        await store.hits.page(None, None, "older", 10)


async def test_hits_end_with_their_retention(store: Store) -> None:
    """The record carries 180 days to live; trim drops older entries from both lists."""
    await store.hits.commit([make_hit("a", f"fa-{n}", matched_at=AT + n) for n in range(4)])
    assert 180 * 86_400 - 10 <= await store.client.call("TTL", store.keys.hit("a.fa-0")) <= 180 * 86_400
    assert await store.hits.trim(AT + 3, ["a"]) == 6
    assert (await store.hits.page(None, None, None, 9)).ids == (await store.hits.page(["a"], None, None, 9)).ids
    assert (await store.hits.page(["a"], None, None, 9)).ids == ("a.fa-3",)

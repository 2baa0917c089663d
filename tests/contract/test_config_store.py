"""Rules, subscriptions, keys and leases: every change counts, none is lost, owners are respected."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import Conflict, NotFound
from monitor.model.rule import Backfill, RuleSpec, Severity, Strictness
from monitor.model.subscription import Subscription, WebhookChannel
from monitor.store import keys
from monitor.store.store import Store
from tests.harness.service import eventually

AT = 1_770_000_000_000


def make_spec(id_: str = "ferries", query: str = "ferry", **changes: Any) -> RuleSpec:
    """A rule as a user writes it."""
    return RuleSpec(id_, id_.title(), query, **changes)


def make_subscription(id_: str = "sa", **changes: Any) -> Subscription:
    """A subscription to everything."""
    channel = WebhookChannel("https://hooks.example/x", "whsec_c2VjcmV0")
    return replace(Subscription(id_, "Desk", channel, (), (), True, AT), **changes)


# ── epoch and changes ──


async def test_every_change_counts_the_epoch_up(store: Store) -> None:
    """Making, changing and removing a rule or a subscription each move the epoch; reading does not."""
    config = store.config
    seen = [await config.epoch()]
    for step in (
        config.put_rule(make_spec(), None, AT),
        config.put_rule(make_spec(query="boat"), None, AT),
        config.add_subscription(make_subscription()),
        config.change_subscription("sa", lambda s: replace(s, enabled=False)),
        config.remove_subscription("sa"),
        config.remove_rule("ferries"),
    ):
        await step
        seen.append(await config.epoch())
        await config.rules()
        await config.changes(-1)
    assert seen == [0, 1, 2, 3, 4, 5, 6]


async def test_changes_since_an_epoch_are_exactly_those(store: Store) -> None:
    """A reader gets what changed after its epoch, removed things as None, and everything for -1."""
    config = store.config
    kept = await config.put_rule(make_spec("kept"), None, AT)
    await config.put_rule(make_spec("gone"), None, AT)
    await config.add_subscription(make_subscription("sgone"))
    middle = await config.epoch()
    fresh = await config.put_rule(make_spec("fresh"), None, AT)
    await config.remove_rule("gone")
    await config.remove_subscription("sgone")
    await config.add_subscription(make_subscription("sfresh"))
    late = await config.changes(middle)
    assert late.rules == {"fresh": fresh, "gone": None}
    assert late.subscriptions == {"sgone": None, "sfresh": make_subscription("sfresh")}
    everything = await config.changes(-1)
    assert {i for i, r in everything.rules.items() if r} == {"kept", "fresh"}
    assert everything.rules["kept"] == kept
    assert late.epoch == everything.epoch == await config.epoch()
    nothing = await config.changes(late.epoch)
    assert (nothing.rules, nothing.subscriptions, nothing.epoch) == ({}, {}, late.epoch)


async def test_a_new_store_has_no_changes(store: Store) -> None:
    """The first look at an empty store gives epoch 0 and nothing."""
    found = await store.config.changes(-1)
    assert (found.epoch, found.rules, found.subscriptions) == (0, {}, {})


async def test_thousands_of_rules_are_read_whole(store: Store) -> None:
    """More changes than one command fetches come back complete."""
    rules = [make_spec(f"r{n:04d}") for n in range(1_100)]
    for start in range(0, len(rules), 100):
        await asyncio.gather(*(store.config.put_rule(r, None, AT) for r in rules[start : start + 100]))
    found = await store.config.changes(-1)
    assert {i for i, r in found.rules.items() if r and r.version == 1} == {r.id for r in rules}
    assert found.epoch == 1_100


# ── rules ──


async def test_a_rule_reads_back_whole(store: Store) -> None:
    """Every option of a spec survives; rules are listed by id; an unknown one raises NotFound."""
    spec = make_spec(
        "b-rule", '"phà" OR 渡轮', tags=("a b", "ü"), strictness=Strictness.BROAD, languages=("en", "pt-br"),
        severity=Severity.CRITICAL, enabled=False, expires=AT + 5,
    )  # fmt: skip
    made = await store.config.put_rule(spec, None, AT)
    await store.config.put_rule(make_spec("a-rule"), "a.yaml", AT)
    assert (made.spec, made.version, made.created_at, made.updated_at, made.file) == (spec, 1, AT, AT, None)
    assert await store.config.rule("b-rule") == made
    assert [r.id for r in await store.config.rules()] == ["a-rule", "b-rule"]
    with pytest.raises(NotFound):
        await store.config.rule("c-rule")


async def test_each_version_is_kept(store: Store) -> None:
    """A change makes the next version; the ones before stay readable; when the rule was made does not change."""
    for number, query in enumerate(("ferry", "boat", "ship"), 1):
        rule = await store.config.put_rule(make_spec(query=query), None, AT + number)
        assert (rule.version, rule.created_at, rule.updated_at) == (number, AT + 1, AT + number)
    assert [(await store.config.rule_version("ferries", n)).spec.query for n in (1, 2, 3)] == ["ferry", "boat", "ship"]
    for rule_id, version in (("ferries", 4), ("ferries", 0), ("other", 1)):
        with pytest.raises(NotFound):
            await store.config.rule_version(rule_id, version)


async def test_the_same_spec_again_is_the_same_version(store: Store) -> None:
    """Putting what is stored changes neither version nor epoch; ``create`` refuses what exists."""
    first = await store.config.put_rule(make_spec(), None, AT)
    assert await store.config.put_rule(make_spec(), None, AT + 9) == first
    assert await store.config.epoch() == 1
    with pytest.raises(Conflict):
        await store.config.put_rule(make_spec(), None, AT, create=True)
    with pytest.raises(Conflict):
        await store.config.put_rule(make_spec(query="boat"), None, AT, create=True)
    assert await store.config.rules() == [first]


async def test_versions_count_on_after_a_removal(store: Store) -> None:
    """A rule that comes back is the next version, made anew; hits of its former life still name their own text."""
    await store.config.put_rule(make_spec(query="ferry"), None, AT)
    await store.config.remove_rule("ferries")
    with pytest.raises(NotFound):
        await store.config.remove_rule("ferries")
    back = await store.config.put_rule(make_spec(query="boat"), None, AT + 9, create=True)
    assert (back.version, back.created_at) == (2, AT + 9)
    assert (await store.config.rule_version("ferries", 1)).spec.query == "ferry"


@pytest.mark.parametrize(
    ("owner", "enabled", "writer", "allowed"),
    [
        ("a.yaml", True, "a.yaml", True),
        ("a.yaml", True, "b.yaml", False),
        ("a.yaml", False, "b.yaml", False),
        ("a.yaml", True, None, False),
        ("a.yaml", False, None, False),
        (None, True, "a.yaml", False),
        (None, False, "a.yaml", True),
        (None, True, None, True),
    ],
)
async def test_a_rule_is_changed_by_its_owner_only(
    store: Store, owner: str | None, enabled: bool, writer: str | None, allowed: bool
) -> None:
    """A file's rule changes in that file, the API's over the API; a file takes over only what is switched off."""
    before = await store.config.put_rule(make_spec(enabled=enabled), owner, AT)
    change = make_spec(query="boat")
    if allowed:
        changed = await store.config.put_rule(change, writer, AT + 1)
        assert (changed.version, changed.file, changed.spec) == (2, writer, change)
    else:
        with pytest.raises(Conflict) as caught:
            await store.config.put_rule(change, writer, AT + 1)
        assert owner is None or owner in str(caught.value)
        assert await store.config.rule("ferries") == before


async def test_a_files_rule_is_not_removed_over_the_api(store: Store) -> None:
    """Conflict that names the file; the rule stays."""
    await store.config.put_rule(make_spec(), "sea/a.yaml", AT)
    with pytest.raises(Conflict, match=r"sea/a\.yaml"):
        await store.config.remove_rule("ferries")
    assert len(await store.config.rules()) == 1


async def test_a_rule_whose_file_is_gone_is_switched_off_and_handed_over(store: Store) -> None:
    """It keeps its text, is off, belongs to the API, and can be removed or taken back by a file."""
    await store.config.put_rule(make_spec(), "a.yaml", AT)
    await store.config.disable_file_rule("ferries", AT + 5)
    off = await store.config.rule("ferries")
    assert (off.spec, off.version, off.file) == (make_spec(enabled=False), 2, None)
    assert (off.created_at, off.updated_at) == (AT, AT + 5)
    assert (await store.config.rule_version("ferries", 2)).spec.enabled is False
    back = await store.config.put_rule(make_spec(), "b.yaml", AT + 6)
    assert (back.version, back.file, back.spec.enabled) == (3, "b.yaml", True)


async def test_switching_off_a_file_rule_that_is_none_does_nothing(store: Store) -> None:
    """A rule that is not there stays so; one of the API stays on; doing it twice is doing it once."""
    await store.config.disable_file_rule("ferries", AT)
    assert await store.config.rules() == []
    await store.config.put_rule(make_spec("boats"), "a.yaml", AT)
    for _ in range(2):
        await store.config.disable_file_rule("boats", AT)
    assert (await store.config.rule("boats")).version == 2
    ours = await store.config.put_rule(make_spec(), None, AT)
    await store.config.disable_file_rule("ferries", AT)
    assert await store.config.rule("ferries") == ours


async def test_concurrent_puts_lose_no_version(store: Store) -> None:
    """Thirty changes at once make thirty versions, each with the text of its own change."""
    made = await asyncio.gather(*(store.config.put_rule(make_spec(query=f"q{n}"), None, AT + n) for n in range(30)))
    assert sorted(r.version for r in made) == list(range(1, 31))
    for rule in made:
        assert await store.config.rule_version("ferries", rule.version) == rule
    assert (await store.config.rule("ferries")).version == 30


async def test_one_of_many_creators_wins(store: Store) -> None:
    """Of ten that create the same rule at once, one succeeds and nine are told of the conflict."""
    puts = (store.config.put_rule(make_spec(query=f"q{n}"), None, AT, create=True) for n in range(10))
    answers = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(a, Conflict) for a in answers) == 9
    assert (await store.config.rule("ferries")) in answers


# ── subscriptions ──


async def test_a_subscription_lives(store: Store) -> None:
    """Added, read, listed by id, removed; a second one of its id is refused, an unknown one is NotFound."""
    one, two = make_subscription("sb", rules=("r",), tags=("t",)), make_subscription("sa", enabled=False)
    await store.config.add_subscription(one)
    await store.config.add_subscription(two)
    with pytest.raises(Conflict):
        await store.config.add_subscription(make_subscription("sb"))
    assert await store.config.subscription("sb") == one
    assert await store.config.subscriptions() == [two, one]
    await store.config.remove_subscription("sb")
    for call in (
        store.config.subscription("sb"),
        store.config.remove_subscription("sb"),
        store.config.change_subscription("sb", lambda s: s),
    ):
        with pytest.raises(NotFound):
            await call
    assert await store.config.subscriptions() == [two]


async def test_concurrent_changes_of_a_subscription_lose_none(store: Store) -> None:
    """Each of thirty changes at once is applied to what the others left."""
    await store.config.add_subscription(make_subscription())

    def adding(tag: str) -> Any:
        return lambda s: replace(s, tags=(*s.tags, tag))

    await asyncio.gather(*(store.config.change_subscription("sa", adding(f"t{n}")) for n in range(30)))
    assert sorted((await store.config.subscription("sa")).tags) == sorted(f"t{n}" for n in range(30))


async def test_a_change_that_changes_nothing_is_no_change(store: Store) -> None:
    """The epoch stays, so no process reads anything again."""
    await store.config.add_subscription(make_subscription())
    await store.config.change_subscription("sa", lambda s: s)
    assert await store.config.epoch() == 1


# ── back-fills, leases, keys ──


async def test_the_last_backfill_of_a_rule_is_kept(store: Store) -> None:
    """A new request replaces the one before; each rule has its own."""
    first, second = Backfill("a", AT, AT + 1, False), Backfill("a", AT, AT + 2, True)
    other = Backfill("b", AT, AT + 1, False, 3, 9, AT + 8)
    for backfill in (first, other, second):
        await store.config.ask_backfill(backfill)
    assert await store.config.backfills() == {"a": second, "b": other}
    assert await store.config.backfill("a") == second
    assert await store.config.backfill("c") is None


async def test_a_lease_has_one_owner_until_it_runs_out(store: Store) -> None:
    """Its owner renews it, others are refused, and after its time anybody gets it."""
    assert await store.config.lease(keys.SYNC_LEASE, "one", 60_000)
    assert await store.config.lease(keys.SYNC_LEASE, "one", 120_000)
    assert await store.client.call("PTTL", keys.SYNC_LEASE) > 60_000
    assert not await store.config.lease(keys.SYNC_LEASE, "two", 60_000)
    assert await store.config.lease(keys.BACKFILL_LEASE, "two", 60_000)
    assert await store.config.lease(keys.SYNC_LEASE, "one", 20)

    async def two_gets_it() -> bool:
        return await store.config.lease(keys.SYNC_LEASE, "two", 60_000)

    await eventually(two_gets_it, 5)
    assert not await store.config.lease(keys.SYNC_LEASE, "one", 60_000)


async def test_keys_are_known_by_their_digest_only(store: Store) -> None:
    """A key's name is found by the key; the key itself stands nowhere in the store; a revoked one is unknown."""
    made = await store.config.add_key("mon_secret-one", "desk", AT + 1)
    await store.config.add_key("mon_secret-two", "admin", AT)
    assert await store.config.key_name("mon_secret-one") == "desk"
    for wrong in ("", "mon_secret", "mon_secret-one ", made.digest):
        assert await store.config.key_name(wrong) is None
    assert [k.name for k in await store.config.keys()] == ["admin", "desk"]
    dump = repr(await store.client.call("HGETALL", keys.API_KEYS))
    assert "secret-one" not in dump
    await store.config.remove_key(made.digest[:12])
    assert await store.config.key_name("mon_secret-one") is None


async def test_only_a_telling_digest_revokes_a_key(store: Store) -> None:
    """A start that fits several keys is a Conflict, one that fits none is NotFound; no key goes."""
    for n in range(17):  # of 17 digests, two share their first digit
        await store.config.add_key(f"mon_{n}", f"key {n}", AT + n)
    firsts = [k.digest[0] for k in await store.config.keys()]
    shared = next(f for f in firsts if firsts.count(f) > 1)
    with pytest.raises(Conflict):
        await store.config.remove_key(shared)
    with pytest.raises(NotFound):
        await store.config.remove_key("not-a-digest")
    assert len(await store.config.keys()) == 17

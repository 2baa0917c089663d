"""Deliveries: enqueue, claim, record, replay."""

from __future__ import annotations

import json
from collections.abc import Sequence

from monitor.errors import NotFound
from monitor.model.delivery import Attempt, ClaimedDelivery, Delivery, DeliveryState, Outcome
from monitor.model.hit import Hit
from monitor.model.subscription import ReceiverHealth, Subscription
from monitor.policy.alerting import REMEMBER_HIT, REMEMBER_ITEM
from monitor.ports import Enqueued, Page
from monitor.store import codec
from monitor.store.client import Argument, Client, Command
from monitor.store.index import member, page, trim
from monitor.store.keys import Keys
from monitor.text.fingerprints import digest


def _also(data: bytes | None) -> dict[str, tuple[str, ...]]:
    """The hits of copies, by the hit that stands for them; as make_digest.lua writes them."""
    return {hit: tuple(copies.split(" ")) for hit, copies in json.loads(data).items()} if data else {}


def delivery_id(subscription: str, hit: Hit) -> str:
    """The id of the delivery that this hit starts: the same after a crash, so nothing is sent twice."""
    return f"{subscription}-{digest(f'{subscription} {hit.id}')}"


class DeliveryStore:
    """Deliveries of all partitions."""

    def __init__(self, client: Client, keys: Keys, keep_seconds: int) -> None:
        self._client = client
        self._keys = keys
        self._keep_seconds = keep_seconds

    async def enqueue(self, pairs: Sequence[tuple[Subscription, Hit]], now: int, due: int) -> list[Enqueued]:
        """Hand each hit to its subscription, once; in the order given. In digest mode it waits for the next digest."""
        calls: list[tuple[list[str], list[Argument]]] = []
        for wanting, hit in pairs:
            subscription, mode = wanting.id, "digest" if wanting.digest else "instant"
            prefix, id_ = self._keys.s(subscription), delivery_id(subscription, hit)
            items = [f"story:{hit.story}"]
            items += [f"link:{hit.link_key}"] if hit.link_key else []
            items += [f"text:{hit.text_key}"] if hit.text_key else []
            args: list[Argument] = [
                prefix, subscription, hit.id, hit.rule, id_, now, due, member(now, id_), hit.story,
                hit.first_seen, REMEMBER_HIT, REMEMBER_ITEM, mode, *items,
            ]  # fmt: skip
            calls.append((self._keys.queues(subscription), args))
        answers = await self._client.scripts("enqueue", calls) if calls else []
        return [Enqueued(result.decode(), id_.decode()) for result, id_ in answers]

    async def ready(self, now: int) -> list[str]:
        """Subscriptions that have a delivery due."""
        commands = [("ZRANGE", f"{p}ready", "-inf", now, "BYSCORE") for p in self._keys.prefixes("s")]
        return [s.decode() for answer in await self._client.many(commands) for s in answer]

    async def claim(
        self, subscription: str, now: int, lease_end: int, limit: int, *, once: bool = False
    ) -> list[ClaimedDelivery]:
        """Up to ``limit`` due deliveries of ``subscription``, leased until ``lease_end``.

        With ``once``, one whose last claim was never recorded is not handed out again: its outcome is unknown.
        """
        prefix = self._keys.s(subscription)
        keys = [f"{prefix}due:{subscription}", f"{prefix}ready"]
        args: list[Argument] = [now, lease_end, limit, prefix, subscription, int(once), self._keep_seconds]
        rows = await self._client.script("claim_deliveries", keys, args)
        return [
            ClaimedDelivery(
                id_.decode(),
                subscription,
                tuple(hits.decode().split()),
                int(created),
                int(tries) + 1,
                int(fence),
                run.decode() or None,
                _also(also),
            )
            for id_, hits, created, tries, fence, run, also in rows
        ]

    async def renew(self, claims: Sequence[ClaimedDelivery], lease_end: int) -> None:
        """Push the leases of attempts in flight ahead; one that has been overtaken stays as it is."""
        by_subscription: dict[str, list[ClaimedDelivery]] = {}
        for claim in claims:
            by_subscription.setdefault(claim.subscription, []).append(claim)
        calls: list[tuple[list[str], list[Argument]]] = []
        for subscription, group in by_subscription.items():
            prefix = self._keys.s(subscription)
            args: list[Argument] = [lease_end, prefix, subscription]
            args += [part for claim in group for part in (claim.id, claim.fence)]
            calls.append(([f"{prefix}due:{subscription}", f"{prefix}ready"], args))
        if calls:
            await self._client.scripts("renew_deliveries", calls)

    async def record(self, claimed: ClaimedDelivery, outcome: Outcome, attempt: Attempt | None, now: int) -> str:
        """Write what came of an attempt (None: there was none): recorded, stale, finished or gone."""
        prefix, id_ = self._keys.s(claimed.subscription), claimed.id
        keys = [
            f"{prefix}delivery:{id_}", f"{prefix}attempts:{id_}", f"{prefix}due:{claimed.subscription}",
            f"{prefix}ready", f"{prefix}health:{claimed.subscription}",
        ]  # fmt: skip
        args: list[Argument] = [
            prefix, claimed.subscription, id_, claimed.fence, outcome.state.value,
            "" if outcome.next_attempt_at is None else outcome.next_attempt_at, outcome.reason or "",
            "" if attempt is None else codec.ATTEMPT.dump(attempt), now, self._keep_seconds,
            int(attempt is not None and not outcome.ours),
        ]  # fmt: skip
        answer: bytes = await self._client.script("record", keys, args)
        return answer.decode()

    async def replay(self, delivery: str, now: int) -> None:
        """Schedule the delivery anew under its id. Raises NotFound."""
        subscription = delivery.partition("-")[0]
        prefix = self._keys.s(subscription)
        keys = [
            f"{prefix}delivery:{delivery}", f"{prefix}attempts:{delivery}",
            f"{prefix}due:{subscription}", f"{prefix}ready",
        ]  # fmt: skip
        if not await self._client.script("replay", keys, [prefix, subscription, delivery, now]):
            raise NotFound("delivery", delivery)

    async def hurry(self, subscription: str, now: int) -> int:
        """Make everything that waits for ``subscription`` due now; how many there are."""
        prefix = self._keys.s(subscription)
        keys = [f"{prefix}due:{subscription}", f"{prefix}ready"]
        return int(await self._client.script("hurry", keys, [now, prefix, subscription]))

    async def health(self, subscription: str) -> ReceiverHealth:
        """How the subscription's receiver fares."""
        flat = await self._client.call("HGETALL", f"{self._keys.s(subscription)}health:{subscription}")
        found = {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2], strict=True)}
        return ReceiverHealth(
            int(found.get("failures", 0)),
            int(found["failing_since"]) if "failing_since" in found else None,
            int(found["last_success"]) if "last_success" in found else None,
            found.get("last_error"),
        )

    async def forgive(self, subscription: str) -> None:
        """Start a receiver's count of failures anew, after its owner switched it on again."""
        await self._client.call(
            "HDEL", f"{self._keys.s(subscription)}health:{subscription}", "failures", "failing_since"
        )

    async def abandon(self, subscription: str) -> None:
        """Let a sender look at a subscription that was deleted, to cancel what waits for it."""
        await self._client.call("ZADD", f"{self._keys.s(subscription)}ready", 0, subscription)

    async def forget(self, subscription: str) -> None:
        """Drop what only a living subscription needs; its deliveries stay readable until they expire."""
        prefix = self._keys.s(subscription)
        own = [f"{prefix}{name}:{subscription}" for name in ("due", "health", "pending", "copies", "told", "runs")]
        lists = [f"{prefix}ready", f"{prefix}waiting"]
        await self._client.atomic(
            [("DEL", *own, *self._indexes(subscription, None)), *(("ZREM", name, subscription) for name in lists)]
        )

    async def get(self, delivery: str) -> Delivery:
        """The delivery with its attempts. Raises NotFound."""
        found = await self.existing([delivery])
        if not found:
            raise NotFound("delivery", delivery)
        return found[0]

    async def existing(self, ids: Sequence[str]) -> list[Delivery]:
        """The deliveries of ``ids`` that are still kept, with their attempts."""
        commands: list[Command] = []
        for id_ in ids:
            key = self._keys.delivery(id_)
            commands.append(("HMGET", key, "subscription", "state", "hits", "created", "next", "reason", "copies",
                             "run", "also"))  # fmt: skip
            commands.append(("LRANGE", key.replace("delivery:", "attempts:", 1), 0, -1))
        answers = await self._client.many(commands)
        found = []
        for id_, record, attempts in zip(ids, answers[::2], answers[1::2], strict=True):
            if record[0] is None:
                continue
            subscription, state, hits, created, next_at, reason, copies, run = (
                None if v is None else v.decode() for v in record[:8]
            )
            found.append(
                Delivery(
                    id_,
                    str(subscription),
                    DeliveryState(str(state)),
                    tuple(str(hits).split()),
                    int(created or 0),
                    int(next_at) if next_at else None,
                    reason or None,
                    tuple(codec.ATTEMPT.load(a) for a in attempts),
                    tuple(copies.split(" ")) if copies else (),
                    run,
                    _also(record[8]),
                )
            )
        return found

    async def page(self, subscription: str | None, state: DeliveryState | None, cursor: str | None, limit: int) -> Page:
        """Ids, newest first. Raises InvalidInput on a bad cursor."""
        return await page(self._client, self._indexes(subscription, state), None, cursor, limit)

    def _indexes(self, subscription: str | None, state: DeliveryState | None) -> list[str]:
        states = [state] if state else list(DeliveryState)
        if subscription:
            return [f"{self._keys.s(subscription)}deliveries:{subscription}:{s.value}" for s in states]
        return [f"{p}deliveries:{s.value}" for p in self._keys.prefixes("s") for s in states]

    async def trim(self, before: int, subscriptions: Sequence[str]) -> int:
        """Drop index entries of finished deliveries made before ``before``; the records expire by themselves."""
        keys = []
        for state in (s for s in DeliveryState if s is not DeliveryState.SCHEDULED):
            keys += self._indexes(None, state)
            keys += [key for s in subscriptions for key in self._indexes(s, state)]
        return await trim(self._client, keys, before)

    async def waiting(self) -> int:
        """How many deliveries wait for an attempt, those of an unknown outcome that are tried again included."""
        answers = await self._client.many([("ZRANGE", f"{p}ready", 0, -1) for p in self._keys.prefixes("s")])
        ids = [s.decode() for answer in answers for s in answer]
        return sum(await self._client.many([("ZCARD", f"{self._keys.s(s)}due:{s}") for s in ids]))

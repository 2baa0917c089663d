"""Digests: what waits for them, and the delivery that each run makes of it."""

from __future__ import annotations

from monitor.policy.alerting import REMEMBER_ITEM
from monitor.policy.digest import Run
from monitor.store.client import Argument, Client
from monitor.store.index import member
from monitor.store.keys import Keys
from monitor.text.fingerprints import digest


def digest_id(subscription: str, run: Run) -> str:
    """The id of the delivery of a run, the same after a crash.

    Its instant is part of it: after a change of the time zone the same local time may come again.
    """
    return f"{subscription}-{digest(f'{subscription} digest {run.name} {run.at}')}"


class DigestStore:
    """Digests of all partitions."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def make(self, subscription: str, run: Run, now: int, *, planned: bool, all_quiet: bool) -> str:
        """Make one delivery of all that is pending: made, quiet where nothing is, done where the run was made before.

        A run that is not ``planned`` (the user asked for it) leaves the schedule as it is. With ``all_quiet``
        there is a delivery in any case.
        """
        prefix, id_ = self._keys.s(subscription), digest_id(subscription, run)
        due, ready, pending, waiting, copies, told = self._keys.queues(subscription)
        runs = f"{prefix}runs:{subscription}"
        names = [pending, waiting, self._keys.delivery(id_), due, ready, runs, copies, told]
        args: list[Argument] = [
            prefix, subscription, id_, now, run.name, run.at if planned else "", member(now, id_), int(all_quiet),
            REMEMBER_ITEM,
        ]  # fmt: skip
        answer: bytes = await self._client.script("make_digest", names, args)
        return answer.decode()

    async def last_run(self, subscription: str) -> int | None:
        """When the last planned run was due; None before the first."""
        found = await self._client.call("HGET", f"{self._keys.s(subscription)}runs:{subscription}", "last")
        return int(found) if found else None

    async def waiting(self) -> list[str]:
        """Subscriptions for which something is pending."""
        answers = await self._client.many([("ZRANGE", f"{p}waiting", 0, -1) for p in self._keys.prefixes("s")])
        return [s.decode() for answer in answers for s in answer]

    async def pending(self, subscription: str) -> int:
        """How many hits wait for the subscription's next digest."""
        return int(await self._client.call("ZCARD", f"{self._keys.s(subscription)}pending:{subscription}"))

    async def drop(self, subscription: str) -> None:
        """Forget what is pending for a subscription that was deleted while a hit was on its way to it."""
        _, _, pending, waiting, copies, told = self._keys.queues(subscription)
        runs = f"{self._keys.s(subscription)}runs:{subscription}"
        await self._client.atomic([("DEL", pending, copies, told, runs), ("ZREM", waiting, subscription)])

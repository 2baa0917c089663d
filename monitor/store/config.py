"""Rules, subscriptions and API keys: small, kept whole in every process, changed by compare-and-set.

Each change counts an epoch up and notes what changed at which epoch; a process compares one number
and reads only what changed since it last looked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.errors import Conflict, FileProblem, InvalidInput, NotFound
from monitor.model.rule import Backfill, Rule, RuleSpec
from monitor.model.subscription import Subscription
from monitor.ports import Changes
from monitor.store import codec, keys
from monitor.store.client import Argument, Client

RULE, SUBSCRIPTION = "rule", "subscription"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: only its digest is kept."""

    digest: str
    name: str
    created_at: int


class ConfigStore:
    """The configuration, all under one hash tag."""

    def __init__(self, client: Client) -> None:
        self._client = client

    # ── seen by the matching processes ──

    async def epoch(self) -> int:
        """Counts every change of a rule or a subscription."""
        return int(await self._client.call("GET", keys.EPOCH) or 0)

    async def changes(self, since: int) -> Changes:
        """Everything that changed after the epoch ``since``; everything there is, for -1."""
        # Epoch and changes in one step: a change in between would be skipped for ever.
        epoch, names = await self._client.atomic(
            [("GET", keys.EPOCH), ("ZRANGE", keys.CHANGES, f"({since}", "+inf", "BYSCORE")]
        )
        ids: dict[str, list[str]] = {RULE: [], SUBSCRIPTION: []}
        for name in names:
            kind, _, id_ = name.decode().partition(":")
            ids[kind].append(id_)
        unreadable: dict[str, str] = {}
        rules = _decoded(codec.RULE, await self._records(keys.RULES, ids[RULE]), unreadable)
        records = await self._records(keys.SUBSCRIPTIONS, ids[SUBSCRIPTION])
        return Changes(int(epoch or 0), rules, _decoded(codec.SUBSCRIPTION, records, unreadable), unreadable)

    async def known(self, kind: str) -> list[str]:
        """The ids of all rules or subscriptions that there ever were, removed ones included."""
        names = await self._client.call("ZRANGE", keys.CHANGES, 0, -1)
        return [id_ for name in names for k, _, id_ in (name.decode().partition(":"),) if k == kind]

    async def _records(self, key: str, ids: list[str]) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for start in range(0, len(ids), 1000):
            part = ids[start : start + 1000]
            found |= zip(part, await self._client.call("HMGET", key, *part), strict=True)
        return found

    # ── rules ──

    async def rules(self) -> list[Rule]:
        """All rules, by id."""
        data = await self._client.call("HVALS", keys.RULES)
        return sorted((codec.RULE.load(d) for d in data), key=lambda r: r.id)

    async def rule(self, id_: str) -> Rule:
        """The rule. Raises NotFound."""
        data = await self._client.call("HGET", keys.RULES, id_)
        if data is None:
            raise NotFound("rule", id_)
        return codec.RULE.load(data)

    async def rule_version(self, id_: str, version: int) -> Rule:
        """A version that the rule once had. Raises NotFound."""
        data = await self._client.call("HGET", keys.versions(id_), version)
        if data is None:
            raise NotFound("rule version", f"{id_} version {version}")
        return codec.RULE.load(data)

    async def put_rule(
        self, spec: RuleSpec, file: str | None, now: int, *, create: bool = False, left: str | None = None
    ) -> Rule:
        """Store a rule as its next version; the same spec again stays the version it is.

        ``left`` is a file that has owned the rule and gives it up. Raises Conflict where the rule exists and
        ``create`` is set, or where its owner (a file, the API) is another.
        """
        while True:
            seen = await self._client.call("HGET", keys.RULES, spec.id)
            before = codec.RULE.load(seen) if seen else None
            if before is not None:
                if create:
                    raise Conflict(f"the rule {spec.id!r} exists already; change it with PUT, or choose another id")
                if left is None or before.file != left:
                    _check_owner(before, file)
                if before.spec == spec and before.file == file:
                    return before
            # A rule that comes back after its deletion goes on counting: hits name the version they are of.
            last = int(await self._client.call("HLEN", keys.versions(spec.id)))
            rule = Rule(spec, last + 1, before.created_at if before else now, now, file)
            if await self._change(RULE, keys.RULES, spec.id, seen, codec.RULE.dump(rule), rule.version):
                return rule

    async def disable_file_rule(self, id_: str, now: int) -> None:
        """Switch off a rule whose file is gone and hand it to the API, hits kept; nothing if it is not there."""
        while (seen := await self._client.call("HGET", keys.RULES, id_)) is not None:
            before = codec.RULE.load(seen)
            if before.file is None:
                return
            last = int(await self._client.call("HLEN", keys.versions(id_)))
            spec = replace(before.spec, enabled=False)
            rule = replace(before, spec=spec, version=last + 1, updated_at=now, file=None)
            if await self._change(RULE, keys.RULES, id_, seen, codec.RULE.dump(rule), rule.version):
                return

    async def remove_rule(self, id_: str) -> None:
        """Remove a rule; its hits stay. Raises NotFound, or Conflict where a file owns it."""
        while True:
            seen = await self._client.call("HGET", keys.RULES, id_)
            if seen is None:
                raise NotFound("rule", id_)
            _check_owner(codec.RULE.load(seen), None)
            if await self._change(RULE, keys.RULES, id_, seen, b"", None):
                await self._client.call("HDEL", keys.BACKFILLS, id_)
                return

    async def note_file_problems(self, problems: Sequence[FileProblem]) -> None:
        """What is wrong with the rule files, for every process to show."""
        await self._client.call("SET", keys.FILE_PROBLEMS, codec.FILE_PROBLEMS.dump(tuple(problems)))

    async def file_problems(self) -> tuple[FileProblem, ...]:
        """What is wrong with the rule files, as the process that reads them last saw it."""
        data = await self._client.call("GET", keys.FILE_PROBLEMS)
        return codec.FILE_PROBLEMS.load(data) if data else ()

    async def approve(self, rule: str, digest: str) -> None:
        """Let a rule file's rule take effect once although its tests fail, as long as its spec has this digest."""
        await self._client.call("HSET", keys.APPROVALS, rule, digest)

    async def approvals(self) -> dict[str, str]:
        """Digest by rule of the specs that were approved and have not been taken over yet."""
        flat = await self._client.call("HGETALL", keys.APPROVALS)
        return {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2], strict=True)}

    async def drop_approval(self, rule: str) -> None:
        """An approval is used up, if there is one."""
        await self._client.call("HDEL", keys.APPROVALS, rule)

    # ── subscriptions ──

    async def subscriptions(self) -> list[Subscription]:
        """All subscriptions, by id."""
        data = await self._client.call("HVALS", keys.SUBSCRIPTIONS)
        return sorted((codec.SUBSCRIPTION.load(d) for d in data), key=lambda s: s.id)

    async def subscription(self, id_: str) -> Subscription:
        """The subscription. Raises NotFound."""
        data = await self._client.call("HGET", keys.SUBSCRIPTIONS, id_)
        if data is None:
            raise NotFound("subscription", id_)
        return codec.SUBSCRIPTION.load(data)

    async def held_back(self, id_: str) -> str | None:
        """Why nothing is sent to the subscription at present; None where it is switched on."""
        data = await self._client.call("HGET", keys.SUBSCRIPTIONS, id_)
        if data is None:
            return "the subscription was deleted"
        if codec.SUBSCRIPTION.load(data).enabled:
            return None
        return "the subscription is switched off; this waits until it is switched on again"

    async def add_subscription(self, subscription: Subscription) -> None:
        """Store a new subscription."""
        data = codec.SUBSCRIPTION.dump(subscription)
        if not await self._change(SUBSCRIPTION, keys.SUBSCRIPTIONS, subscription.id, None, data, None):
            raise Conflict(f"the subscription {subscription.id!r} exists already")

    async def change_subscription(self, id_: str, change: Callable[[Subscription], Subscription]) -> Subscription:
        """Apply ``change`` to the subscription as it is now. Raises NotFound."""
        while True:
            seen = await self._client.call("HGET", keys.SUBSCRIPTIONS, id_)
            if seen is None:
                raise NotFound("subscription", id_)
            changed = change(codec.SUBSCRIPTION.load(seen))
            data = codec.SUBSCRIPTION.dump(changed)
            if data == seen or await self._change(SUBSCRIPTION, keys.SUBSCRIPTIONS, id_, seen, data, None):
                return changed

    async def remove_subscription(self, id_: str) -> None:
        """Remove a subscription. Raises NotFound."""
        while (seen := await self._client.call("HGET", keys.SUBSCRIPTIONS, id_)) is not None:
            if await self._change(SUBSCRIPTION, keys.SUBSCRIPTIONS, id_, seen, b"", None):
                return
        raise NotFound("subscription", id_)

    async def _change(
        self, kind: str, records: str, id_: str, seen: bytes | None, new: bytes, version: int | None
    ) -> bool:
        names = [records, keys.EPOCH, keys.CHANGES]
        args: list[Argument] = [kind, id_, seen or "", new]
        if version is not None:
            names.append(keys.versions(id_))
            args.append(version)
        return bool(await self._client.script("change_config", names, args))

    # ── back-fills ──

    async def ask_backfill(self, backfill: Backfill) -> None:
        """Note that a rule is to be run over stored stories; a request of before is replaced."""
        await self._client.call("HSET", keys.BACKFILLS, backfill.rule, codec.BACKFILL.dump(backfill))

    async def finish_backfill(self, asked: Backfill, done: Backfill) -> None:
        """Note the end of a back-fill; a request that was made meanwhile stays."""
        args: list[Argument] = [asked.rule, codec.BACKFILL.dump(asked), codec.BACKFILL.dump(done)]
        await self._client.script("finish_backfill", [keys.BACKFILLS], args)

    async def backfills(self) -> dict[str, Backfill]:
        """The last back-fill of each rule that had one."""
        flat = await self._client.call("HGETALL", keys.BACKFILLS)
        return {k.decode(): codec.BACKFILL.load(v) for k, v in zip(flat[::2], flat[1::2], strict=True)}

    async def backfill(self, rule: str) -> Backfill | None:
        """The rule's last back-fill."""
        data = await self._client.call("HGET", keys.BACKFILLS, rule)
        return codec.BACKFILL.load(data) if data else None

    # ── leases and keys ──

    async def lease(self, name: str, owner: str, ms: int) -> bool:
        """Take or renew a lease; False while another owner has it."""
        return bool(await self._client.script("lease", [name], [owner, ms]))

    async def release(self, name: str, owner: str) -> None:
        """Give a lease back before it ends."""
        await self._client.script("release", [name], [owner])

    async def link_secret(self, proposed: str) -> str:
        """What signs the links of mails: ``proposed``, unless there is a secret already."""
        await self._client.call("SET", keys.LINKS, proposed, "NX")
        found: bytes = await self._client.call("GET", keys.LINKS)
        return found.decode()

    async def add_key(self, key: str, name: str, now: int) -> ApiKey:
        """Store an API key; only its digest is kept."""
        record = ApiKey(digest_key(key), name, now)
        await self._client.call("HSET", keys.API_KEYS, record.digest, json.dumps({"name": name, "created_at": now}))
        return record

    async def key_name(self, key: str) -> str | None:
        """The name of an API key; None where there is no such key."""
        data = await self._client.call("HGET", keys.API_KEYS, digest_key(key))
        return str(json.loads(data)["name"]) if data else None

    async def keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""
        flat = await self._client.call("HGETALL", keys.API_KEYS)
        found = [ApiKey(k.decode(), **json.loads(v)) for k, v in zip(flat[::2], flat[1::2], strict=True)]
        return sorted(found, key=lambda k: k.created_at)

    async def remove_key(self, digest: str) -> None:
        """Revoke the key whose digest starts with ``digest``, by at least 8 hex digits.

        Raises InvalidInput where they are fewer, NotFound, or Conflict where several keys start so.
        """
        found = [k for k in await self.keys() if k.digest.startswith(digest)]
        if not found:
            raise NotFound("key", digest)
        if len(found) > 1:
            raise Conflict(f"{len(found)} keys start with {digest!r}; give more of it")
        if len(digest) < 8:  # an empty variable in a script must not revoke the only key there is
            raise InvalidInput("digest", "give at least 8 of its hex digits", "`monitor keys list` shows them")
        await self._client.call("HDEL", keys.API_KEYS, found[0].digest)


def _decoded(kind: codec.Codec[T], records: dict[str, bytes | None], unreadable: dict[str, str]) -> dict[str, T | None]:
    """The records; one that cannot be read (a newer version wrote it) is noted, and the others are read."""
    found: dict[str, T | None] = {}
    for id_, data in records.items():
        try:
            found[id_] = kind.load(data) if data else None
        except ValueError as error:
            unreadable[id_] = str(error)
    return found


def digest_key(key: str) -> str:
    """SHA-256 of an API key. Keys are random and long, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _check_owner(rule: Rule, file: str | None) -> None:
    if rule.file is not None and file is None:
        raise Conflict(f"the rule {rule.id!r} belongs to the file {rule.file}; change it there")
    if rule.file is not None and rule.file != file:
        raise Conflict(f"the rule {rule.id!r} is defined in {rule.file} already")
    if rule.file is None and file is not None and rule.spec.enabled:
        raise Conflict(f"the rule {rule.id!r} was made over the API already; delete it there, or choose another id")

"""Lists in order of time: a ZSET whose scores are all 0 and whose members start with the time.

A member is ``<11 hex digits of ms><id>``: the order of members is the order of time, ties included, so
a member is a cursor, and a page never skips or repeats an entry whatever is added meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import groupby, islice

from monitor.errors import InvalidInput
from monitor.ports import Page
from monitor.store.client import Client

_TIME = 11
_END = 16**_TIME - 1


def member(ms: int, id_: str) -> str:
    """The index entry of ``id_`` at ``ms``."""
    return f"{ms:0{_TIME}x}{id_}"


def lower_bound(ms: int) -> str:
    """Sorts before every member at or after ``ms``."""
    return f"{min(ms, _END):0{_TIME}x}"


async def page(client: Client, keys: Sequence[str], since: int | None, cursor: str | None, limit: int) -> Page:
    """The newest ``limit`` entries of all ``keys`` together, older than ``cursor``, not before ``since``.

    Raises InvalidInput on a cursor that no page gave out.
    """
    if cursor is not None and (len(cursor) <= _TIME or not all(c in "0123456789abcdef" for c in cursor[:_TIME])):
        raise InvalidInput("cursor", "this is no cursor of this list", "pass on `next` of the page before, unchanged")
    newest = f"({cursor}" if cursor else "+"
    oldest = f"[{lower_bound(since)}" if since is not None else "-"
    answers = await client.many([("ZRANGE", k, newest, oldest, "BYLEX", "REV", "LIMIT", 0, limit + 1) for k in keys])
    # An entry that moves from one list to another while they are read stands in both.
    merged = (m for m, _ in groupby(heapq.merge(*answers, reverse=True)))
    members = [m.decode() for m in islice(merged, limit + 1)]
    more = len(members) > limit
    members = members[:limit]
    return Page(tuple(m[_TIME:] for m in members), members[-1] if more else None)


async def trim(client: Client, keys: Sequence[str], before: int) -> int:
    """Remove entries older than ``before``; how many went."""
    answers = await client.many([("ZREMRANGEBYLEX", k, "-", f"({lower_bound(before)}") for k in keys])
    return sum(answers)

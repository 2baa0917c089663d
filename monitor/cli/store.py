"""What the commands on the store share. They work beside a running service as well as without one: both
share the data dir's server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


DataDir = Annotated[Path | None, typer.Option(help="The service's data dir.", envvar="MONITOR_DATA_DIR")]


Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]


def on_store(data_dir: Path | None, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run ``work`` on the configured store."""
    from monitor.settings import load
    from monitor.wiring import open_store

    async def run() -> T:
        async with open_store(load(data_dir=data_dir), patience=3) as opened:
            return await work(opened.store)

    return asyncio.run(run())


def now() -> int:
    """Milliseconds since the epoch."""
    from monitor.wiring import clock

    return clock()


def floor() -> int:
    """The shortest interval of a feed, in seconds."""
    from monitor.settings import load

    return load().min_poll_interval

"""What the commands on the store share. They work beside a running service as well as without one: both
share the data dir's server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:  # pydantic is loaded only by the commands that check something
    from pydantic import BaseModel

T = TypeVar("T")
M = TypeVar("M", bound="BaseModel")


Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


DataDir = Annotated[Path | None, typer.Option(help="The service's data dir.", envvar="MONITOR_DATA_DIR")]


Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]


def on_store(data_dir: Path | None, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run ``work`` on the configured store. That a server starts and stops for it is no news to the user."""
    from monitor.settings import load

    settings = load(data_dir=data_dir)
    # Only now: a wrong setting is told without loading half the service first.
    from monitor.logs import configure
    from monitor.wiring.opening import open_store

    configure(settings, least=logging.WARNING)

    async def run() -> T:
        async with open_store(settings, patience=3) as opened:
            return await work(opened.store)

    return asyncio.run(run())


def checked(body: type[M], **fields: Any) -> M:
    """``fields`` as the API would take them in a body. Raises InvalidInput."""
    from pydantic import ValidationError

    from monitor.errors import InvalidInput

    try:
        return body.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        raise InvalidInput(place, fault["msg"].removeprefix("Value error, ")) from error


def now() -> int:
    """Milliseconds since the epoch."""
    from monitor.wiring.opening import clock

    return clock()


def floor() -> int:
    """The shortest interval of a feed, in seconds."""
    from monitor.settings import load

    return load().min_poll_interval

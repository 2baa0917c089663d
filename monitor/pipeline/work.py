"""Reading a work stream: batches as they come, and by a timer what other readers left behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from monitor.errors import StoreUnavailable
from monitor.metrics import Metrics
from monitor.ports import Clock, Message, StreamPort

Handle = Callable[[Sequence[Message]], Awaitable[None]]
"""Does a batch's work; whatever it raises leaves the whole batch to be handed out again."""

IDLE_MS = 10_000
"""A message whose reader said nothing for so long was left; handling one takes far less."""
MAX_TRIES = 4
"""Times a message is handed out: once in a batch, then singly."""
MOST_AT_ONCE = 200
"""Messages reclaimed in one turn of the timer."""
log = structlog.get_logger(__name__)


async def read_batch(stream: StreamPort, handle: Handle, size: int) -> int:
    """Wait for new messages, do their work, acknowledge them; how many there were.

    Raises StoreUnavailable. Any other failure is logged, and the batch left to be reclaimed.
    """
    messages = await stream.read(size)
    if not messages:
        return 0
    try:
        await handle(messages)
    except StoreUnavailable:
        raise
    except Exception:
        log.exception("a batch failed; its messages are handed out again one at a time", stream=stream.name)
        return len(messages)
    await stream.done(messages)
    return len(messages)


async def reclaim(stream: StreamPort, handle: Handle, metrics: Metrics, clock: Clock) -> int:
    """Take over messages that were left, one at a time, and give up on those that keep failing."""
    for count in range(MOST_AT_ONCE):
        message = await stream.reclaim_one(IDLE_MS)
        if message is None:
            return count
        if message.tries > MAX_TRIES:
            await _give_up(stream, message, "its handler died or failed every time", metrics, clock)
            continue
        try:
            await handle([message])
        except StoreUnavailable:
            stream.excuse(message)
            raise
        except Exception as error:
            log.exception("a message failed", stream=stream.name, id=message.id, tries=message.tries)
            if message.tries == MAX_TRIES:
                await _give_up(stream, message, repr(error), metrics, clock)
            continue
        await stream.done([message])
    return MOST_AT_ONCE


async def _give_up(stream: StreamPort, message: Message, error: str, metrics: Metrics, clock: Clock) -> None:
    await stream.give_up(message, error, clock())
    metrics.dead.labels(stream.name).inc()
    log.error("a message was moved to the dead stream", stream=stream.name, id=message.id, error=error)

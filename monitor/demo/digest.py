"""The mail at the end: what came in, as the digest that a reader would find in the morning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from monitor.demo.play import until
from monitor.model.subscription import DigestSchedule, MailChannel, Subscription
from monitor.pipeline.digest import send_now
from monitor.store.store import Store


def reader(now: int) -> Subscription:
    """A reader who wants a digest, and not while the demo runs. Has to be there before the hits are."""
    later = (datetime.fromtimestamp(now / 1000, UTC).hour + 12) % 24
    schedule = DigestSchedule(f"0 {later} * * *", "UTC", since=now)
    return Subscription("smorning", "Morning desk", MailChannel("you@example.org"), (), (), True, now, digest=schedule)


async def send(
    store: Store, to: Subscription, folder: Path, clock: Callable[[], int], wake: Callable[[], None]
) -> tuple[Path, Path] | None:
    """Send what waits for the reader: the mail's file, and its HTML beside it; None where none came."""
    if not await send_now(store.digests, to, clock()):
        return None
    wake()

    async def written() -> Path | None:
        return next((folder / "outbox").glob("*.eml"), None)

    mail = await until(written)
    if mail is None:
        return None
    html = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("html",))
    if html is None:
        return None
    page = folder / "digest.html"
    page.write_text(html.get_content(), encoding="utf-8")
    return mail, page

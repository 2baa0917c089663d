"""The demo from start to end, or to Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import signal
from pathlib import Path

from monitor import ROLES
from monitor.delivery.signature import SECRET_BYTES, make_secret
from monitor.demo import digest
from monitor.demo.outside import Outlet, Receiver, outside
from monitor.demo.play import HOUR, Play, Tally, publish
from monitor.demo.script import COURIER, LEDGER, NEWS, OLD
from monitor.demo.show import Show, home_relative
from monitor.demo.stage import stage
from monitor.feeds.address import new_feed
from monitor.logs import configure
from monitor.model.subscription import Subscription, WebhookChannel
from monitor.settings import Settings
from monitor.wiring.opening import clock
from monitor.wiring.running import Running, running


async def run(data_dir: Path | None, pace: float, show: Show) -> bool:
    """Play the demo; whether everything came as it should. Ctrl-C ends it early, which is no fault.

    ``pace`` is the seconds of rest after each story. Raises ConfigurationError.
    """
    stop = asyncio.Event()
    task = asyncio.current_task()

    def stopped() -> None:
        if not stop.is_set() and task is not None:  # a second signal changes nothing
            stop.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped)
    try:
        async with stage(data_dir) as settings:
            tally = await _play(settings, pace, show, stop)
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        show.say("Stopped. Nothing is left running.")
        return True
    show.say("")
    for trouble in tally.troubles:
        show.say(f"Not as it should be: {trouble}", "red")
    show.say(_counted(tally), "bold")
    return not tally.troubles


def _counted(tally: Tally) -> str:
    counts = (
        (tally.stories, "story", "stories"),
        (tally.hits, "hit", "hits"),
        (tally.webhooks, "webhook verified", "webhooks verified"),
        (tally.copies, "copy folded", "copies folded"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts)


async def _play(settings: Settings, pace: float, show: Show, stop: asyncio.Event) -> Tally:
    configure(settings)
    show.say("Media monitor demo: two outlets, two watch rules, one receiver.", "bold")
    show.place("Data", home_relative(settings.data_dir))
    show.place("Rules", home_relative(settings.rules_folder))
    show.say("")
    outlets = {
        COURIER: Outlet(COURIER, "/courier.xml", "courier.example"),
        LEDGER: Outlet(LEDGER, "/ledger.xml", "ledger.example"),
    }
    for hours, act in enumerate(OLD, 2):
        publish(outlets[act.outlet], act.story, hours * HOUR)
    receiver = Receiver(make_secret(secrets.token_bytes(SECRET_BYTES)))
    async with outside([*outlets.values()], receiver) as url, running(settings, ROLES) as up:
        store = up.service.store
        desk = Subscription(
            "sdesk", "Desk", WebhookChannel(url + receiver.path, receiver.secret), (), (), True, clock()
        )
        reader = digest.reader(clock())
        for subscription in (desk, reader):
            await store.config.add_subscription(subscription)
        feeds = {o.name: new_feed(url + o.path, None, now=clock(), floor=1, interval=1) for o in outlets.values()}
        await store.feeds.add_all([*feeds.values()], clock())
        play = Play(store, outlets, {name: feed.id for name, feed in feeds.items()}, receiver, desk.id, show, clock)
        await play.old(OLD)
        for act in NEWS:
            await _rest(pace, stop)
            await play.act(act)
        await play.end(NEWS)
        await _digest(up, reader, show, play.tally)
        return play.tally


async def _rest(seconds: float, stop: asyncio.Event) -> None:
    """Wait; raises CancelledError where the demo is to stop: Python 3.11's wait_for can swallow the one of before."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
    raise asyncio.CancelledError


async def _digest(up: Running, reader: Subscription, show: Show, tally: Tally) -> None:
    folder = up.service.settings.data_dir
    found = await digest.send(up.service.store, reader, folder, clock, up.service.wake)
    if found is None:
        tally.troubles.append("no digest was sent")
        return
    mail, page = found
    show.line("digest", "All of it once more, as the mail that a reader gets in the morning.", "bold")
    show.more("The mail's own links lead to the service of the demo, which ends now.")
    show.say("")
    show.place("Look at", page.as_uri())
    show.place("The mail", home_relative(mail))

"""The play: publish a story, wait until the service is done with it, show and judge what came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from monitor.demo.outside import Item, Outlet, Receiver
from monitor.demo.script import Act, Fate, article
from monitor.demo.show import Show, why_not
from monitor.match.document import Content
from monitor.match.explain import Explanation
from monitor.match.percolate import explain_rule
from monitor.model.hit import Hit, hit_id
from monitor.model.story import Story
from monitor.store.store import Store

PATIENCE = 15.0
"""Seconds until what should happen counts as not happening; it takes one or two."""
HOUR = 3600
T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """What happened, and what should have and did not."""

    stories: int = 0
    hits: int = 0
    webhooks: int = 0
    copies: int = 0
    troubles: list[str] = field(default_factory=list)


async def until(look: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE) -> T | None:
    """The first answer of ``look`` that is not None; None after ``seconds`` without one."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found is not None or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.05)


class Play:
    """Plays acts. ``feeds`` are the feeds' ids by outlet, ``subscription`` is the receiver's."""

    def __init__(
        self, store: Store, outlets: Mapping[str, Outlet], feeds: Mapping[str, str], receiver: Receiver,
        subscription: str, show: Show, clock: Callable[[], int],
    ) -> None:  # fmt: skip
        self._store = store
        self._outlets = outlets
        self._feeds = feeds
        self._receiver = receiver
        self._subscription = subscription
        self._show = show
        self._clock = clock
        self.tally = Tally()

    async def old(self, acts: Sequence[Act]) -> None:
        """What the feeds held at their first poll: stored, matched, and never alerted."""
        hits: list[Hit] = []
        for act in acts:
            story = await self._stored(act)
            if story is not None:
                hits += await self._hits(act, story)
                self._show.line("old", story.title)
        self._show.more(
            f"These {len(acts)} were in the feeds before the first poll. They are stored, {len(hits)} of them hit,"
            " but what is old does not alert."
        )
        self._expect(not any(hit.decision.alert for hit in hits), "an item of a first poll alerts")

    async def act(self, act: Act) -> None:
        """Publish, and see what the service makes of it."""
        outlet = self._outlets[act.outlet]
        if act.title is not None:
            outlet.retitle(act.story, act.title)
        else:
            publish(outlet, act.story)
        # Otherwise it is polled every one to two seconds: `monitor feeds poll` does the same.
        await self._store.feeds.poll_now(self._feeds[act.outlet], self._clock())
        story = await self._stored(act)
        if story is None:
            return
        hits = await self._hits(act, story)
        match act.fate:
            case Fate.HIT:
                await self._hit(hits)
            case Fate.MISS:
                await self._miss(act, story)
            case Fate.COPY:
                await self._copy(act, story, hits)
            case Fate.EDIT:
                await self._edit(act, story)

    async def end(self, acts: Sequence[Act]) -> None:
        """Each story that should alert has alerted once, and none besides."""
        wanted = sum(act.fate is Fate.HIT for act in acts)
        self._expect(len(self._receiver.calls) == wanted, f"{len(self._receiver.calls)} webhooks came, not {wanted}")

    def _expect(self, held: bool, trouble: str) -> None:
        if not held:
            self.tally.troubles.append(trouble)

    # ── what the service has made of a story ──

    async def _stored(self, act: Act) -> Story | None:
        """The story as stored, once the service has matched it and handed out its hits."""
        link = self._outlets[act.outlet].link(act.story)

        async def look() -> Story | None:
            page = await self._store.stories.page(self._feeds[act.outlet], None, None, 100)
            for story in await self._store.stories.existing(page.ids):
                if story.url == link and act.title in (None, story.title):
                    return story
            return None

        async def idle() -> bool | None:
            # The next entry of a chain is written before the last is removed, so none means that all is done.
            return None if any((await self._store.backlog()).values()) else True

        story = await until(look)
        self._expect(story is not None, f"{act.outlet}: {act.title or article(act.story).title!r} did not come in")
        if story is not None:
            self._expect(await until(idle) is not None, f"{story.title!r} was not matched")
            self.tally.stories += act.title is None
        return story

    async def _hits(self, act: Act, story: Story) -> list[Hit]:
        """The story's hits; they have to be those of the script."""
        rules = [rule.id for rule in await self._store.config.rules()]
        hits = await self._store.hits.existing([hit_id(rule, story.id) for rule in rules])
        found = {hit.rule for hit in hits}
        self._expect(found == set(act.rules), f"{story.title!r} hit {sorted(found) or 'nothing'}, not {act.rules}")
        self.tally.hits += len(hits) if act.title is None else 0
        return hits

    async def _hit(self, hits: Sequence[Hit]) -> None:
        if not hits:
            return
        self._show.hit(hits)

        async def called() -> bool | None:
            return True if self._receiver.about(hits[0].story) else None

        if await until(called) is None:
            self._show.more("no webhook came", "red")
            self._expect(False, f"no webhook for {hits[0].title!r}")
            return
        (call, *more) = self._receiver.about(hits[0].story)
        named = {rule["id"] for rule in call.event["data"]["rules"]}
        self._expect(named == {hit.rule for hit in hits}, f"the webhook for {hits[0].title!r} names {sorted(named)}")
        self._expect(call.verified, f"the signature of the webhook for {hits[0].title!r} is wrong")
        self._expect(not more, f"{hits[0].title!r} alerted {1 + len(more)} times")
        self.tally.webhooks += call.verified
        verdict = "signature verified" if call.verified else "signature WRONG"
        both = f", one alert for {len(hits)} rules" if len(hits) > 1 else ""
        self._show.more(f"webhook received, {verdict}{both}", "green" if call.verified else "red")

    async def _miss(self, act: Act, story: Story) -> None:
        explained = [
            (rule.spec.name, explain_rule(rule.spec, Content.of(story))) for rule in await self._store.config.rules()
        ]
        name, nearest = max(explained, key=lambda pair: _share(pair[1]))
        self._expect(not act.rules, f"the script expects a hit of {act.story}")
        self._show.line("no hit", story.title, "dim")
        self._show.more(f"nearest rule: {name}; {why_not(nearest)}")

    async def _copy(self, act: Act, story: Story, hits: Sequence[Hit]) -> None:
        page = await self._store.deliveries.page(self._subscription, None, None, 100)
        folded = [d for d in await self._store.deliveries.existing(page.ids) if story.id in d.copies]
        self._expect(bool(folded), f"the copy {story.title!r} was not folded into the first alert")
        self._expect(not self._receiver.about(story.id), f"the copy {story.title!r} alerted once more")
        self.tally.copies += bool(folded)
        self._show.line("copy", story.title, "cyan")
        names = " + ".join(hit.rule_name for hit in hits)
        self._show.more(f"{act.outlet} has it too ({names}). Copy in another outlet: no second alert.")

    async def _edit(self, act: Act, story: Story) -> None:
        self._expect(story.revision == 2, f"the edited headline {story.title!r} is revision {story.revision}, not 2")
        calls = len(self._receiver.about(story.id))
        self._expect(calls == 1, f"after its headline was edited, {story.title!r} has {calls} alerts")
        self._show.line("edit", story.title, "cyan")
        self._show.more(f"was: {article(act.story).title}. Headline edited: no second alert.")


def publish(outlet: Outlet, name: str, ago: float = 0.0) -> None:
    """Put an article on top of the outlet's feed, dated ``ago`` seconds back."""
    story = article(name)
    outlet.publish(Item(name, story.title, story.body, time.time() - ago))


def _share(explanation: Explanation) -> float:
    """How much of a rule holds."""
    return sum(part.matched for part in explanation.parts) / max(len(explanation.parts), 1)

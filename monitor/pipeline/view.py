"""The configuration as this process sees it: compiled rules and subscriptions, up to date on demand.

Every batch compares the epoch after it was read, so that a story that came in after a rule was made
is always matched against that rule, however fast it came.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from monitor.errors import RuleSyntaxError
from monitor.match.percolate import Rulebook
from monitor.model.rule import Rule
from monitor.model.subscription import Subscription
from monitor.ports import ConfigPort

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _State:
    """One state of the configuration."""

    epoch: int = -1
    rulebook: Rulebook = field(default_factory=Rulebook)
    rules: dict[str, Rule] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def take(self, id_: str, rule: Rule | None) -> None:
        """Take over a rule's new version."""
        if rule is None or not rule.spec.enabled:
            self.drop(id_)
            return
        try:
            self.rulebook.put(rule.spec)
        except RuleSyntaxError as error:
            self.leave_out(id_, str(error))
            return
        self.rules[id_] = rule
        self.broken.pop(id_, None)

    def drop(self, id_: str) -> None:
        """Forget a rule."""
        self.rulebook.remove(id_)
        self.rules.pop(id_, None)
        self.broken.pop(id_, None)

    def leave_out(self, id_: str, error: str) -> None:
        """Go on without a record that this version cannot use."""
        self.drop(id_)
        self.broken[id_] = error
        log.error("a stored rule or subscription cannot be used and is left out", id=id_, error=error)

    def subscribe(self, id_: str, subscription: Subscription | None) -> None:
        """Take over a subscription."""
        self.broken.pop(id_, None)
        if subscription is None:
            self.subscriptions.pop(id_, None)
        else:
            self.subscriptions[id_] = subscription


class ConfigView:
    """Shared by all steps of one process."""

    def __init__(self, config: ConfigPort) -> None:
        self._config = config
        self._state = _State()
        self._refreshing = asyncio.Lock()

    @property
    def rulebook(self) -> Rulebook:
        """The active rules, compiled."""
        return self._state.rulebook

    @property
    def rules(self) -> dict[str, Rule]:
        """The active rules, by id."""
        return self._state.rules

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """All subscriptions, by id."""
        return self._state.subscriptions

    @property
    def broken(self) -> dict[str, str]:
        """Stored rules and subscriptions that this version cannot use, with the error."""
        return self._state.broken

    async def refresh(self) -> None:
        """Take over what changed since the last call. Raises StoreUnavailable."""
        async with self._refreshing:
            epoch = await self._config.epoch()
            if epoch == self._state.epoch:
                return
            # A smaller epoch is another store, or an older state of this one: a new state is built beside the
            # present one, which stays in use until it is complete.
            state = self._state if epoch > self._state.epoch else _State()
            changes = await self._config.changes(state.epoch)
            for count, (id_, changed) in enumerate(changes.rules.items(), 1):
                state.take(id_, changed)
                if count % 200 == 0:
                    await asyncio.sleep(0)  # 100,000 rules take seconds to compile; others must go on meanwhile
            for id_, subscription in changes.subscriptions.items():
                state.subscribe(id_, subscription)
            for id_, error in changes.unreadable.items():
                state.leave_out(id_, error)
            state.epoch = changes.epoch
            self._state = state

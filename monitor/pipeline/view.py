"""The configuration as this process sees it: compiled rules and subscriptions, up to date on demand.

Every batch compares the epoch after it was read, so that a story that came in after a rule was made
is always matched against that rule, however fast it came.
"""

from __future__ import annotations

import asyncio

import structlog

from monitor.errors import RuleSyntaxError
from monitor.match.percolate import Rulebook
from monitor.model.rule import Rule
from monitor.model.subscription import Subscription
from monitor.ports import ConfigPort

log = structlog.get_logger(__name__)


class ConfigView:
    """Shared by all steps of one process."""

    def __init__(self, config: ConfigPort) -> None:
        self._config = config
        self._epoch = -1
        self._refreshing = asyncio.Lock()
        self.rulebook = Rulebook()
        self.rules: dict[str, Rule] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.broken: dict[str, str] = {}
        """Stored rules that this version cannot compile, with the error."""

    async def refresh(self) -> None:
        """Take over what changed since the last call. Raises StoreUnavailable."""
        async with self._refreshing:
            epoch = await self._config.epoch()
            if epoch == self._epoch:
                return
            # A smaller epoch is another store, or an older state of this one: start anew.
            changes = await self._config.changes(self._epoch if epoch > self._epoch else -1)
            if epoch < self._epoch:
                for rule in list(self.rules):
                    self._drop(rule)
                self.subscriptions.clear()
            for count, (id_, changed) in enumerate(changes.rules.items()):
                self._take(id_, changed)
                if count % 200 == 199:
                    await asyncio.sleep(0)  # 100,000 rules take seconds to compile; others must go on meanwhile
            for id_, subscription in changes.subscriptions.items():
                if subscription is None:
                    self.subscriptions.pop(id_, None)
                else:
                    self.subscriptions[id_] = subscription
            self._epoch = changes.epoch

    def _take(self, id_: str, rule: Rule | None) -> None:
        if rule is None or not rule.spec.enabled:
            self._drop(id_)
            return
        try:
            self.rulebook.put(rule.spec)
        except RuleSyntaxError as error:
            self._drop(id_)
            self.broken[id_] = str(error)
            log.error("a stored rule does not compile and is left out", rule=id_, error=str(error))
            return
        self.rules[id_] = rule
        self.broken.pop(id_, None)

    def _drop(self, id_: str) -> None:
        self.rulebook.remove(id_)
        self.rules.pop(id_, None)
        self.broken.pop(id_, None)

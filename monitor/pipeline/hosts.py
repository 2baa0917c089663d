"""One poll at a time per host: fifty feeds of one host are not asked for at once."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from monitor.model.feed import ClaimedFeed


class HostGate:
    """One poll at a time per host. Private hosts carry many unrelated feeds: there, per feed."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def enter(self, claimed: ClaimedFeed) -> bool:
        """Whether the feed's host was free; it is taken now."""
        host = host_key(claimed)
        free = host not in self._busy
        self._busy.add(host)
        return free

    def leave(self, claimed: ClaimedFeed) -> None:
        """Free the host."""
        self._busy.discard(host_key(claimed))


def host_key(claimed: ClaimedFeed) -> str:
    """What is polled one at a time: the public host, or the single feed of a private one."""
    host = urlsplit(claimed.state.url or claimed.config.url).hostname or ""
    try:
        private = not ipaddress.ip_address(host).is_global
    except ValueError:
        private = host == "localhost" or "." not in host
    return claimed.config.id if private else host

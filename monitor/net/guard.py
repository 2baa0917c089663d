"""Which addresses a feed or a webhook may reach.

The check sits where the socket is made, after name resolution, so that redirects, DNS answers that
change (rebinding) and odd spellings of an address (0x7f.1, ::ffff:127.0.0.1) all come past it.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

from monitor.errors import BlockedAddress
from monitor.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]

# What ``is_global`` lets through although nobody's public server lives there, or although it only
# wraps an IPv4 address that has to be judged itself (RFC 6890 and the IANA special-purpose registries).
_NEVER = tuple(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
        "3fff::/20", "5f00::/16", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
# All that IANA has given out for public IPv6 servers; outside of it are further ways to wrap an IPv4 address.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def public(address: Address) -> bool:
    """Whether ``address`` is an ordinary public unicast address."""
    if address.version == 6 and address.ipv4_mapped is not None:
        return public(address.ipv4_mapped)
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in net for net in _NEVER if net.version == address.version)


def allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Whether a connection to ``address`` may be made, given the private ``networks`` that are allowed."""
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return public(address) or any(address in net for net in networks if net.version == address.version)


def socket_factory(networks: Sequence[Network]) -> Callable[[AddressInfo], socket.socket]:
    """A maker of sockets that raises BlockedAddress instead of making one for a refused address."""

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, target = info
        host = str(target[0]).split("%", 1)[0]
        if not allowed(ipaddress.ip_address(host), networks):
            raise BlockedAddress(host)
        return socket.socket(family, kind, protocol)

    return make

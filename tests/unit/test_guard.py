"""The address guard: what a feed or a webhook may reach."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from monitor.errors import BlockedAddress
from monitor.net.guard import allowed, public, socket_factory

REFUSED = {
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fdff::1"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.0.1", "169.254.169.254", "fe80::1", "febf::1"],
    "site-local": ["fec0::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "carrier-grade NAT": ["100.64.0.0", "100.100.100.200", "100.127.255.255"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "6to4": ["192.88.99.1", "2002:7f00:1::", "2002:0808:0808::1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "198.19.255.255", "100::1", "5f00::1"],
}
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111",
    "2a00:1450:4001::1", "2001:200::1", "2003::1", "::ffff:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "address"), [(kind, a) for kind, found in REFUSED.items() for a in found])
def test_addresses_that_are_nobodys_public_server_are_refused(kind: str, address: str) -> None:
    """Every special range is refused, its first and last addresses included, in IPv4 and IPv6."""
    assert not public(ipaddress.ip_address(address)), kind
    assert not allowed(ipaddress.ip_address(address), ()), kind


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    """Ordinary addresses pass, also those right beside a refused range."""
    assert public(ipaddress.ip_address(address))
    assert allowed(ipaddress.ip_address(address), ())


@pytest.mark.parametrize(
    ("network", "address", "expected"),
    [
        ("10.1.0.0/16", "10.1.2.3", True),
        ("10.1.0.0/16", "10.2.0.1", False),
        ("10.1.0.0/16", "127.0.0.1", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", True),
        ("10.1.0.0/16", "::ffff:10.2.2.3", False),
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.2", False),
        ("127.0.0.1/32", "::1", False),
        ("127.0.0.0/8", "2002:7f00:1::", False),
        ("127.0.0.0/8", "64:ff9b::7f00:1", False),
        ("::1/128", "::1", True),
        ("::1/128", "127.0.0.1", False),
        ("::1/128", "::2", False),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "fc12::1", False),
        ("10.1.0.0/16", "8.8.8.8", True),
    ],
)
def test_an_allowed_network_opens_exactly_what_it_names(network: str, address: str, expected: bool) -> None:
    """A network lets its own addresses through, mapped ones too, and nothing beside it."""
    assert allowed(ipaddress.ip_address(address), (ipaddress.ip_network(network),)) is expected


def test_several_networks_add_up() -> None:
    """Each of several networks counts, whatever the version of the others."""
    networks = (ipaddress.ip_network("fd00::/8"), ipaddress.ip_network("192.168.7.0/24"))
    assert allowed(ipaddress.ip_address("192.168.7.9"), networks)
    assert allowed(ipaddress.ip_address("fd00::9"), networks)
    assert not allowed(ipaddress.ip_address("192.168.8.9"), networks)


@pytest.mark.parametrize(
    ("family", "target"),
    [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET, ("169.254.169.254", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
        (socket.AF_INET6, ("::ffff:10.0.0.1", 80, 0, 0)),
        (socket.AF_INET6, ("fe80::1%eth0", 80, 0, 2)),
    ],
)
def test_no_socket_is_made_for_a_refused_address(family: socket.AddressFamily, target: tuple) -> None:
    """The maker raises BlockedAddress, an OSError whose message names the setting that would allow it."""
    make = socket_factory(())
    with pytest.raises(BlockedAddress, match="MONITOR_ALLOWED_PRIVATE_NETWORKS") as caught:
        make((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", target))
    assert isinstance(caught.value, OSError)
    assert target[0].split("%")[0] in str(caught.value)


def test_a_socket_is_made_for_an_allowed_address() -> None:
    """The socket has the family and kind that were asked for."""
    make = socket_factory((ipaddress.ip_network("127.0.0.1/32"),))
    with make((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))) as made:
        assert (made.family, made.type) == (socket.AF_INET, socket.SOCK_STREAM)

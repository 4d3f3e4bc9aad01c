"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.guard import refusal


def _words(text: str) -> list[str]:
    return text.split()


OPEN = _words("""
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
    169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255 2606:4700:4700::1111 2a00:1450:4001:80b::200e
    2400:cb00::1 2001:200::1 2001:4860:4860::8888 2620:fe::fe
""")

CLOSED = _words("""
    0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.254
    169.254.0.1 169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1
    192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
    239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1
    ::ffff:7f00:1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8
    64:ff9b:1::1 64:ff9b:1:ffff::a00:1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1
    2001:20::1 2001:2::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254
    fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 4000::1 8000::1 fe80::1%eth0 fe80::1%1 2606:4700::1%eth0
    2a00::5efe:10.0.0.1 2a00::200:5efe:808:808
""")

NO_ADDRESS = ["", " ", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3", "1.2.3.4.5"]
NO_ADDRESS += ["127.0.0.1 ", "127.0.0.1:80", "[::1]", "::1/128", "①.1.1.1", "1.1.1.1\n", "010.8.8.8"]


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are_open(address):
    assert refusal(address, ()) is None


@pytest.mark.parametrize("address", CLOSED)
def test_special_addresses_are_closed(address):
    assert address in str(refusal(address, ()))


@pytest.mark.parametrize("spelling", NO_ADDRESS)
def test_what_is_not_plainly_numeric_is_closed_even_where_all_is_allowed(spelling):
    assert refusal(spelling, (ip_network("0.0.0.0/0"), ip_network("::/0")))


@pytest.mark.parametrize(
    ("address", "allowed", "is_open"),
    [
        ("127.0.0.1", "127.0.0.0/8", True),
        ("127.0.0.1", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.2.3", "10.1.0.0/16", False),
        ("::1", "::1/128", True),
        ("::1", "127.0.0.0/8", False),
        ("fd00::1", "fd00::/8", True),
        ("::ffff:127.0.0.1", "127.0.0.0/8", True),
        ("::ffff:10.0.0.1", "127.0.0.0/8", False),
        ("64:ff9b::8.8.8.8", "64:ff9b::/96", True),
        ("64:ff9b::7f00:1", "64:ff9b::/96", False),
        ("64:ff9b::7f00:1", "127.0.0.0/8", True),
        ("2002:7f00:1::", "2002::/16", False),
        ("2002:808:808::", "2002::/16", True),
        ("::ffff:127.0.0.1", "::/0", False),
        ("fe80::1%eth0", "fe80::/10", False),
    ],
)
def test_an_allowed_network_opens_what_it_contains_and_no_more(address, allowed, is_open):
    assert (refusal(address, (ip_network(allowed),)) is None) is is_open


@given(st.ip_addresses(v=4))
def test_an_open_ipv4_address_is_global(address: IPv4Address):
    if refusal(str(address), ()) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_an_open_ipv6_address_is_global_unicast(address: IPv6Address):
    if refusal(str(address), ()) is None:
        assert address.is_global
        assert address in ip_network("2000::/3")


@given(st.ip_addresses(v=4))
def test_no_wrapping_opens_a_closed_address(address: IPv4Address):
    number = int(address)
    wrapped = [
        IPv6Address(number),
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0x2A00 << 112) | (0x5EFE << 32) | number),
    ]
    assert all(refusal(str(one), ()) for one in wrapped)

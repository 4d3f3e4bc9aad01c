"""Which addresses may be reached, and the enforcement of it at the moment of connecting.

A crawler that follows strangers' links must not be led into the network that it stands in. A check of
names or URLs is not enough: a name may resolve to anything, differently each time, and an address has
many spellings. So the check sits where a TCP connection is opened, on the numeric address that is really
connected to; every redirect and every robots.txt passes there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.web.client import Agent
from zope.interface import directlyProvides, providedBy  # type: ignore[import-untyped]

from crawlers.errors import AddressRefusedError

Network = IPv4Network | IPv6Network

ALLOWED_NETWORKS_SETTING = "MARSAD_ALLOWED_NETWORKS"

# The special-purpose registries of IANA, without the few blocks that are globally reachable.
_CLOSED_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 form"),
        ("::ffff:0:0:0/96", "an IPv4 address in IPv6 form"),
        ("::/96", "an IPv4 address in IPv6 form"),
        ("64:ff9b::/96", "translated by NAT64"),
        ("64:ff9b:1::/48", "translated by NAT64"),
        ("100::/64", "a black hole"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_MAPPED = tuple(
    IPv6Network(network)
    for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)


def refusal(address: str, allowed: Sequence[Network]) -> str | None:
    """Return why the numeric `address` may not be connected to, in words, or None if it may.

    What is private, reserved or special is refused unless one of the `allowed` networks contains it. An
    IPv4 address inside an IPv6 one is judged too: it must be public or itself be in an allowed network.
    Anything that is not a numeric address, or has a zone (`fe80::1%eth0`), is refused.
    """
    if "%" in address:
        return f"{address} is tied to one network interface"
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"{address!r} is not a numeric address"
    word = _closed(parsed)
    inner = () if isinstance(parsed, IPv4Address) else tuple(_embedded(parsed))
    for embedded in inner:
        if _closed(embedded) and not _within(embedded, allowed):
            return f"{address} leads to {embedded}, which is {_closed(embedded)}"
    if word is None or _within(parsed, allowed):
        return None
    if inner and all(_within(embedded, allowed) for embedded in inner):
        return None
    return f"{address} is {word}"


def _closed(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((word for network, word in _CLOSED_V4 if address in network), None)
    for network, word in _CLOSED_V6:
        if address in network:
            return word
    if address not in _OPEN_V6:
        return "reserved"
    return "an ISATAP tunnel" if _isatap(address) else None


def _within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & 0xFFFFFFFF in _ISATAP_MARKS


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 one stands for (RFC 4291, 6052, 3056, 4380, 5214)."""
    number = int(address)
    if any(address in network for network in _MAPPED) and number > 1:
        yield IPv4Address(number & 0xFFFFFFFF)
    elif address in _SIX_TO_FOUR:
        yield IPv4Address((number >> 80) & 0xFFFFFFFF)
    elif address in _TEREDO:
        yield IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield IPv4Address(~number & 0xFFFFFFFF)
    if _isatap(address):
        yield IPv4Address(number & 0xFFFFFFFF)


class GuardedReactor:
    """The reactor as seen by the HTTP client: everything as it is, but TCP only to permitted addresses.

    The client resolves a name and then calls `connectTCP` with one numeric address after another, so
    that what is checked here is what is connected to.
    """

    def __init__(self, reactor: Any, allowed: Sequence[Network]) -> None:
        self._reactor = reactor
        self._allowed = allowed
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        """Pass everything else through."""
        return getattr(self._reactor, name)

    def connectTCP(self, host: str, port: int, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        """Connect, or raise `AddressRefusedError`."""
        reason = refusal(host, self._allowed)
        if reason is not None:
            raise AddressRefusedError(f"{reason}; allow_private_networks does not name it")
        return self._reactor.connectTCP(host, port, *args, **kwargs)


class _GuardedAgent(_ScrapyAgent):
    """One request. A proxy in the request's meta is not looked at: proxies are off."""

    guarded: GuardedReactor

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        return Agent(  # type: ignore[no-untyped-call]
            self.guarded,
            self._contextFactory,
            connectTimeout=timeout,
            pool=self._pool,
        )


class GuardedDownloadHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP client with the guard where it opens connections."""

    def __init__(self, crawler: Crawler) -> None:
        from twisted.internet import reactor

        super().__init__(crawler)
        self._guarded = GuardedReactor(reactor, tuple(crawler.settings[ALLOWED_NETWORKS_SETTING]))

    async def download_request(self, request: Request) -> Response:
        """Fetch one address, without following redirects.

        Raises:
            AddressRefusedError: it resolves to nothing that may be connected to.
        """
        agent = _GuardedAgent(
            contextFactory=self._contextFactory,
            pool=self._pool,
            maxsize=self._default_maxsize,
            fail_on_dataloss=True,
            crawler=self._crawler,
        )
        agent.guarded = self._guarded
        # Sources on one host take turns, whichever crawl they are in.
        turn = self._crawler.spider.hosts.turn(request.url)  # type: ignore[union-attr]
        async with turn:
            with wrap_twisted_exceptions():
                response: Response = await maybe_deferred_to_future(agent.download_request(request))
        return response

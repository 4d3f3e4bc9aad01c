"""Short links of mentions, followed to the address that they stand for, where the user allows it.

Only the shortener is asked, with a HEAD request through the guard; the address that it names is written
down and not visited.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from scrapy import Request

from crawlers.base import Visit
from crawlers.downloads import Downloads
from crawlers.errors import PostponedError
from crawlers.guard import refusal
from crawlers.urls import canonical, is_short, web_url
from storage.records import Mention

_HOPS = 5
_PATIENCE_SECONDS = 10.0
# After a failure so many more are asked at the most.
_FAILURES = 3
_A_VISIT = 50
_REMEMBERED = 10_000
_known: OrderedDict[str, str | None] = OrderedDict()


@dataclass(slots=True)
class ShortLinks:
    """Follows the short links of one visit, so many at the most; what they stand for is remembered."""

    downloads: Downloads
    visit: Visit
    left: int = _A_VISIT

    async def followed(self, mention: Mention) -> Mention:
        """Return the mention with the address that its short link stands for; else as it is."""
        if not is_short(mention.url) or mention.url is None:
            return mention
        target = await self._target(mention.url)
        return mention if target is None else replace(mention, url=target, canonical_url=canonical(target))

    async def _target(self, url: str) -> str | None:
        if url in _known:
            _known.move_to_end(url)
            return _known[url]
        if self.left <= 0:
            return None
        self.left -= 1
        found = None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await self._asked(url)
        except PostponedError:
            return None
        except Exception:  # noqa: BLE001 - a link that cannot be followed stays what it is, whatever the cause
            # A few that hang must not use up the visit's time.
            self.left = min(self.left, _FAILURES)
        _known[url] = found
        if len(_known) > _REMEMBERED:
            _known.popitem(last=False)
        return found

    async def _asked(self, url: str) -> str | None:
        for _ in range(_HOPS):
            request = Request(url, method="HEAD", meta={"dont_redirect": True}, dont_filter=True)
            answer = await self.downloads.fetch(request, self.visit, obey_robots=False)
            location = (answer.headers.get("Location") or b"").decode("latin-1")
            target = web_url(urljoin(url, location)) if location and answer.status // 100 == 3 else None
            if target is None:
                return None
            if not is_short(target):
                return None if _is_closed(target) else target
            url = target
        return None


def _is_closed(url: str) -> bool:
    """Tell whether an address names a number that nobody may be led to, or this machine."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    return refusal(host, ()) is not None

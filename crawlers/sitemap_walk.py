"""The way through a site's sitemaps: which one is next, and what has been found so far. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

from crawlers.article_choice import same_site
from crawlers.sitemaps import ChildSitemap, Sitemap, SitemapEntry

MOST_SITEMAPS = 50
DEEPEST = 3


class SitemapWalk:
    """Goes through sitemaps one by one, each once, at most `MOST_SITEMAPS` and `DEEPEST` indexes deep.

    `hosts` are those whose sites count besides the one that an index itself is on. `before` maps the
    children of the last visit to the ISO time of their last change: one that is unchanged is not read
    again.
    """

    def __init__(self, hosts: Collection[str], before: Mapping[str, str]) -> None:
        self._hosts = tuple(hosts)
        self._before = before
        self._queue: deque[tuple[str, int]] = deque()
        self._asked: set[str] = set()
        self.children: dict[str, str] = {}
        self.entries: list[SitemapEntry] = []
        self.problems: list[str] = []
        self.read = 0

    def add(self, urls: Iterable[str]) -> None:
        """Put sitemaps that the site or the user declares at the end of the queue."""
        self._queue.extend((url, 0) for url in urls)

    def next(self) -> tuple[str, int] | None:
        """Return the address and depth of the sitemap to read next, or None at the end."""
        while self._queue:
            url, depth = self._queue.popleft()
            if url in self._asked:
                continue
            if len(self._asked) >= MOST_SITEMAPS:
                self.problems.append(f"only the first {MOST_SITEMAPS} sitemaps were read")
                self._queue.clear()
                break
            self._asked.add(url)
            return url, depth
        return None

    def take(self, found: Sitemap, url: str, depth: int) -> None:
        """Note what the sitemap at `url` holds, and queue its children, the newest first."""
        self.read += 1
        self.entries += found.entries
        host = urlsplit(url).hostname or ""
        for child in sorted(found.children, key=_mark, reverse=True):
            if not any(same_site(child.url, one) for one in (host, *self._hosts)):
                self.problems.append(f"not followed to another site: {child.url}")
            elif depth >= DEEPEST:
                self.problems.append(f"not followed so deep: {child.url}")
            else:
                self.children[child.url] = _mark(child)
                if not _mark(child) or self._before.get(child.url) != _mark(child):
                    self._queue.append((child.url, depth + 1))

    def miss(self, url: str, cause: str) -> None:
        """Note that the sitemap at `url` could not be read, so that the next visit tries again."""
        self.children.pop(url, None)
        self.problems.append(f"{cause}: {url}")


def _mark(child: ChildSitemap) -> str:
    return child.lastmod.isoformat() if child.lastmod else ""

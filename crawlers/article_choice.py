"""Which of the announced articles are fetched at this visit. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

from courlan import extract_domain

from crawlers.sitemaps import SitemapEntry

MOST_KNOWN = 10_000
_DAWN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants of a site's articles. Patterns are for paths, see `glob_matches`."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    since: timedelta | None = None
    most: int = 50
    under: str = "/"


@dataclass(frozen=True, slots=True)
class Choice:
    """The articles to fetch, newest first; `left_over` tells that there are more for the next visit.

    `elsewhere` counts announced pages on other sites, which are never fetched. `still` holds the
    `key_of` each article that is known and still announced.
    """

    chosen: tuple[SitemapEntry, ...]
    left_over: bool
    elsewhere: int
    still: tuple[str, ...]


def choose(
    entries: Iterable[SitemapEntry],
    known: Mapping[str, str],
    wishes: Wishes,
    now: datetime,
    hosts: Collection[str] | None,
) -> Choice:
    """Return which entries to fetch: wanted, on one of the sites of `hosts` (None for any), new or changed.

    `known` maps `key_of` each article met before to the ISO time of its last change, empty where unknown.
    Only the newest `MOST_KNOWN` articles of a site count: what cannot be remembered would be fetched
    again and again.
    """
    wanted, elsewhere = [], 0
    for entry in entries:
        if hosts is not None and not _is_on_one_of(entry.url, hosts):
            elsewhere += 1
        elif _is_wanted(entry, wishes, now):
            wanted.append(entry)
    wanted.sort(key=lambda entry: entry.changed_at or _DAWN, reverse=True)
    del wanted[MOST_KNOWN:]
    fresh = [entry for entry in wanted if _is_news(entry, known)]
    still = tuple(key for entry in wanted if (key := key_of(entry.url)) in known)
    return Choice(tuple(fresh[: wishes.most]), len(fresh) > wishes.most, elsewhere, still)


def key_of(url: str) -> str:
    """Return the short name by which an article is remembered, 16 hex digits."""
    return blake2b(url.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def change_mark(entry: SitemapEntry) -> str:
    """Return what is remembered of an article's last change."""
    return entry.changed_at.isoformat() if entry.changed_at else ""


def _is_news(entry: SitemapEntry, known: Mapping[str, str]) -> bool:
    before = known.get(key_of(entry.url))
    return before is None or change_mark(entry) > before


def _is_wanted(entry: SitemapEntry, wishes: Wishes, now: datetime) -> bool:
    path = unquote(urlsplit(entry.url).path)
    if not path.strip("/") and not urlsplit(entry.url).query:
        return False  # the front page is no article
    if wishes.since is not None and entry.changed_at is not None and entry.changed_at < now - wishes.since:
        return False
    if not _is_below(path, wishes.under):
        return False
    if any(glob_matches(pattern, path) for pattern in wishes.exclude):
        return False
    return not wishes.include or any(glob_matches(pattern, path) for pattern in wishes.include)


def glob_matches(pattern: str, path: str) -> bool:
    """Tell whether `pattern` fits the whole of `path`; `*` is any run of characters, `?` any one.

    A pattern without either fits the path itself and everything below it. The time is at most the
    product of both lengths: patterns come from people, and no pattern may hang a visit.
    """
    if "*" not in pattern and "?" not in pattern:
        return _is_below(path, pattern)
    at = wanted = 0
    star, retry = -1, 0
    while at < len(path):
        if wanted < len(pattern) and pattern[wanted] == "*":
            star, retry = wanted, at
            wanted += 1
        elif wanted < len(pattern) and pattern[wanted] in ("?", path[at]):
            at, wanted = at + 1, wanted + 1
        elif star >= 0:
            retry += 1
            at, wanted = retry, star + 1
        else:
            return False
    return not pattern[wanted:].strip("*")


def _is_below(path: str, place: str) -> bool:
    bare = place.rstrip("/")
    return path == bare or path.startswith(f"{bare}/")


def _is_on_one_of(url: str, hosts: Collection[str]) -> bool:
    return any(same_site(url, host) for host in hosts)


def same_site(url: str, host: str) -> bool:
    """Tell whether `url` is on `host`'s site: the same registered domain, or the very same address."""
    other = (urlsplit(url).hostname or "").casefold()
    host = host.casefold()
    if other == host:
        return True
    domain = _domain(host)
    return domain is not None and domain == _domain(other)


@lru_cache(maxsize=1024)
def _domain(host: str) -> str | None:
    return extract_domain(f"https://{host}/")


def part_of_site(url: str) -> str:
    """Return the beginning of the paths that an address such as `https://acme.example/blog` stands for."""
    path = unquote(urlsplit(url).path) or "/"
    last = path.rsplit("/", 1)[-1]
    return path.rsplit("/", 1)[0] + "/" if "." in last else path

"""Sitemaps: which addresses a site announces. Pure, to be run in the killable child.

Forms: `urlset`, `sitemapindex`, news and other extensions, plain text, gzip; see https://www.sitemaps.org.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from crawlers.compression import GZIP_MAGIC, inflate
from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError, WallError
from crawlers.pages import decoded, one_line, tree_of
from crawlers.urls import web_url
from crawlers.walls import wall_of

_MOST_ENTRIES = 50_000
_LISTS = frozenset({"urlset", "sitemapindex"})
_START = re.compile(rb"<\?xml\s|<!DOCTYPE\s|<(?:[A-Za-z0-9]{1,20}:)?(?:urlset|sitemapindex)\b", re.IGNORECASE)
_FURTHEST_START = 4000
_ENTRY_END = re.compile(rb"</(?:[A-Za-z0-9]{1,20}:)?(?:url|sitemap)\s{0,9}>", re.IGNORECASE)
_LIST_END = re.compile(rb"</(?:[A-Za-z0-9]{1,20}:)?(?:urlset|sitemapindex)\s{0,9}>", re.IGNORECASE)
_DECLARATION = re.compile(rb"\A<\?xml[^<>]{0,400}\?>")
_BARE_AMPERSAND = re.compile(
    rb"(<!\[CDATA\[[^\]]{0,8000})|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)"
)
_BLANK = re.compile(rb"\A[\s\xef\xbb\xbf\x00]*")
_ROBOTS_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,4000})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """An announced page. `title`, `published_at` and `language` come from a news sitemap; times are UTC."""

    url: str
    lastmod: datetime | None = None
    title: str | None = None
    published_at: datetime | None = None
    language: str | None = None

    @property
    def changed_at(self) -> datetime | None:
        """When the page last changed, as far as the sitemap says."""
        return self.lastmod or self.published_at


@dataclass(frozen=True, slots=True)
class ChildSitemap:
    """A sitemap that an index names."""

    url: str
    lastmod: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What one sitemap file holds, each address once, in its order."""

    entries: tuple[SitemapEntry, ...]
    children: tuple[ChildSitemap, ...]


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """Return what the sitemap at `url`, `body`, announces. `hreflang` alternates and media are no pages.

    One that ends early is read as far as its entries are whole: a cut address is that of another page.

    Raises:
        UnreadableError: it is no sitemap, or one that declares entities.
        WallError: a login, a captcha or the like came instead.
        BodyTooBigError, BodyBrokenError: it is compressed, and too large or damaged.
    """
    body = _unpacked(body)
    if (start := _START.search(body[:_FURTHEST_START])) is not None:
        body = body[start.start() :]  # a broken template's warnings stand before it
    elif not looks_like_xml(body):
        return _from_text(body, url)
    root = _root(body)
    if root is None or _local(root) not in _LISTS:
        _refuse_wall(body, url)
        raise UnreadableError(f"it is no sitemap: {_described(root)}")
    entries: dict[str, SitemapEntry] = {}
    children: dict[str, ChildSitemap] = {}
    for element in root:
        name = _local(element)
        link = web_url(_child_text(element, "loc") or (element.text or "").strip(), url)
        if link is None or len(entries) >= _MOST_ENTRIES:
            continue
        if name == "url":
            entries.setdefault(link, _entry(element, link))
        elif name == "sitemap":
            children.setdefault(link, ChildSitemap(link, parse_moment(_child_text(element, "lastmod"))))
    return Sitemap(tuple(entries.values()), tuple(children.values()))


def looks_like_xml(body: bytes) -> bool:
    """Tell whether the first character, whatever the encoding, opens markup."""
    return _BLANK.sub(b"", body[:2000]).lstrip(b"\xff\xfe")[:2].strip(b"\x00").startswith(b"<")


def is_sitemap(body: bytes) -> bool:
    """Tell from the first bytes whether `body` is an XML sitemap, packed or not."""
    try:
        head = _unpacked(body)[:4000].replace(b"\x00", b"")
    except Exception:  # noqa: BLE001  whatever cannot be unpacked is none
        return False
    return re.search(rb"<(?:[A-Za-z0-9]{1,20}:)?(?:urlset|sitemapindex)\b", head) is not None


def sitemaps_in_robots(text: str, url: str) -> tuple[str, ...]:
    """Return the sitemaps that the robots.txt at `url` names, each once."""
    lines = text.removeprefix("\ufeff").replace("\r", "\n")
    found = (web_url(link, url) for link in _ROBOTS_LINE.findall(lines))
    return tuple(dict.fromkeys(link for link in found if link is not None))


def _unpacked(body: bytes) -> bytes:
    return inflate(body, whole=False) if body.startswith(GZIP_MAGIC) else body


def _root(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(_uncut(_mended(body.lstrip())), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise UnreadableError("the sitemap declares entities, which none needs")
    return root


def _uncut(body: bytes) -> bytes:
    """Return the XML up to its last whole entry, if it ends before its list does."""
    ends = [found.end() for found in _ENTRY_END.finditer(body)]
    return body[: ends[-1]] if ends and not _LIST_END.search(body, ends[-1]) else body


def _mended(body: bytes) -> bytes:
    """Return the XML with bare ampersands escaped and, where it is UTF-8, without its own word on that."""
    if b"\x00" in body[:200]:
        return body  # UTF-16
    if b"<!ENTITY" not in body:
        body = _BARE_AMPERSAND.sub(lambda found: found[1] or b"&amp;", body)
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body
    return _DECLARATION.sub(b"", body)


def _local(element: etree._Element) -> str:
    # Not etree.QName, which refuses a prefix that the document does not declare.
    tag = element.tag
    return re.split(r"[}:]", tag)[-1].casefold() if isinstance(tag, str) else ""


def _refuse_wall(body: bytes, url: str) -> None:
    is_page = b"<html" in body[:_FURTHEST_START].lower()
    if is_page and (wall := wall_of(tree_of(decoded(body, None)), url, "the sitemap")):
        raise WallError(wall)


def _described(root: etree._Element | None) -> str:
    return "it is broken XML" if root is None else f"its first element is <{_local(root)[:40]}>"


def _child_text(element: etree._Element, name: str) -> str | None:
    """Return the text of the direct child of this name: an image's `loc` lies deeper."""
    for child in element:
        if _local(child) == name:
            return "".join(child.itertext()).strip() or None
    return None


def _entry(element: etree._Element, link: str) -> SitemapEntry:
    title = published = language = None
    for child in element:
        if _local(child) == "news":
            title, published = _child_text(child, "title"), _child_text(child, "publication_date")
            publication = next((one for one in child if _local(one) == "publication"), None)
            language = _child_text(publication, "language") if publication is not None else None
    return SitemapEntry(
        url=link,
        lastmod=parse_moment(_child_text(element, "lastmod")),
        title=one_line(title)[:500] if title else None,
        published_at=parse_moment(published),
        language=language[:20] if language else None,
    )


def _from_text(body: bytes, url: str) -> Sitemap:
    """Read a text sitemap: one whole address a line, nothing else."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    whole = [web_url(line, url) for line in lines[:_MOST_ENTRIES] if line.startswith(("http://", "https://"))]
    links = dict.fromkeys(link for link in whole if link is not None)
    if not links or len(whole) * 2 < min(len(lines), _MOST_ENTRIES):
        raise UnreadableError("it is no sitemap: neither XML nor a list of addresses")
    return Sitemap(tuple(SitemapEntry(link) for link in links), ())

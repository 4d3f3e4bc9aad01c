"""Where the next page of a list is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import lxml.html

from crawlers.urls import web_url

_PAGE_PARAMETERS = frozenset({"page", "p", "pg", "paged", "pagenumber", "pagenum", "page_no", "pageno", "pn"})
_OFFSET_PARAMETERS = frozenset({"offset", "start", "skip", "from", "startindex", "startrow", "limitstart"})
_NEXT_WORDS = frozenset(
    {
        *(
            "next",
            "next page",
            "older",
            "older reviews",
            "next reviews",
            "more reviews",
            "show more reviews",
            "›",
        ),
        *("»", ">", "→", "next ›", "next »", "next >", "next →", "‹", "«"),
        *("التالي", "الصفحة التالية", "التالية", "المزيد من التقييمات", "المزيد من المراجعات", "عرض المزيد"),
        *("التالي ›", "التالي »", "التالي ‹", "« التالي", "‹ التالي", "التالي ←", "← التالي"),
        *("suivant", "suivante", "page suivante", "weiter", "nächste", "nächste seite", "siguiente"),
    }
)
# In a page from right to left these point forwards; elsewhere backwards.
_POINTS_BY_DIRECTION = {"‹": "rtl", "«": "rtl", "›": "ltr", "»": "ltr", ">": "ltr", "→": "ltr"}
_NEXT_CLASS = re.compile(r"(?:^|[\s_-])next(?:$|[\s_-])", re.IGNORECASE)
_DISABLED = re.compile(r"(?:^|[\s_-])disabled(?:$|[\s_-])", re.IGNORECASE)
_LINK = re.compile(r"<([^<>]{1,4000})>([^<]{0,1000})")
_REL_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"[^\"]*\bnext\b[^\"]*\"|next\b)", re.IGNORECASE)
_PAGE_SEGMENT = re.compile(r"(?:(?:comment-)?page|p|pg|صفحة)?[-_]?\d{1,6}|page|next", re.IGNORECASE)
_PAGE_AT_END = re.compile(r"/(?:(?:comment-)?page|p|pg|صفحة)[-_/]?(\d{1,6})/?\Z", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,6}")


def next_page(tree: lxml.html.HtmlElement, url: str, base: str, link_header: str | None) -> str | None:
    """Return the address of the page after the one at `url`, or None on the last.

    Looked at, in this order: `rel=next` in the `Link` header, in `<link>` and in `<a>`; links that say or
    are marked "next" (English, Arabic, a few others); a link to this list with the next page number, or
    with the smallest offset above this page's.
    Only addresses on the same host count, and for all but `rel=next` only those of the same list.
    """
    here = urlsplit(url)
    for sure, link in _candidates(tree, link_header):
        target = web_url(link, base)
        if target is None:
            continue
        there = urlsplit(target)
        if there.netloc.casefold() != here.netloc.casefold():
            continue
        if there._replace(fragment="") == here._replace(fragment=""):
            continue
        if sure or same_list(url, target):
            return there._replace(fragment="").geturl()
    return _by_number(tree, url, base) or _by_offset(tree, url, base)


def same_list(first: str, second: str) -> bool:
    """Tell whether two addresses differ only as two pages of one list do."""
    one, two = urlsplit(first), urlsplit(second)
    stem, other = _stem(one.path), _stem(two.path)
    return one.netloc.casefold() == two.netloc.casefold() and stem == other


def _stem(path: str) -> list[str]:
    segments = [segment for segment in path.split("/") if segment and not _PAGE_SEGMENT.fullmatch(segment)]
    return [
        re.sub(r"(?:[-_]?(?:page|p)?[-_]?\d{1,6})(?=\.\w{2,5}$|$)", "", one, flags=re.I) for one in segments
    ]


def _candidates(tree: lxml.html.HtmlElement, link_header: str | None) -> Iterator[tuple[bool, str | None]]:
    """Yield (whether it is surely the next page, link)."""
    for found in _LINK.finditer((link_header or "")[:8000]):
        if _REL_NEXT.search(found[2]):
            yield True, found[1]
    for element in tree.xpath("//link[@rel and @href] | //a[@rel and @href]"):
        if "next" in element.get("rel", "").casefold().split() and not _is_disabled(element):
            yield True, element.get("href")
    rightwards = tree.xpath("boolean(//*[self::html or self::body][translate(@dir,'RTL','rtl')='rtl'])")
    direction = "rtl" if rightwards else "ltr"
    for element in tree.xpath("//a[@href]"):
        if not _is_disabled(element) and _says_next(element, direction):
            yield False, element.get("href")


def _is_disabled(element: lxml.html.HtmlElement) -> bool:
    parent = element.getparent()
    classes = f"{element.get('class', '')} {parent.get('class', '') if parent is not None else ''}"
    return element.get("aria-disabled") == "true" or bool(_DISABLED.search(classes))


def _says_next(element: lxml.html.HtmlElement, direction: str) -> bool:
    if _NEXT_CLASS.search(element.get("class", "")) or element.get("itemprop") == "relatedLink next":
        return True
    parent = element.getparent()
    if parent is not None and parent.tag in ("li", "span") and _NEXT_CLASS.search(parent.get("class", "")):
        return True
    for said in (element.get("aria-label"), element.get("title"), "".join(element.itertext())):
        words = " ".join((said or "")[:200].split()).casefold()
        if words in _NEXT_WORDS and _POINTS_BY_DIRECTION.get(words, direction) == direction:
            return True
    return False


def _by_number(tree: lxml.html.HtmlElement, url: str, base: str) -> str | None:
    """Return the link of the same list whose page number, in query or path, is one more than this page's."""
    here = urlsplit(url)
    stem, current = _numbered(here)
    for element in tree.xpath("//a[@href]"):
        target = web_url(element.get("href"), base)
        if target is None or _is_disabled(element):
            continue
        there = urlsplit(target)
        if there.netloc == here.netloc and _numbered(there) == (stem, current + 1):
            return there._replace(fragment="").geturl()
    return None


def _by_offset(tree: lxml.html.HtmlElement, url: str, base: str) -> str | None:
    """Return the link that differs from this page's address only by the next greater offset."""
    here = urlsplit(url)
    rest, current = _offset(here)
    further: dict[int, str] = {}
    for element in tree.xpath("//a[@href]"):
        target = web_url(element.get("href"), base)
        if target is None or _is_disabled(element):
            continue
        there = urlsplit(target)
        if (there.netloc.casefold(), there.path) != (here.netloc.casefold(), here.path):
            continue
        others, offset = _offset(there)
        if others == rest and offset > current:
            further.setdefault(offset, there._replace(fragment="").geturl())
    return further[min(further)] if further else None


def _offset(parts: SplitResult) -> tuple[list[tuple[str, str]], int]:
    """Return the other parameters, and how many reviews come before this page, 0 where nothing says so."""
    others, offset = [], 0
    for name, value in parse_qsl(parts.query):
        if name.casefold() in _OFFSET_PARAMETERS and _NUMBER.fullmatch(value):
            offset = int(value)
        else:
            others.append((name, value))
    return sorted(others), offset


def _numbered(parts: SplitResult) -> tuple[str, int]:
    """Return the path without its page number, and the number, 1 where there is none."""
    path = unquote(parts.path)
    found = _PAGE_AT_END.search(path)
    stem = (path[: found.start()] if found else path).rstrip("/")
    return stem, _page_number(parts.query) or (int(found[1]) if found else 1)


def _page_number(query: str) -> int | None:
    for name, value in parse_qsl(query):
        if name.casefold() in _PAGE_PARAMETERS and _NUMBER.fullmatch(value):
            return int(value)
    return None

"""XML of feeds made fit for a parser: bare ampersands, cut ends, tags that do not match. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from lxml import etree

from crawlers.errors import UnreadableError

_BARE_AMPERSAND = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_LITERAL = re.compile(r"<!\[CDATA\[|<!--")
_FIRST_ELEMENT = re.compile(r"<[A-Za-z]")
_ITEM_START = re.compile(r"<(?:[A-Za-z][\w.-]{0,30}:)?(?:item|entry)(?=[\s>]|\Z)", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:[A-Za-z][\w.-]{0,30}:)?(?:item|entry)\s{0,9}>", re.IGNORECASE)
_ROOT_END = re.compile(r"</(?:[A-Za-z][\w.-]{0,30}:)?(?:rss|rdf|feed|channel)\s{0,9}>", re.IGNORECASE)


def mended(text: str) -> str:
    """Return the XML of a feed with bare ampersands escaped, and without an item that is not all there.

    A document that ends early is read as far as its items are whole: a cut one would be stored with half
    its text, and with an address that leads elsewhere.

    Raises:
        UnreadableError: it ends before its first item is whole.
    """
    start = _FIRST_ELEMENT.search(text)
    if start is None:
        return text
    # feedparser sees the declaration of an entity only at the beginning of a line.
    head = text[: start.start()].replace("<!ENTITY", "\n<!ENTITY")
    body = text[start.start() :]
    whole = "".join(
        part if literal else _BARE_AMPERSAND.sub("&amp;", part) for literal, part in _parts(_uncut(body))
    )
    return head + whole


def items_closed(text: str) -> int:
    """Return how many items the XML of a feed closes."""
    return sum(1 for _ in _ITEM_END.finditer(text))


def recovered(text: str) -> str | None:
    """Return XML whose tags do not match as XML whose tags do, or None where nothing can be made of it."""
    named = "".join(part if literal else _ENTITY.sub(_letter, part) for literal, part in _parts(text))
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(named.encode("utf-8"), parser=parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root is None else etree.tostring(root, encoding="unicode")


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the text in pieces with whether each is a CDATA section or a comment, where `&` is a letter."""
    at = 0
    while (start := _LITERAL.search(text, at)) is not None:
        yield False, text[at : start.start()]
        closed = text.find("-->" if start[0] == "<!--" else "]]>", start.end())
        at = len(text) if closed < 0 else closed + 3
        yield True, text[start.start() : at]
    yield False, text[at:]


def _uncut(text: str) -> str:
    """Return the text up to its last item, if that one is opened and the document ends before it closes."""
    starts = [found.start() for found in _ITEM_START.finditer(text)]
    ends = [found.end() for found in _ITEM_END.finditer(text)]
    if not starts or (ends and starts[-1] < ends[-1]) or _ROOT_END.search(text, starts[-1]):
        return text
    if ends:
        return text[: ends[-1]]
    if len(starts) == 1:
        raise UnreadableError("the feed ends early, before its first item is whole")
    return text  # items that are never closed, as in the days of SGML


def _letter(found: re.Match[str]) -> str:
    if found[1] in _OF_XML:
        return found[0]
    return html5.get(f"{found[1]};", found[0].replace("&", "&amp;"))

"""schema.org nodes in a page, from JSON-LD, microdata and RDFa, in one form. Pure.

Each syntax, and each JSON-LD block, is read on its own: one that is broken hides none of the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import lxml.html

from crawlers.lenient_json import loads_leniently, salvaged

_DEEPEST = 60
_MOST_NODES = 50_000
_SCRIPT_TYPE = "application/ld+json"
# Not shared between two descriptions of one thing: each review would seem to be there twice.
_REVIEW_LISTS = frozenset({"review", "reviews", "aggregaterating"})
_RDFA_SIGN = re.compile(r"\btypeof\s*=", re.IGNORECASE)


@dataclass(eq=False, slots=True)
class Node:
    """One thing described on a page: local type names, its `@id`, and values by lower-case property name."""

    types: tuple[str, ...]
    id: str | None
    properties: dict[str, list[Value]] = field(default_factory=dict)

    def values(self, *names: str) -> list[Value]:
        """Return the values of the first of these properties that has any."""
        return next((found for name in names if (found := self.properties.get(name))), [])

    def texts(self, *names: str) -> list[str]:
        """Return the plain values of the first of these properties that has any, as text."""
        for name in names:
            found = [value.strip() for value in self.properties.get(name, []) if isinstance(value, str)]
            if any(found):
                return [value for value in found if value]
        return []

    def nodes(self, *names: str) -> list[Node]:
        """Return the things that these properties hold."""
        return [value for name in names for value in self.properties.get(name, []) if isinstance(value, Node)]


Value: TypeAlias = str | Node


@dataclass(frozen=True, slots=True)
class Described:
    """What one syntax says. `broken` counts blocks that could not be read."""

    syntax: str
    nodes: list[Node]
    broken: int = 0


def describe(text: str, tree: lxml.html.HtmlElement, base: str) -> list[Described]:
    """Return what the page describes, one entry for each syntax, the most dependable first."""
    readers: tuple[tuple[str, Callable[[], tuple[list[Node], int]]], ...] = (
        ("json-ld", lambda: _json_ld(tree)),
        ("microdata", lambda: (_microdata(tree, base), 0)),
        ("rdfa", lambda: (_rdfa(text, base), 0)),
    )
    found = []
    for syntax, read in readers:
        try:
            nodes, broken = read()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  third-party extractors raise anything on strange pages
            nodes, broken = [], 1
        found.append(Described(syntax, nodes, broken))
    return found


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield every node once, parents before children, in document order."""
    seen: set[int] = set()
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        children = [
            value for values in node.properties.values() for value in values if isinstance(value, Node)
        ]
        stack.extend(children[::-1])


def _json_ld(tree: lxml.html.HtmlElement) -> tuple[list[Node], int]:
    raw: list[Any] = []
    broken = 0
    for script in tree.iter("script"):
        if str(script.get("type", "")).split(";")[0].strip().casefold() != _SCRIPT_TYPE:
            continue
        written = "".join(script.itertext())
        try:
            raw.append(loads_leniently(written))
        except (ValueError, RecursionError):
            broken += 1
            raw.extend(salvaged(written))
    return _linked([_node(thing, 0) for thing in _things(raw)]), broken


def _things(raw: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the top-level objects, out of arrays and `@graph`s."""
    stack = list(raw)[::-1]
    while stack:
        thing = stack.pop()
        if isinstance(thing, list):
            stack.extend(thing[::-1])
        elif isinstance(thing, dict):
            graph = thing.get("@graph")
            if isinstance(graph, list | dict):
                stack.append(graph)
            if graph is None or len(thing.keys() - {"@graph", "@context", "@id"}) > 0:
                yield {key: value for key, value in thing.items() if key != "@graph"}


def _local(name: str) -> str:
    return re.split(r"[/#:]", name.strip().rstrip("/#"))[-1]


def _node(thing: Mapping[str, Any], depth: int) -> Node:
    types = thing.get("@type", thing.get("type", ()))
    names = types if isinstance(types, list | tuple) else [types]
    own = thing.get("@id")
    node = Node(
        tuple(_local(name) for name in names if isinstance(name, str)), own if isinstance(own, str) else None
    )
    if depth < _DEEPEST:
        for key, value in thing.items():
            if not key.startswith("@"):
                node.properties.setdefault(_local(key).casefold(), []).extend(_values(value, depth + 1))
    return node


def _values(value: Any, depth: int) -> list[Value]:
    if isinstance(value, list):
        return [found for one in value for found in (_values(one, depth + 1) if depth < _DEEPEST else [])]
    if isinstance(value, dict):
        if "@value" in value:
            return _values(value["@value"], depth + 1)
        if value and all(key.isdigit() for key in value):
            return _values(list(value.values()), depth + 1)  # PHP's list with a gap in it
        if "@list" in value or "@set" in value:
            return _values(value.get("@list", value.get("@set")), depth + 1)
        return [_node(value, depth)]
    if value is None or isinstance(value, bool):
        return []
    return [str(value)]


def _linked(nodes: list[Node]) -> list[Node]:
    """Replace every reference (an object of nothing but an `@id`) by the thing that it names."""
    everything: list[Node] = []
    for node in walk(nodes):
        everything.append(node)
        if len(everything) > _MOST_NODES:
            raise ValueError("more things than any page describes")
    named: dict[str, Node] = {}
    for node in everything:
        if node.id and node.properties:
            _complete(named.setdefault(node.id, node), node)
    for node in everything:
        for values in node.properties.values():
            for at, value in enumerate(values):
                if isinstance(value, Node) and value.id and not value.properties:
                    values[at] = named.get(value.id, value)
    return [node for node in nodes if node.properties]


def _complete(first: Node, second: Node) -> None:
    """Let two blocks about one thing know what the other says of it."""
    if first is second:
        return
    for one, other in ((first, second), (second, first)):
        for name in other.properties.keys() - one.properties.keys():
            if name not in _REVIEW_LISTS:
                one.properties[name] = list(other.properties[name])


def _microdata(tree: lxml.html.HtmlElement, base: str) -> list[Node]:
    # Loaded where pages are read, in the children: every command would wait for it otherwise.
    from extruct.w3cmicrodata import MicrodataExtractor

    if not tree.xpath("boolean(//*[@itemscope])"):
        return []
    _show_text_values(tree)
    return [_item(raw, 0) for raw in MicrodataExtractor().extract_items(tree, base) if isinstance(raw, dict)]


def _show_text_values(tree: lxml.html.HtmlElement) -> None:
    """Let text stand for the value where the standard asks for an attribute that authors forget.

    `<time>` without `datetime`, `<data>` without `value`, and a link as the name of a person all mean
    their text.
    """
    for element in tree.xpath(
        "//time[@itemprop and not(@datetime)] | //*[self::data or self::meter][@itemprop and not(@value)]"
    ):
        element.set("content", element.get("content") or " ".join(element.itertext()).strip())
        element.tag = "span"
    for element in tree.xpath("//time[@itemprop and @datetime='']"):
        element.tag = "span"
    for element in tree.xpath("//a[@itemprop]"):
        if element.get("itemprop", "").casefold() in (
            "author",
            "reviewer",
            "name",
            "itemreviewed",
            "datepublished",
        ):
            element.tag = "span"


def _item(raw: Mapping[str, Any], depth: int) -> Node:
    types = raw.get("type", ())
    names = types if isinstance(types, list | tuple) else [types]
    node = Node(tuple(_local(str(name)) for name in names), raw.get("id"))
    for key, value in (raw.get("properties") or {}).items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and depth < _DEEPEST:
                node.properties.setdefault(_local(key).casefold(), []).append(_item(one, depth + 1))
            elif isinstance(one, str):
                node.properties.setdefault(_local(key).casefold(), []).append(one)
    if not node.properties and isinstance(raw.get("value"), str):
        # `<span itemprop="author" itemscope itemtype="…Person">Layla</span>`: the text is the name.
        node.properties["name"] = [raw["value"]]
    return node


def _rdfa(text: str, base: str) -> list[Node]:
    from extruct.rdfa import RDFaExtractor

    if not _RDFA_SIGN.search(text) or ("Review" not in text and "AggregateRating" not in text):
        return []
    raw = RDFaExtractor().extract(text, base_url=base)
    nodes = [_node(thing, 0) for thing in raw if isinstance(thing, dict)]
    return _linked(sorted(nodes, key=lambda node: node.id or ""))

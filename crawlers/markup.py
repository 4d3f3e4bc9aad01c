"""Reviews and aggregate ratings in a page's schema.org markup. Pure, to be run in the killable child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from crawlers import pages
from crawlers.dates import first_moment
from crawlers.linked_data import Described, Node, describe, walk
from crawlers.pagination import next_page
from crawlers.ratings import Rating, count_in, number_in, parse_rating
from crawlers.review_cards import read_cards
from crawlers.review_identity import ReviewDraft, identified, merged
from crawlers.urls import web_url
from crawlers.walls import wall_of

_REVIEW_TYPES = frozenset({"review", "userreview", "criticreview", "employerreview"})
_AGGREGATE_TYPES = frozenset({"aggregaterating", "employeraggregaterating", "review-aggregate"})
_REVIEW_PROPERTIES = ("review", "reviews", "reviewed", "hasreview")
_RATING_PROPERTIES = ("reviewrating", "rating")
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What a page says of all its reviews: `average` on 0…`scale`, and how many there are."""

    item: str | None
    average: float | None
    scale: float
    count: int | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What one page holds. `broken` counts blocks of markup that could not be read.

    `wall` says, where there are neither reviews nor ratings, what came instead: a login, a captcha.
    """

    reviews: tuple[ReviewDraft, ...]
    aggregates: tuple[Aggregate, ...]
    item: str | None
    next_url: str | None
    broken: int
    wall: str | None = None


def read_reviews(
    body: bytes,
    url: str,
    content_type: str | None,
    link_header: str | None = None,
    now: datetime | None = None,
) -> ReviewPage:
    """Return the reviews, aggregate ratings and next page that the page at `url` holds.

    `body` is the page's bytes, `content_type` and `link_header` the headers of these names, `now` what dates
    such as "3 days ago" are told from (without it they are unknown). A review in several syntaxes is one.
    Where there is no schema.org review, the stable attributes of a few well-known sites are read.

    Raises:
        UnreadableError: the bytes are no HTML page.
        BodyTooBigError, BodyBrokenError: they are compressed, and too large or damaged.
    """
    text = pages.decoded(body, content_type)
    tree = pages.tree_of(text)
    base = pages.base_of(tree, url)
    language = next(iter(pages.declared_languages(tree)), None)
    following = next_page(tree, url, base, link_header)
    cards = read_cards(tree, base, language, now)
    described = describe(text, tree, base)
    aggregates = tuple(_aggregates(described))
    item = _page_item(aggregates)
    by_syntax = [
        list(_drafts(one, base, language, item, aggregates[0].scale if aggregates else None, now))
        for one in described
    ]
    if not any(by_syntax):
        by_syntax = [cards]
    reviews = identified(merged(by_syntax), url)
    return ReviewPage(
        reviews=reviews,
        aggregates=aggregates,
        item=item,
        next_url=following,
        broken=sum(one.broken for one in described),
        wall=None if reviews or aggregates else wall_of(tree, url, "the reviews"),
    )


def _page_item(aggregates: Iterable[Aggregate]) -> str | None:
    names = {one.item for one in aggregates if one.item}
    return names.pop() if len(names) == 1 else None


def _is(node: Node, types: frozenset[str]) -> bool:
    return any(name.casefold() in types for name in node.types)


def _owners(nodes: list[Node], properties: tuple[str, ...]) -> dict[int, Node]:
    """Return which thing holds each node in one of these properties, by the identity of the node."""
    return {id(child): node for node in nodes for child in node.nodes(*properties)}


def _named(things: Iterable[Node | str]) -> str | None:
    for thing in things:
        found = [thing] if isinstance(thing, str) else thing.texts("name", "headline", "legalname", "fn")
        for name in found:
            if (plain := pages.one_line(name)) and not plain.startswith(("http://", "https://")):
                return plain[:_LONGEST_NAME]
        if isinstance(thing, Node) and (
            whole := " ".join(thing.texts("givenname")[:1] + thing.texts("familyname")[:1])
        ):
            return pages.one_line(whole)[:_LONGEST_NAME]
    return None


def _aggregates(described: Iterable[Described]) -> Iterator[Aggregate]:
    seen: set[Aggregate] = set()
    for one in described:
        nodes = list(walk(one.nodes))
        owners = _owners(nodes, ("aggregaterating",))
        for node in nodes:
            if not _is(node, _AGGREGATE_TYPES) and id(node) not in owners:
                continue
            found = _aggregate(node, owners.get(id(node)))
            if found is not None and found not in seen:
                seen.add(found)
                yield found


def _aggregate(node: Node, owner: Node | None) -> Aggregate | None:
    source = next(
        (held for held in node.nodes("rating") if held.values("average", "value", "ratingvalue")), node
    )
    written = next(iter(source.texts("ratingvalue", "average", "value")), None)
    best = next(iter(source.texts("bestrating", "best")), None)
    worst = next(iter(source.texts("worstrating", "worst")), None)
    if written is None:
        written = next(iter(node.texts("rating")), None)
    rating = parse_rating(written, best=best, worst=worst)
    counts = (count_in(text) for text in node.texts("reviewcount", "ratingcount", "count", "votes"))
    count = next((number for number in counts if number is not None), None)
    if rating is None and count is None:
        return None
    holders = [*node.values("itemreviewed"), *([owner] if owner is not None else [])]
    return Aggregate(
        item=_named(holders),
        average=rating.value if rating else None,
        scale=rating.scale if rating else (number_in(best) or 5.0),
        count=count,
    )


def _drafts(
    described: Described,
    base: str,
    language: str | None,
    page_item: str | None,
    usual_scale: float | None,
    now: datetime | None,
) -> Iterator[ReviewDraft]:
    nodes = list(walk(described.nodes))
    owners = _owners(nodes, _REVIEW_PROPERTIES)
    for node in nodes:
        untyped = (
            not node.types and id(node) in owners and node.values("reviewbody", "reviewrating", "ratingvalue")
        )
        if not _is(node, _REVIEW_TYPES) and not untyped:
            continue
        draft = _draft(node, owners.get(id(node)), base, language, page_item, usual_scale, now)
        if draft is not None:
            yield draft


def _draft(
    node: Node,
    owner: Node | None,
    base: str,
    language: str | None,
    page_item: str | None,
    usual_scale: float | None,
    now: datetime | None,
) -> ReviewDraft | None:
    text = pages.plain(next(iter(node.texts("reviewbody", "description", "text")), ""))
    title = pages.one_line(next(iter(node.texts("name", "headline", "summary")), "")) or None
    rating = _rating(node, usual_scale)
    if not text and not title and rating is None:
        return None
    item = (
        _named(node.values("itemreviewed")) or (_named([owner]) if owner is not None else None) or page_item
    )
    author, author_url = _author(node, base)
    published, from_now = _published(node, language, now)
    declared = pages.language_tag(next(iter(node.texts("inlanguage")), "")) or language
    return ReviewDraft(
        own_ids=(node.id or "", *(next(iter(node.texts(name)), "") for name in ("url", "identifier"))),
        url=web_url(next(iter(node.texts("url")), None), base),
        author=author,
        author_url=author_url,
        title=None if title in (item, author) else title,
        text=text,
        rating=rating.value if rating else None,
        rating_scale=rating.scale if rating else None,
        published_at=published,
        from_now=from_now,
        item=item,
        language=pages.believable(declared, text or title or ""),
    )


def _published(node: Node, language: str | None, now: datetime | None) -> tuple[datetime | None, bool]:
    names = ("datepublished", "dtreviewed", "datecreated", "uploaddate", "datemodified")
    written = (text for name in names for text in node.texts(name))
    return first_moment(written, language=language, now=now)


def _author(node: Node, base: str) -> tuple[str | None, str | None]:
    """Return the author's name and profile address."""
    people = node.values("author", "creator", "reviewer")
    name = _named(people)
    for person in people:
        link = (
            person if isinstance(person, str) else next(iter([*person.texts("url"), person.id or ""]), None)
        )
        if isinstance(link, str) and link.startswith("_:"):
            continue  # a name that the RDFa parser makes up, another at each visit
        if isinstance(link, str) and (isinstance(person, Node) or link.startswith(("http://", "https://"))):
            whole = web_url(link, base)
            if whole is not None and urlsplit(whole)._replace(fragment="") != urlsplit(base)._replace(
                fragment=""
            ):
                return name, whole
    return name, None


def _rating(node: Node, usual_scale: float | None) -> Rating | None:
    """Return the overall rating; ratings of one aspect only count where there is no other."""
    held = node.nodes(*_RATING_PROPERTIES)
    for rated in sorted(held, key=lambda one: bool(one.values("reviewaspect"))):
        found = parse_rating(
            next(iter(rated.texts("ratingvalue", "value", "name")), None),
            best=next(iter(rated.texts("bestrating", "best")), None),
            worst=next(iter(rated.texts("worstrating", "worst")), None),
            usual_scale=usual_scale,
        )
        if found is not None:
            return found
    written = next(iter(node.texts(*_RATING_PROPERTIES, "ratingvalue")), None)
    best = next(iter(node.texts("bestrating", "best")), None)
    worst = next(iter(node.texts("worstrating", "worst")), None)
    return parse_rating(written, best=best, worst=worst, usual_scale=usual_scale)

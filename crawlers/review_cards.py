"""Reviews on pages without schema.org markup: microformats, and what a few large sites kept for years. Pure.

Microformats are class names, see https://microformats.org/wiki/hreview and /h-review.
A form is data: how its cards are found and where in a card each field stands. Adding a site is adding a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import lxml.html

from crawlers import pages
from crawlers.dates import first_moment
from crawlers.ratings import parse_rating
from crawlers.review_identity import ReviewDraft
from crawlers.urls import web_url

_MOST_CARDS = 1000
_NOWHERE = "self::node()[false()]"


@dataclass(frozen=True, slots=True)
class CardForm:
    """XPath expressions: `card` from the page, the others from within a card (`item` may look outside)."""

    card: str
    author: str
    author_link: str
    rating: str
    title: str
    text: str
    date: str
    link: str
    item: str
    best: str = _NOWHERE
    worst: str = _NOWHERE


def _classed(*names: str, place: str = ".//") -> str:
    wanted = " or ".join(f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')" for name in names)
    return f"{place}*[{wanted}]"


def _hook(*names: str) -> str:
    wanted = " or ".join(f"@data-hook='{name}'" for name in names)
    return f".//*[{wanted}]"


FORMS = (
    CardForm(
        card="//*[@data-hook='review' and @id]",
        author=".//*[contains(concat(' ', @class, ' '), ' a-profile-name ')]",
        author_link=".//a[contains(concat(' ', @class, ' '), ' a-profile ')]/@href",
        rating=_hook("review-star-rating", "cmps-review-star-rating"),
        title=_hook("review-title"),
        text=f"({_hook('review-collapsed')} | {_hook('review-body')}[not({_hook('review-collapsed')})])",
        date=_hook("review-date"),
        link=f"{_hook('review-title')}[self::a]/@href",
        item="//*[@id='productTitle'] | //*[@data-hook='product-link']",
    ),
    CardForm(
        card=_classed("h-review", place="//"),
        author=f"{_classed('p-author', 'p-reviewer')}//*[contains(@class, 'p-name')]"
        f" | {_classed('p-author', 'p-reviewer')}[not(.//*[contains(@class, 'p-name')])]",
        author_link=f"{_classed('p-author', 'p-reviewer')}/descendant-or-self::a/@href",
        rating=_classed("p-rating"),
        title=f"{_classed('p-name')}[not(ancestor::*[contains(@class, 'p-item') or"
        " contains(@class, 'p-author') or contains(@class, 'p-reviewer')])]",
        text=_classed("e-content", "e-description", "p-description"),
        date=_classed("dt-published", "dt-reviewed"),
        link=f"{_classed('u-url')}[not(ancestor::*[contains(@class, 'h-card')])]/@href",
        item=_classed("p-item"),
        best=_classed("p-best"),
        worst=_classed("p-worst"),
    ),
    CardForm(
        card=_classed("hreview", place="//"),
        author=f"{_classed('reviewer')}//*[contains(concat(' ', @class, ' '), ' fn ')]"
        f" | {_classed('reviewer')}[not(.//*[contains(concat(' ', @class, ' '), ' fn ')])]",
        author_link=f"{_classed('reviewer')}/descendant-or-self::a/@href",
        rating=f"{_classed('rating')}//*[contains(concat(' ', @class, ' '), ' value ')]"
        f" | {_classed('rating')}[not(.//*[contains(concat(' ', @class, ' '), ' value ')])]",
        title=_classed("summary"),
        text=_classed("description"),
        date=_classed("dtreviewed"),
        link=f"{_classed('permalink')}/@href | .//a[contains(@rel, 'bookmark')]/@href",
        item=f"{_classed('item')}/descendant-or-self::*[contains(concat(' ', @class, ' '), ' fn ')]",
        best=_classed("best"),
        worst=_classed("worst"),
    ),
)
_VALUE_TITLE = f"{_classed('value-title')}/@title"
# Where an element shows one thing and means another.
_MEANT = {"abbr": "title", "time": "datetime", "data": "value", "meter": "value"}


def read_cards(
    tree: lxml.html.HtmlElement, base: str, language: str | None, now: datetime | None = None
) -> list[ReviewDraft]:
    """Return the reviews that the first fitting form finds on the page, an empty list where none fits.

    `now` is what dates such as "3 days ago" are told from; without it they are unknown.
    """
    for form in FORMS:
        if drafts := list(_read(form, tree, base, language, now)):
            return drafts
    return []


def _read(
    form: CardForm, tree: lxml.html.HtmlElement, base: str, language: str | None, now: datetime | None
) -> Iterator[ReviewDraft]:
    of_page = None if form.item.startswith(".") else pages.one_line(_text(tree, form.item)) or None
    for card in tree.xpath(form.card)[:_MOST_CARDS]:
        item = of_page or pages.one_line(_text(card, form.item)) or None
        text = pages.plain(_text(card, form.text))
        title = pages.one_line(_text(card, form.title)) or None
        rating = parse_rating(
            _meant(card, form.rating) or None,
            best=_meant(card, form.best) or None,
            worst=_meant(card, form.worst) or None,
        )
        if not text and not title and rating is None:
            continue
        published, from_now = first_moment((_meant(card, form.date),), language=language, now=now)
        yield ReviewDraft(
            own_ids=(card.get("id") or "",),
            url=web_url(_first(card, form.link), base),
            author=pages.one_line(_text(card, form.author)) or None,
            author_url=web_url(_first(card, form.author_link), base),
            title=title,
            text=text,
            rating=rating.value if rating else None,
            rating_scale=rating.scale if rating else None,
            published_at=published,
            from_now=from_now,
            item=item,
            language=pages.believable(language, text or title or ""),
        )


def _first(element: lxml.html.HtmlElement, path: str) -> str | None:
    found = element.xpath(path)
    return str(found[0]) if found else None


def _meant(element: lxml.html.HtmlElement, path: str) -> str:
    """Return the value that an element stands for, which may not be what it shows."""
    found = element.xpath(path)
    if not found:
        return ""
    value = _first(found[0], _VALUE_TITLE) or (
        found[0].get(_MEANT[found[0].tag]) if found[0].tag in _MEANT else None
    )
    return (value or "").strip() or _text(element, path)


def _text(element: lxml.html.HtmlElement, path: str) -> str:
    found = element.xpath(path)
    if not found:
        return ""
    # Tags become breaks here, so that words of neighbouring elements do not run together.
    parts = found[0].xpath(".//text()[not(ancestor::script or ancestor::style)]")
    return "\n".join(str(part) for part in parts if str(part).strip())

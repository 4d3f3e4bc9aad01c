"""Reviews on pages without schema.org markup, by attributes that a few large sites have kept for years. Pure.

A form is data: how its cards are found and where in a card each field stands. Adding a site is adding a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import lxml.html

from crawlers import pages
from crawlers.dates import parse_moment
from crawlers.ratings import parse_rating
from crawlers.review_identity import ReviewDraft
from crawlers.urls import web_url

_MOST_CARDS = 1000


@dataclass(frozen=True, slots=True)
class CardForm:
    """XPath expressions: `card` from the page, `item` from the page, the others from within a card."""

    card: str
    author: str
    author_link: str
    rating: str
    title: str
    text: str
    date: str
    link: str
    item: str


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
)


def read_cards(tree: lxml.html.HtmlElement, base: str, language: str | None) -> list[ReviewDraft]:
    """Return the reviews that the first fitting form finds on the page, an empty list where none fits."""
    for form in FORMS:
        if drafts := list(_read(form, tree, base, language)):
            return drafts
    return []


def _read(
    form: CardForm, tree: lxml.html.HtmlElement, base: str, language: str | None
) -> Iterator[ReviewDraft]:
    item = pages.one_line(_text(tree, form.item)) or None
    for card in tree.xpath(form.card)[:_MOST_CARDS]:
        text = pages.plain(_text(card, form.text))
        title = pages.one_line(_text(card, form.title)) or None
        rating = parse_rating(_text(card, form.rating) or None)
        if not text and not title and rating is None:
            continue
        yield ReviewDraft(
            own_ids=(card.get("id"),),
            url=web_url(_first(card, form.link), base),
            author=pages.one_line(_text(card, form.author)) or None,
            author_url=web_url(_first(card, form.author_link), base),
            title=title,
            text=text,
            rating=rating.value if rating else None,
            rating_scale=rating.scale if rating else None,
            published_at=parse_moment(_text(card, form.date), language=language),
            item=item,
            language=pages.believable(language, text or title or ""),
        )


def _first(element: lxml.html.HtmlElement, path: str) -> str | None:
    found = element.xpath(path)
    return str(found[0]) if found else None


def _text(element: lxml.html.HtmlElement, path: str) -> str:
    found = element.xpath(path)
    if not found:
        return ""
    # Tags become breaks here, so that words of neighbouring elements do not run together.
    parts = found[0].xpath(".//text()[not(ancestor::script or ancestor::style)]")
    return "\n".join(str(part) for part in parts if str(part).strip())

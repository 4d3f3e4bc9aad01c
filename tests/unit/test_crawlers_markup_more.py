"""What review pages in the wild do besides the standards: broken blocks, split things, parts of names."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crawlers.lenient_json import salvaged
from crawlers.markup import ReviewPage, read_reviews

URL = "https://shop.example/kettle"


def page(*blocks: Any, body: str = "", language: str = "en") -> ReviewPage:
    """Read a page with these JSON-LD blocks, values or written out."""
    scripts = "".join(
        f'<script type="application/ld+json">{one if isinstance(one, str) else json.dumps(one)}</script>'
        for one in blocks
    )
    whole = f'<html lang="{language}"><head><title>t</title></head><body>{scripts}{body}</body></html>'
    return read_reviews(whole.encode(), URL, "text/html; charset=utf-8")


def review(author: Any, text: str = "Boils quickly and pours well", **more: Any) -> dict[str, Any]:
    """Return a review as JSON-LD."""
    return {"@type": "Review", "author": author, "reviewBody": text, **more}


SOUND = json.dumps([review("Amal"), review("Badr", "Too loud in the morning")])[1:-1]


@pytest.mark.parametrize(
    "block",
    [
        f'{{"@type": "Product", "name": "Kettle 1.7" black", "review": [{SOUND}]}}',
        f'{{"@type": "Product", "sku": , "review": [{SOUND}]}}',
        f'{{"@type": "Product", "review": [{SOUND.replace("}, {", "} {")}]}}',
        f'{{"@type": "Product", "review": [{SOUND}, {{"@type": "Review", "reviewBody": "cut o',
    ],
    ids=["quote", "missing value", "missing comma", "cut off"],
)
def test_a_broken_block_still_gives_its_whole_reviews(block: str) -> None:
    """What is broken costs what it stands in, and is counted."""
    found = page(block)
    assert [one.author for one in found.reviews] == ["Amal", "Badr"]
    assert found.broken == 1


@pytest.mark.parametrize("block", ["{ " * 250_000, '{"x":"' + "{" * 500_000, '{"a":' * 60_000])
def test_salvaging_nothing_takes_no_time_by_the_square(block: str) -> None:
    """A block of nothing but openings is given up soon."""
    start = time.process_time()
    assert salvaged(block) == []
    assert time.process_time() - start < 5


def test_two_blocks_about_one_thing_complete_each_other() -> None:
    """A review service's block names the product by its id alone; the shop's own block says its name."""
    found = page(
        {"@type": "Product", "@id": "#it", "name": "Kettle"},
        {
            "@type": "Product",
            "@id": "#it",
            "aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.5, "reviewCount": 2},
            "review": [review("Amal"), review("Badr")],
        },
    )
    assert [(one.author, one.item) for one in found.reviews] == [("Amal", "Kettle"), ("Badr", "Kettle")]
    assert [(one.item, one.average, one.count) for one in found.aggregates] == [("Kettle", 4.5, 2)]


def test_a_name_in_two_parts_is_a_name() -> None:
    """Given and family name, where there is no name as a whole."""
    found = page(review({"@type": "Person", "givenName": "Lina", "familyName": "Saad"}))
    assert found.reviews[0].author == "Lina Saad"


def test_white_space_around_a_property_is_ignored() -> None:
    """Templates leave some."""
    found = page(
        {"@type": " Product", "name ": "Kettle", "aggregateRating ": {"ratingValue ": "4", "bestRating": 5}}
    )
    assert [(one.item, one.average) for one in found.aggregates] == [("Kettle", 4.0)]


@pytest.mark.parametrize(("written", "tag"), [("English", "fr"), ("ar_sa", "ar-SA"), ("en", "en")])
def test_a_language_is_a_tag_or_the_pages(written: str, tag: str) -> None:
    """`English` is no language tag."""
    found = page(review("Amal", "Short", inLanguage=written), language="fr")
    assert found.reviews[0].language == tag


def test_an_unnamed_rdfa_author_has_no_address_and_the_review_one_identity() -> None:
    """The parser's own names for unnamed things are others at each visit."""
    body = (
        '<div vocab="https://schema.org/" typeof="Product"><span property="name">Pen</span>'
        '<div property="review" typeof="Review"><span property="author" typeof="Person">'
        '<span property="name">Ola</span></span><p property="reviewBody">Writes well</p></div></div>'
    )
    first, second = page(body=body).reviews[0], page(body=body).reviews[0]
    assert (first.author, first.author_url) == ("Ola", None)
    assert first.external_id == second.external_id


@pytest.mark.parametrize(
    ("header", "meta"),
    [
        ("text/html; charset=utf-8", '<meta charset="windows-1256">'),
        ("text/html; charset=utf-8", ""),
        ("text/html", '<meta charset="utf-8">'),
        ("text/html; charset=windows-1256", '<meta charset="utf-8">'),
    ],
)
def test_a_code_page_is_recognised_under_a_wrong_utf8(header: str, meta: str) -> None:
    """A server that says UTF-8 of all its pages is not believed about one that is far from it."""
    text = "القماش جميل والخياطة متقنة وقد وصلت الطلبية في موعدها"
    body = f'<div itemscope itemtype="https://schema.org/Review"><p itemprop="reviewBody">{text}</p></div>'
    whole = f'<html lang="ar"><head>{meta}<title>x</title></head><body>{body}</body></html>'
    (found,) = read_reviews(whole.encode("windows-1256"), URL, header).reviews
    assert found.text == text


@pytest.mark.parametrize(
    ("links", "following"),
    [
        (
            '<a class="next page-numbers" href="/kettle/comment-page-2/#comments">&rarr;</a>',
            "comment-page-2/",
        ),
        ('<a href="/kettle/page/2/">2</a><a href="/kettle/page/3/">3</a>', "page/2/"),
        ('<a href="/kettle/صفحة/2">٢</a>', "صفحة/2"),
        ('<a href="/teapot/page/2/">2</a>', None),
        ('<a href="/kettle/page/7/">7</a>', None),
    ],
)
def test_pages_numbered_in_the_path_are_followed(links: str, following: str | None) -> None:
    """The next number of this list, and no other list's."""
    found = page(review("Amal"), body=links)
    assert found.next_url == (None if following is None else f"{URL}/{following}")


def test_a_date_told_from_now_is_read_but_makes_no_identity():
    page = (
        "<html lang=ar><body><div class=h-review><span class=p-author>ليلى</span>"
        "<p class=e-content>غلاية ممتازة</p><span class=dt-published>منذ أسبوعين</span></div></body></html>"
    )
    now = datetime(2026, 3, 20, tzinfo=UTC)
    first, later = (
        read_reviews(page.encode(), URL, "text/html; charset=utf-8", None, moment).reviews[0]
        for moment in (now, now + timedelta(days=1))
    )
    assert first.published_at == now - timedelta(weeks=2)
    assert later.published_at == first.published_at + timedelta(days=1)
    assert first.external_id == later.external_id
    unknown = read_reviews(page.encode(), URL, "text/html; charset=utf-8").reviews[0]
    assert unknown.published_at is None

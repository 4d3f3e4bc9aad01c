"""Reviews in pages' markup: one small page for each oddity."""

from __future__ import annotations

import gzip
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from crawlers.errors import UnreadableError
from crawlers.lenient_json import loads_leniently
from crawlers.markup import ReviewPage, read_reviews

URL = "https://shop.example/p/lamp"


def read(
    body: str | bytes, url: str = URL, kind: str | None = "text/html", link: str | None = None
) -> ReviewPage:
    return read_reviews(body.encode() if isinstance(body, str) else body, url, kind, link)


def ld(*blocks: Any, lang: str = "en") -> str:
    scripts = ""
    for block in blocks:
        written = block if isinstance(block, str) else json.dumps(block).replace("</", "<\\/")
        scripts += f'<script type="application/ld+json">{written}</script>'
    return f'<html lang="{lang}"><head>{scripts}</head><body><h1>Lamp</h1></body></html>'


def review(**more: Any) -> dict[str, Any]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": "Salma"},
        "datePublished": "2025-03-01",
        "reviewBody": "It gives a warm light and stands firmly.",
        "reviewRating": {"@type": "Rating", "ratingValue": "4"},
        **more,
    }


def product(*reviews: Any, **more: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Lamp",
        "review": list(reviews),
        **more,
    }


SHAPES = {
    "in a product": product(review()),
    "one object, no array": {"@type": "Product", "name": "Lamp", "review": review()},
    "property reviews": {"@type": "Product", "name": "Lamp", "reviews": [review()]},
    "in a graph": {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, product(review())]},
    "array of things": [{"@type": "Organization", "name": "Shop"}, product(review())],
    "item reviewed": review(itemReviewed={"@type": "Product", "name": "Lamp"}),
    "item reviewed as text": review(itemReviewed="Lamp"),
    "several types": product(review(**{"@type": ["Review", "CreativeWork"]})),
    "a critic's": product(review(**{"@type": "CriticReview"})),
    "type as an address": product(review(**{"@type": "http://schema.org/Review"})),
    "untyped": product({key: value for key, value in review().items() if key != "@type"}),
    "by reference": {"@graph": [product({"@id": "#r77"}), review(**{"@id": "#r77"})]},
    "reference to its item": {
        "@graph": [{"@id": "#p", "@type": "Product", "name": "Lamp"}, review(itemReviewed={"@id": "#p"})]
    },
    "author is text": product(review(author="Salma")),
    "authors are a list": product(review(author=[{"@type": "Person", "name": "Salma"}, {"name": "Other"}])),
    "author by reference": {
        "@graph": [{"@id": "#s", "name": "Salma"}, product(review(author={"@id": "#s"}))]
    },
    "rating is a number": product(review(reviewRating={"ratingValue": 4})),
    "rating is bare": product(review(reviewRating="4")),
    "overall among aspects": product(
        review(reviewRating=[{"reviewAspect": "price", "ratingValue": 1}, {"ratingValue": 4}])
    ),
    "body as description": product({**review(reviewBody=""), "description": review()["reviewBody"]}),
    "prefixed": {"@type": "schema:Product", "schema:name": "Lamp", "schema:review": review()},
    "value objects": product(review(reviewBody={"@value": review()["reviewBody"], "@language": "en"})),
    "list objects": {"@type": "Product", "name": "Lamp", "review": {"@list": [review()]}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_review_is_read_from_every_json_ld_shape(shape: Any) -> None:
    (found,) = read(ld(shape)).reviews
    assert found.text == "It gives a warm light and stands firmly."
    assert (found.author, found.rating, found.rating_scale) == ("Salma", 4.0, 5.0)
    assert found.published_at == datetime(2025, 3, 1, tzinfo=UTC)
    assert (found.item, found.language) == ("Lamp", "en")


GOOD = json.dumps(product(review()))
BLOCKS = {
    "plain": GOOD,
    "cdata in comments": f"/*<![CDATA[*/ {GOOD} /*]]>*/",
    "cdata in line comments": f"//<![CDATA[\n{GOOD}\n//]]>",
    "bare cdata": f"<![CDATA[{GOOD}]]>",
    "wrapped in an html comment": f"<!-- {GOOD} -->",
    "after an html comment": f"<!-- by the shop's plug-in -->\n{GOOD}",
    "html comment inside": GOOD.replace('"review":', '<!-- here -->"review":'),
    "trailing commas": GOOD.replace("}]", "},]"),
    "semicolon": f"{GOOD};",
    "byte order mark": f"\ufeff{GOOD}",
    "raw line break in a string": GOOD.replace("warm light", "warm\nlight"),
    "tab in a string": GOOD.replace("warm light", "warm\tlight"),
    "unknown escape": GOOD.replace("warm light", "warm\\ light"),
    "entities for quotes": GOOD.replace('"', "&quot;"),
    "two values": f'{{"@type":"WebSite"}}{GOOD}',
    "block comment": GOOD.replace('"review":', '/* reviews */ "review":'),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_slightly_broken_json_is_forgiven(block: str) -> None:
    page = read(ld(block))
    (found,) = page.reviews
    assert " ".join(found.text.split()) == "It gives a warm light and stands firmly."
    assert page.broken == 0


def test_an_address_in_the_text_is_no_comment() -> None:
    assert loads_leniently('{"a": "see http://x.example//y /* not a comment */",}') == {
        "a": "see http://x.example//y /* not a comment */"
    }


def test_a_broken_block_hides_no_other() -> None:
    page = read(ld('{"@type": "Product", "name": ', product(review()), "", "null", "[[[["))
    assert len(page.reviews) == 1
    assert page.broken >= 2


MICRODATA = """<html lang="ar"><body><div itemscope itemtype="https://schema.org/Product">
<h1 itemprop="name">مصباح</h1>
<div itemprop="aggregateRating" itemscope itemtype="https://schema.org/AggregateRating">
 <span itemprop="ratingValue">٤٫٢</span> (<span itemprop="reviewCount">١٬٢٣٤</span>)</div>
<div itemprop="review" itemscope itemtype="https://schema.org/Review" id="rev-501">
 <a itemprop="author" href="/u/9">ليلى</a>
 <time itemprop="datePublished">12 كانون الثاني 2024</time>
 <div itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating">
  <span itemprop="ratingValue">٣</span> من <span itemprop="bestRating">٥</span></div>
 <p itemprop="reviewBody">الضوء جميل<br>لكن التوصيل تأخر كثيرا.</p></div>
</div></body></html>"""


def test_microdata_whose_values_stand_in_the_text() -> None:
    page = read(MICRODATA)
    (found,) = page.reviews
    assert (found.author, found.rating, found.rating_scale) == ("ليلى", 3.0, 5.0)
    assert found.published_at == datetime(2024, 1, 12, tzinfo=UTC)
    assert found.text == "الضوء جميل\nلكن التوصيل تأخر كثيرا."
    assert (found.item, found.language) == ("مصباح", "ar")
    assert [(one.average, one.count, one.scale) for one in page.aggregates] == [(4.2, 1234, 5.0)]


RDFA = """<html lang="en"><body vocab="https://schema.org/" typeof="Product"><h1 property="name">Lamp</h1>
<div property="review" typeof="Review"><span property="author" typeof="Person"
><b property="name">Omar</b></span>
<span property="datePublished" content="2025-01-02">yesterday</span>
<div property="reviewRating" typeof="Rating"><i property="ratingValue">2</i>
/<i property="bestRating">5</i></div>
<p property="reviewBody">The switch broke after a week of use.</p></div></body></html>"""


def test_rdfa() -> None:
    (found,) = read(RDFA).reviews
    assert (found.author, found.rating, found.item) == ("Omar", 2.0, "Lamp")
    assert found.text == "The switch broke after a week of use."
    assert found.published_at == datetime(2025, 1, 2, tzinfo=UTC)


def test_the_same_review_in_two_syntaxes_is_one_and_gaps_are_filled() -> None:
    body = ld(product(review(datePublished=None, reviewBody="Warm light,\n stands   firmly &amp; well.")))
    micro = """<div itemscope itemtype="http://schema.org/Review"><b itemprop="author">Salma</b>
    <meta itemprop="datePublished" content="2025-03-01"><meta itemprop="itemReviewed" content="Lamp">
    <p itemprop="reviewBody">Warm light, stands firmly &amp; well.</p></div>
    <div itemscope itemtype="http://schema.org/Review"><b itemprop="author">Nader</b>
    <p itemprop="reviewBody">Only in the second syntax, this one.</p></div>"""
    first, second = read(body.replace("</body>", f"{micro}</body>")).reviews
    assert (first.author, first.rating, first.published_at) == (
        "Salma",
        4.0,
        datetime(2025, 3, 1, tzinfo=UTC),
    )
    assert second.author == "Nader"


def test_copies_in_a_page_are_one_and_others_are_not() -> None:
    same = review()
    others = [review(author="Huda"), review(datePublished="2025-03-02"), review(reviewBody="Something else.")]
    found = read(ld(product(same, same, *others), product(same))).reviews
    assert len(found) == 4
    assert len({one.external_id for one in found}) == 4


def test_an_aggregate_alone_is_known_and_is_no_review() -> None:
    page = read(
        ld(
            product(
                aggregateRating={
                    "@type": "AggregateRating",
                    "ratingValue": "8,4",
                    "bestRating": 10,
                    "ratingCount": 31,
                }
            )
        )
    )
    assert page.reviews == ()
    (found,) = page.aggregates
    assert (found.item, found.average, found.scale, found.count) == ("Lamp", 8.4, 10.0, 31)


def test_the_aggregate_s_scale_holds_for_reviews_that_name_none() -> None:
    page = read(
        ld(
            product(
                review(), aggregateRating={"@type": "AggregateRating", "ratingValue": 7, "bestRating": 10}
            )
        )
    )
    assert (page.reviews[0].rating, page.reviews[0].rating_scale) == (4.0, 10.0)


def test_no_rating_and_no_words_is_nothing() -> None:
    assert read(ld(product({"@type": "Review", "author": "Salma"}))).reviews == ()


def test_fact_checks_and_comments_are_no_reviews() -> None:
    assert read(ld(review(**{"@type": "ClaimReview"}), review(**{"@type": "Comment"}))).reviews == ()


def test_a_rating_without_words_is_kept() -> None:
    (found,) = read(ld(product(review(reviewBody="")))).reviews
    assert (found.text, found.rating) == ("", 4.0)


def test_markup_and_control_characters_in_the_text_become_plain() -> None:
    body = "<p>Good &amp; solid.</p><script>x()</script><p>Again\u0000 \ud83d I <3 it</p>"
    (found,) = read(ld(product(review(reviewBody=body)))).reviews
    assert found.text.startswith("Good & solid.")
    assert "x()" not in found.text
    found.text.encode("utf-8")
    assert "\x00" not in found.text


def test_a_language_that_cannot_be_is_not_passed_on() -> None:
    (found,) = read(
        ld(product(review(reviewBody="المصباح ممتاز والتوصيل كان سريعا جدا")), lang="en-US")
    ).reviews
    assert found.language is None


def test_a_page_of_no_markup_gives_nothing() -> None:
    page = read("<html><body><p>Hello</p></body></html>")
    assert (page.reviews, page.aggregates) == ((), ())


@pytest.mark.parametrize("body", [b"", b"   ", b"\x00\x00", b"<!-- only a comment -->"])
def test_an_empty_page_is_unreadable_or_empty(body: bytes) -> None:
    try:
        assert read(body).reviews == ()
    except UnreadableError as error:
        assert "not HTML" in str(error)


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("windows-1256", "text/html; charset=windows-1256"),
        ("windows-1256", "text/html"),
        ("utf-8", "text/html; charset=iso-8859-1"),
        ("utf-16", "text/html"),
        ("utf-8-sig", None),
    ],
)
def test_arabic_survives_its_encoding(encoding: str, kind: str | None) -> None:
    words = "المصباح ممتاز والتوصيل كان سريعا جدا، شكرا لكم على هذه الخدمة الرائعة"
    block = json.dumps(product(review(reviewBody=words)), ensure_ascii=False)
    (found,) = read(ld(block, lang="ar").encode(encoding), kind=kind).reviews
    assert found.text == words


def test_gzip_bytes_are_unpacked_whatever_the_header_says() -> None:
    assert len(read(gzip.compress(ld(product(review())).encode())).reviews) == 1


CARD = """<html lang="en-us"><body><span id="productTitle"> Kettle </span>
<div data-hook="review" id="RX12AB"><span class="a-profile-name">Mona</span>
<i data-hook="review-star-rating"><span>2.0 out of 5 stars</span></i>
<a data-hook="review-title" href="/gp/customer-reviews/RX12AB">Loud</a>
<span data-hook="review-date">Reviewed in Egypt on May 25, 2024</span>
<span data-hook="review-body"><div data-hook="review-collapsed">Boils fast but is very loud.</div>
<a>Read more</a></span></div></body></html>"""


def test_well_known_cards_are_read_where_there_is_no_schema() -> None:
    (found,) = read(CARD).reviews
    assert (found.external_id, found.author, found.rating, found.title) == ("RX12AB", "Mona", 2.0, "Loud")
    assert found.text == "Boils fast but is very loud."
    assert (found.item, found.published_at) == ("Kettle", datetime(2024, 5, 25, tzinfo=UTC))
    assert found.url == "https://shop.example/gp/customer-reviews/RX12AB"


def test_the_result_travels_between_processes() -> None:
    page = read(MICRODATA)
    assert pickle.loads(pickle.dumps(page)) == page

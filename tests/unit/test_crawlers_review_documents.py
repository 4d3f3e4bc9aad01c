"""Lists of reviews in JSON and XML, and which of what is served is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.review_documents import read_review_page

_URL = "https://api.reviews.test/v3/acme"
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _review(**changed):
    return {
        "id": "r-17",
        "url": "https://reviews.test/acme?hrid=r-17",
        "text": "طعام لذيذ",
        "rating": 4,
        "time_created": "2026-02-03 04:05:06",
        "user": {"name": "هند", "profile_url": "https://reviews.test/u/9"},
        **changed,
    }


def _read(document, kind="application/json"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_review_page(body, _URL, kind)


def test_a_list_of_an_api_gives_its_reviews():
    page = _read({"reviews": [_review()], "total": 3, "possible_languages": ["ar"]})
    (one,) = page.reviews
    assert (one.external_id, one.text, one.rating, one.rating_scale) == ("r-17", "طعام لذيذ", 4.0, 5.0)
    assert (one.author, one.author_url) == ("هند", "https://reviews.test/u/9")
    assert one.published_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert one.url == "https://reviews.test/acme?hrid=r-17"
    assert [(a.average, a.count) for a in page.aggregates] == [(None, 3)]


def test_a_business_gives_its_name_its_rating_and_its_excerpts():
    business = {"id": "acme", "name": "Acme", "rating": 4.5, "review_count": 9}
    page = _read(
        {**business, "reviews": [{"id": "x9", "excerpt": "Nice", "rating": 5, "time_created": 1440895245}]}
    )
    assert [(one.text, one.item) for one in page.reviews] == [("Nice", "Acme")]
    assert page.reviews[0].published_at == datetime.fromtimestamp(1440895245, UTC)
    assert [(a.item, a.average, a.count) for a in page.aggregates] == [("Acme", 4.5, 9)]


def test_a_business_without_reviews_has_none():
    page = _read({"name": "Acme", "rating": 0.0, "review_count": 0})
    assert (page.reviews, [(a.average, a.count) for a in page.aggregates]) == ((), [(None, 0)])
    assert [a.count for a in _read({"reviews": []}).aggregates] == [0]


_XML = """
<?xml version="1.0" encoding="UTF-8"?>
<GoodreadsResponse><reviews start="1" end="2" total="2">
<review><id>1066</id><user><name><![CDATA[Iqbal]]></name><link>https://books.test/user/2</link></user>
<book><id type="integer">7</id><title><![CDATA[A & B]]></title><average_rating>3</average_rating></book>
<rating>{}</rating><date_added>Fri May 06 16:15:12 -0700 2011</date_added>
<body><![CDATA[So helpful!<br/>Really &gt; good]]></body><url><![CDATA[https://books.test/review/1066]]></url></review>
<review><id>1067</id><rating>0</rating><body>
</body></review></reviews></GoodreadsResponse>"""


def test_a_list_in_xml_gives_its_reviews_and_zero_is_no_rating():
    page = _read(_XML.format(3).encode(), "application/xml")
    (one,) = page.reviews
    assert (one.external_id, one.text, one.rating) == ("1066", "So helpful!\nReally > good", 3.0)
    assert (one.author, one.item) == ("Iqbal", "A & B")
    assert one.published_at == datetime(2011, 5, 6, 23, 15, 12, tzinfo=UTC)
    assert _read(_XML.format(0).encode(), "application/xml").reviews[0].rating is None


def test_a_page_is_still_read_as_a_page():
    markup = b"""<?xml version="1.0"?><!DOCTYPE html><html><body><div itemscope itemtype="https://schema.org/Review">
    <span itemprop="reviewBody">Good</span><span itemprop="author">Lina</span></div></body></html>"""
    assert [one.text for one in _read(markup, "text/html").reviews] == ["Good"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"error": {"id": "BUSINESS_UNAVAILABLE"}}',
        b"[",
        b"{",
        b'<?xml version="1.0"?><rss/>',
        b"[" * 99999,
    ],
)
def test_what_is_no_list_of_reviews_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match=r"not a list of reviews|no reviews found"):
        _read(body)


@settings(deadline=None)
@given(_JUNK, st.sampled_from([*_review(), "book", "author", "link", "date", "title", "language"]))
def test_no_value_in_a_wrong_place_breaks_a_list(value, place):
    page = _read({"name": value, "rating": value, "reviews": [_review(**{place: value}), value]})
    assert len(page.reviews) <= 2


@settings(deadline=None)
@given(_JUNK)
def test_no_document_does_anything_but_be_read_or_refused(document):
    for one in ({"reviews": document}, {"result": document}, [document]):
        try:
            _read(one)
        except UnreadableError:
            continue


@settings(deadline=None)
@given(st.integers(0, len(_XML)))
def test_xml_that_ends_early_gives_what_was_whole_or_is_refused(length):
    try:
        _read(_XML.format(3).encode()[:length])
    except UnreadableError:
        return

"""Reviews out of the App Store's feed and out of App Store Connect."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.items import Page
from crawlers.services.app_store_connect import read_connect_reviews
from crawlers.services.app_store_feed import is_past_the_end, may_lack_reviews, read_review_feed

_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _label(value):
    return {"label": value}


def _entry(number=7, **changed):
    entry = {
        "id": _label(str(number)),
        "author": {"name": _label("ليلى"), "uri": _label(f"https://itunes.apple.com/sa/reviews/id{number}")},
        "title": _label("خدمة ممتازة"),
        "content": {"label": "سريع\nوسهل", "attributes": {"type": "text"}},
        "im:rating": _label("4"),
        "im:version": _label("8.1"),
        "im:voteSum": _label("3"),
        "im:voteCount": _label("5"),
        "updated": _label("2026-02-03T04:05:06-07:00"),
        "link": {"attributes": {"rel": "related", "href": "https://itunes.apple.com/sa/review?id=42"}},
    }
    return {name: value for name, value in {**entry, **changed}.items() if value is not None}


def _feed(entry=None, last=""):
    link = [{"attributes": {"rel": "last", "href": last}}]
    return json.dumps({"feed": {"link": link, **({} if entry is None else {"entry": entry})}}).encode()


def _last(number):
    return f"https://itunes.apple.com/sa/rss/customerreviews/page={number}/id=42/sortby=mostrecent/xml?l=en"


def _read(body, page=1):
    return read_review_feed(body, "42", "sa", page)


def _only(body):
    (item,) = _read(body).items
    return item


def test_every_fact_of_a_review_is_kept():
    item = _only(_feed([_entry()]))
    assert (item.external_id, item.title, item.text) == ("7", "خدمة ممتازة", "سريع\nوسهل")
    assert (item.rating, item.rating_scale, item.engagement.likes) == (4.0, 5.0, 3)
    assert (item.author.handle, item.author.profile_url) == (
        "ليلى",
        "https://itunes.apple.com/sa/reviews/id7",
    )
    assert item.published_at == datetime(2026, 2, 3, 11, 5, 6, tzinfo=UTC)
    assert (item.item, item.url) == ("42", "https://itunes.apple.com/sa/review?id=42")
    assert item.extra == {"version": "8.1", "country": "sa", "votes": 5}
    assert item.language_hint is None


def test_a_single_review_is_no_list():
    assert _only(_feed(_entry())).external_id == "7"


def test_what_is_missing_is_none():
    item = _only(_feed([{"id": _label("7"), "author": {}, "content": _label("جيد")}]))
    assert (item.published_at, item.rating, item.rating_scale, item.title, item.author) == (None,) * 5
    assert item.url == "https://apps.apple.com/sa/app/id42?see-all=reviews"
    assert item.extra == {"country": "sa"}


def test_the_app_itself_is_no_review():
    app = {**_entry(42), "im:name": _label("Acme")}
    old = {"id": _label("42"), "title": _label("Acme"), "im:artist": _label("Acme Ltd")}
    assert [item.external_id for item in _read(_feed([app, old, _entry()])).items] == ["7"]


@pytest.mark.parametrize(("written", "rating"), [("5", 5), (5, 5), ("0", None), ("6", None), (1e22, None)])
def test_only_one_to_five_stars_are_a_rating(written, rating):
    assert _only(_feed([_entry(**{"im:rating": _label(written)})])).rating == rating


@pytest.mark.parametrize("broken", [None, 4, "x", [], {"id": None}, _entry(number=""), _entry("\x07"), [[]]])
def test_a_broken_entry_costs_only_itself(broken):
    assert [item.external_id for item in _read(_feed([broken, _entry()])).items] == ["7"]


def test_of_two_contents_the_plain_one_counts():
    table = {"label": "<table>سريع</table>", "attributes": {"type": "html"}}
    plain = {"label": "سريع", "attributes": {"type": "text"}}
    for contents in ([table, plain], [plain, table]):
        assert _only(_feed([_entry(content=contents)])).text == "سريع"


def test_a_review_that_a_page_repeats_is_one():
    assert len(_read(_feed([_entry(), _entry(), _entry(8)])).items) == 2


def test_a_date_before_all_stores_is_not_believed():
    assert _only(_feed([_entry(updated=_label("1970-01-01T00:00:00Z"))])).published_at is None


def test_text_that_no_database_takes_is_mended():
    body = _feed([_entry(content=_label("HALF"))]).replace(b"HALF", rb"a\ud83d b\u0000c \ud83d\ude00")
    assert _only(body).text == "a� bc 😀"


_XML_ENTRY = """<entry><updated>2026-02-03T04:05:06-07:00</updated><id>{}</id><title>Fast &amp; easy</title>
<content type="text">Works & works</content><im:contentType term="Application" label="Application"/>
<im:voteSum>3</im:voteSum><im:voteCount>5</im:voteCount><im:rating>4</im:rating><im:version>8.1</im:version>
<author><name>Lina</name><uri>https://itunes.apple.com/sa/reviews/id7</uri></author>
<link rel="related" href="https://itunes.apple.com/sa/review?id=42&type=Software"/>
<content type="html"><table><tr><td><b>Acme</b> Works and works</td></tr></table></content></entry>"""
_XML = """<?xml version="1.0" encoding="utf-8"?><feed xmlns:im="http://itunes.apple.com/rss"
xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>x</id><link rel="last" href="{}"/>{}</feed>"""


def test_the_xml_form_gives_the_same_facts():
    page = _read(_XML.format(_last(3), _XML_ENTRY.format(7) + _XML_ENTRY.format(8)).encode())
    item = page.items[0]
    assert (item.external_id, item.title, item.rating) == ("7", "Fast & easy", 4.0)
    assert item.text.startswith("Works") and "Acme" not in item.text
    assert item.published_at == datetime(2026, 2, 3, 11, 5, 6, tzinfo=UTC)
    assert (item.author.name, item.engagement.likes) == ("Lina", 3)
    assert item.extra == {"version": "8.1", "country": "sa", "votes": 5}
    assert (len(page.items), page.next, page.facts["last"]) == (2, "2", 3)
    assert _read(_XML.format("", "").encode()).items == ()


def test_pages_go_on_to_the_last_and_never_past_the_tenth():
    full, short = [_entry(n) for n in range(50)], [_entry(1)]
    assert _read(_feed(full, _last(3)), 2).next == "3"
    assert _read(_feed(full, _last(2)), 2).next == "3"
    assert _read(_feed(short, _last(2)), 2).next is None
    assert _read(_feed(short, _last(3)), 2).next == "3"
    assert _read(_feed(short), 2).next == "3"
    assert _read(_feed(full, _last(10)), 10).next is None
    assert _read(_feed(None, _last(3)), 2).next is None


def test_an_empty_page_is_doubted_where_the_feed_counts_it():
    def doubted(number, last):
        return may_lack_reviews(Page(items=(), facts={"last": last}), number)

    assert [doubted(1, None), doubted(1, 1), doubted(2, 1), doubted(2, None), doubted(2, 2)] == [
        *(False, True, False, True, True)
    ]


def test_the_end_is_told_in_plain_text():
    body = b"CustomerReviews RSS page depth is limited to 10"
    assert is_past_the_end(body) and not is_past_the_end(b"Bad request")
    assert _read(body).items == ()


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"feed": []}', b"<html><body>Sign in</body></html>", b"<", b"{", b"7"],
)
def test_what_is_no_feed_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not a page of the App Store's reviews"):
        _read(body)


@settings(deadline=None)
@given(
    _JUNK, st.sampled_from(["id", "author", "title", "content", "im:rating", "updated", "link", "im:voteSum"])
)
def test_no_value_in_a_wrong_place_breaks_a_page(value, place):
    page = _read(
        _feed([_entry(**{place: value}), _entry(8, **{place: {"label": value, "attributes": value}})])
    )
    assert len(page.items) <= 2


@settings(deadline=None)
@given(_JUNK)
def test_no_document_does_anything_but_be_read_or_refused(document):
    for body in (json.dumps(document).encode(), json.dumps({"feed": document}).encode()):
        try:
            _read(body)
        except UnreadableError:
            continue


@settings(deadline=None)
@given(st.integers(0, len(_XML) + 900))
def test_a_feed_that_ends_early_gives_what_was_whole_or_is_refused(length):
    for body in (_feed([_entry(), _entry(8)]), _XML.format("", _XML_ENTRY.format(7)).encode()):
        try:
            _read(body[:length])
        except UnreadableError:
            continue


def _connected(*reviews, included=(), following=None):
    links = {} if following is None else {"next": following}
    return json.dumps({"data": list(reviews), "included": list(included), "links": links}).encode()


def _connect_review(**changed):
    told = {
        "rating": 2,
        "title": "Slow",
        "body": "It hangs",
        "reviewerNickname": "Omar",
        "createdDate": "2026-02-03T04:05:06-07:00",
        "territory": "SAU",
        **changed,
    }
    related = {"response": {"data": {"type": "customerReviewResponses", "id": "r1"}}}
    return {"type": "customerReviews", "id": "c1", "attributes": told, "relationships": related}


_ANSWER = {
    "type": "customerReviewResponses",
    "id": "r1",
    "attributes": {"responseBody": "نعتذر", "lastModifiedDate": "2026-02-04T00:00:00Z", "state": "PUBLISHED"},
}


def test_a_review_of_ones_own_app_has_the_answer():
    body = _connected(
        _connect_review(), included=[_ANSWER], following="https://x.test/v1?cursor=AB%3D&limit=2"
    )
    page = read_connect_reviews(body, "42")
    (item,) = page.items
    assert (item.external_id, item.title, item.text, item.rating) == ("c1", "Slow", "It hangs", 2.0)
    assert item.published_at == datetime(2026, 2, 3, 11, 5, 6, tzinfo=UTC)
    assert item.author.handle == "Omar"
    assert item.extra == {"country": "sa", "answer": "نعتذر", "answered_at": "2026-02-04T00:00:00+00:00"}
    assert page.next == "AB="


def test_a_review_without_answer_or_known_country_has_neither():
    item = read_connect_reviews(_connected(_connect_review(territory="???")), "42").items[0]
    assert (item.extra, item.url) == ({}, None)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": {}}', b'{"errors": [{"status": "401"}]}', b"<html>"])
def test_what_is_no_answer_of_connect_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not an answer of the App Store Connect API"):
        read_connect_reviews(body, "42")


@settings(deadline=None)
@given(_JUNK, st.sampled_from(["rating", "title", "body", "reviewerNickname", "createdDate", "territory"]))
def test_no_value_in_a_wrong_place_breaks_an_answer_of_connect(value, place):
    review = _connect_review(**{place: value})
    body = json.dumps(
        {
            "data": [review, value, {**review, "id": value}, {**review, "relationships": value}],
            "included": [value, {**_ANSWER, "attributes": value}],
            "links": {"next": value},
        }
    ).encode()
    assert len(read_connect_reviews(body, "42").items) <= 3

"""Reviews out of Google's Places API, its legacy form and the Business Profile API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.google_business_reviews import read_business_reviews
from crawlers.services.google_place_reviews import read_legacy_place, read_place

_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ID = "ChIJ-place-of-acme"
_SECONDS = 1_770_000_000
_WHEN = datetime.fromtimestamp(_SECONDS, UTC)
_LOCATION = "accounts/1/locations/2"


def _review(**changed):
    return {
        "name": f"places/{_ID}/reviews/R1",
        "rating": 5,
        "text": {"text": "Great coffee and very kind staff", "languageCode": "en"},
        "originalText": {"text": "قهوة رائعة وموظفون لطفاء جدا", "languageCode": "ar"},
        "authorAttribution": {
            "displayName": "سارة",
            "uri": "https://www.google.com/maps/contrib/10198693123/reviews",
        },
        "publishTime": "2026-02-02T02:40:00.123456789Z",
        "googleMapsUri": "https://www.google.com/maps/reviews/data=!4m6",
        **changed,
    }


def _place(*reviews, **changed):
    told = {"id": _ID, "displayName": {"text": "Acme Café"}, "rating": 4.4, "userRatingCount": 321}
    return json.dumps({**told, "reviews": list(reviews), **changed}).encode()


def _legacy_review(**changed):
    return {
        "author_name": "Omar",
        "author_url": "https://www.google.com/maps/contrib/10640001/reviews",
        "language": "en",
        "original_language": "en",
        "rating": 2,
        "text": "Waited an hour &amp; left",
        "time": _SECONDS,
        **changed,
    }


def _legacy(*reviews, status="OK", **changed):
    told = {"place_id": _ID, "name": "Acme Café", "rating": 4.4, "user_ratings_total": 321}
    told |= {"url": "https://maps.google.com/?cid=1", "reviews": list(reviews), **changed}
    return json.dumps({"html_attributions": [], "result": told, "status": status}).encode()


_FACTS = {"place_id": _ID, "place_rating": 4.4, "place_reviews": 321}


def test_a_review_is_kept_as_it_was_written_not_translated():
    page = read_place(_place(_review()), "asked-for")
    (item,) = page.items
    assert (item.external_id, item.rating) == (f"places/{_ID}/reviews/R1", 5.0)
    assert (item.text, item.language_hint) == ("قهوة رائعة وموظفون لطفاء جدا", "ar")
    assert item.published_at.replace(microsecond=0) == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)
    assert (item.author.handle, item.author.name) == ("10198693123", "سارة")
    assert (item.item, item.url) == ("Acme Café", "https://www.google.com/maps/reviews/data=!4m6")
    assert page.facts == item.extra == _FACTS
    assert page.next is None


def test_a_review_of_the_legacy_form_is_known_by_place_and_author():
    first = read_legacy_place(_legacy(_legacy_review()), "asked-for").items[0]
    edited = read_legacy_place(
        _legacy(_legacy_review(text="Better now", rating=4, time=_SECONDS + 9)), "asked-for"
    ).items[0]
    assert first.external_id == edited.external_id == f"{_ID}:10640001"
    assert (first.text, first.rating, first.published_at) == ("Waited an hour & left", 2.0, _WHEN)
    assert (edited.text, edited.rating) == ("Better now", 4.0)
    assert first.author.handle == "10640001" and first.extra == _FACTS


def test_nameless_reviews_are_told_apart_by_their_time():
    nameless = [_legacy_review(author_url=None, author_name=None, time=_SECONDS + n) for n in range(2)]
    ids = [item.external_id for item in read_legacy_place(_legacy(*nameless), _ID).items]
    again = [item.external_id for item in read_legacy_place(_legacy(*nameless[::-1]), _ID).items]
    assert len(set(ids)) == 2 and ids == again


def test_an_old_profile_address_names_the_account_too():
    item = read_legacy_place(_legacy(_legacy_review(author_url="https://plus.google.com/112233445566")), _ID)
    assert item.items[0].external_id == f"{_ID}:112233445566"


def test_reviews_come_the_newest_first():
    listed = [
        _legacy_review(time=_SECONDS + n, author_url=f"https://x.test/contrib/1000000{n}") for n in (2, 9, 4)
    ]
    found = read_legacy_place(_legacy(*listed), _ID).items
    assert [int(item.published_at.timestamp()) - _SECONDS for item in found] == [9, 4, 2]


def test_a_place_without_reviews_has_none():
    assert read_place(json.dumps({"id": _ID}).encode(), _ID).items == ()
    assert read_legacy_place(json.dumps({"result": {}, "status": "OK"}).encode(), _ID).items == ()


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("REQUEST_DENIED", "refuses the key"),
        ("OVER_QUERY_LIMIT", "are spent"),
        ("NOT_FOUND", "not known any longer"),
        ("INVALID_REQUEST", "not valid"),
    ],
)
def test_what_google_says_instead_is_said_in_words_without_its_message(status, told):
    body = json.dumps({"status": status, "error_message": "key AIza-secret is wrong"}).encode()
    with pytest.raises(UnreadableError, match=told) as raised:
        read_legacy_place(body, _ID)
    assert "AIza" not in str(raised.value)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"error": {"code": 403}}', b'{"reviews": 4}', b"<html>"]
)
def test_what_is_no_place_is_said_to_be_none(body):
    for read in (read_place, read_legacy_place):
        with pytest.raises(UnreadableError, match="not an answer of the Places API"):
            read(body, _ID)


@settings(deadline=None)
@given(_JUNK, st.sampled_from([*_review(), *_legacy_review()]))
def test_no_value_in_a_wrong_place_breaks_a_place(value, place):
    assert len(read_place(_place(_review(**{place: value}), value, displayName=value), _ID).items) <= 2
    assert (
        len(read_legacy_place(_legacy(_legacy_review(**{place: value}), value, name=value), _ID).items) <= 2
    )


def _own_review(**changed):
    return {
        "name": f"{_LOCATION}/reviews/B1",
        "reviewId": "B1",
        "reviewer": {"displayName": "Noura", "profilePhotoUrl": "https://lh3.test/p"},
        "starRating": "TWO",
        "comment": "Cold food",
        "createTime": "2026-02-02T02:40:00Z",
        "updateTime": "2026-02-05T00:00:00Z",
        "reviewReply": {"comment": "نعتذر منك", "updateTime": "2026-02-05T00:00:00Z"},
        **changed,
    }


def _business(*reviews, **changed):
    told = {"reviews": list(reviews), "averageRating": 4.4, "totalReviewCount": 321, "nextPageToken": "N"}
    return json.dumps({**told, **changed}).encode()


def test_a_review_of_ones_own_place_has_the_answer():
    page = read_business_reviews(_business(_own_review()), _LOCATION)
    (item,) = page.items
    assert (item.external_id, item.text, item.rating, item.rating_scale) == ("B1", "Cold food", 2.0, 5.0)
    assert (item.published_at, item.author.name) == (datetime(2026, 2, 2, 2, 40, tzinfo=UTC), "Noura")
    assert item.extra == {
        "place_id": _LOCATION,
        "place_rating": 4.4,
        "place_reviews": 321,
        "answer": "نعتذر منك",
        "answered_at": "2026-02-05T00:00:00+00:00",
    }
    assert page.next == "N"
    # It is sorted by edits, and so is how far back it goes.
    assert page.reached() == datetime(2026, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("(Translated by Google) Cold food\n\n(Original)\nطعام بارد", "طعام بارد"),
        ("طعام بارد\n\n(Translated by Google)\nCold food", "طعام بارد"),
        ("Cold (Original) food", "Cold (Original) food"),
        ("(Translated by Google) Cold food", "(Translated by Google) Cold food"),
        (None, ""),
    ],
)
def test_a_translation_that_stands_beside_the_original_is_left_out(written, kept):
    assert read_business_reviews(_business(_own_review(comment=written)), _LOCATION).items[0].text == kept


def test_stars_alone_are_a_review_and_nothing_at_all_is_none():
    page = read_business_reviews(
        _business(_own_review(comment=None), _own_review(comment=None, starRating="STAR_RATING_UNSPECIFIED")),
        _LOCATION,
    )
    assert [(item.text, item.rating) for item in page.items] == [("", 2.0)]


def test_who_stays_anonymous_has_no_name():
    item = read_business_reviews(
        _business(_own_review(reviewer={"displayName": "A Google user", "isAnonymous": True})), _LOCATION
    ).items[0]
    assert item.author is None


def test_a_location_without_reviews_is_an_empty_object():
    assert read_business_reviews(b"{}", _LOCATION).items == ()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": {"code": 403}}', b'{"reviews": {}}', b"<html>"])
def test_what_is_no_answer_of_the_business_api_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not an answer of the Business Profile API"):
        read_business_reviews(body, _LOCATION)


@settings(deadline=None)
@given(_JUNK, st.sampled_from([*_own_review(), "nextPageToken", "averageRating"]))
def test_no_value_in_a_wrong_place_breaks_an_answer_of_the_business_api(value, place):
    body = _business(
        _own_review(**{place: value}), value, **({} if place in _own_review() else {place: value})
    )
    assert len(read_business_reviews(body, _LOCATION).items) <= 2

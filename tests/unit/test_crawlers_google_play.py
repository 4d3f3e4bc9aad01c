"""Reviews out of Google Play's page and out of the Android Publisher API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.google_play_page import CallRefusedError, call_for, read_play_page
from crawlers.services.google_play_publisher import read_publisher_reviews

_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_PACKAGE = "com.acme.app"
_SECONDS = 1_770_000_000


def _row(number=7, **changed):
    row = [f"id-{number}", ["منى", [None, 2]], 4, None, "تطبيق جيد جدا وسهل الاستخدام", [_SECONDS, 5], 12]
    row += [None, None, ["1090", "منى"], "3.2.1"]
    for place, value in changed.items():
        row[int(place[1:])] = value
    return row


def _answer(payload, *, chunked=False):
    inner = payload if isinstance(payload, str) or payload is None else json.dumps(payload)
    parts = [["wrb.fr", "UsvDTd", inner, None, None, [3] if payload is None else None, "generic"]]
    if chunked:
        first = json.dumps(parts)
        return f")]}}'\n\n{len(first)}\n{first}\n26\n{json.dumps([['e', 4]])}\n".encode()
    return f")]}}'\n\n{json.dumps([*parts, ['di', 68]])}".encode()


def _read(body):
    return read_play_page(body, _PACKAGE, "ar")


@pytest.mark.parametrize("chunked", [False, True])
def test_every_fact_of_a_review_is_kept(chunked):
    page = _read(_answer([[_row()], [None, "TOKEN"]], chunked=chunked))
    (item,) = page.items
    assert (item.external_id, item.rating, item.rating_scale) == ("id-7", 4.0, 5.0)
    assert item.text == "تطبيق جيد جدا وسهل الاستخدام"
    assert item.published_at == datetime.fromtimestamp(_SECONDS, UTC)
    assert (item.author.handle, item.author.name) == ("1090", "منى")
    assert (item.engagement.likes, item.item, item.language_hint) == (12, _PACKAGE, "ar")
    assert item.extra == {"version": "3.2.1"}
    assert item.url == f"https://play.google.com/store/apps/details?id={_PACKAGE}&reviewId=id-7"
    assert page.next == "TOKEN"


def test_the_answer_of_the_developer_is_kept():
    item = _read(_answer([[_row(_7=["Acme", "شكرا لك", [_SECONDS + 60, 0]])]])).items[0]
    answered = datetime.fromtimestamp(_SECONDS + 60, UTC).isoformat()
    assert item.extra == {"version": "3.2.1", "answer": "شكرا لك", "answered_at": answered}


def test_of_two_states_of_a_review_the_newer_counts_which_comes_first():
    page = _read(_answer([[_row(_4="الآن أسوأ"), _row(_4="كان جيدا")]]))
    assert [(item.external_id, item.text) for item in page.items] == [("id-7", "الآن أسوأ")]


@pytest.mark.parametrize("prefix", [b"", b")]}'", b"\xef\xbb\xbf)]}'\n\n1024\n", b")\n]\n}'\n"])
def test_whatever_guards_the_answer_is_passed_over(prefix):
    assert _read(prefix + _answer([[_row()]]).removeprefix(b")]}'")).items[0].external_id == "id-7"


def test_the_token_is_found_where_other_lists_follow_it():
    assert _read(_answer([[_row()], [None, "TOKEN"], [[1, 2]]])).next == "TOKEN"
    assert _read(_answer([[_row()], None, [None, "TOKEN"]])).next == "TOKEN"
    assert _read(_answer([[_row()], [None, None]])).next is None


def test_an_app_without_reviews_has_none():
    for payload in ([], [None, None], [[]], "[]"):
        page = _read(_answer(payload))
        assert (page.items, page.next) == ((), None)


def test_a_language_that_the_words_are_not_in_is_not_believed():
    item = _read(_answer([[_row(_4="Great app, works every single day for me")]])).items[0]
    assert item.language_hint is None


def test_a_refusal_is_told_from_a_changed_page():
    with pytest.raises(CallRefusedError, match="Google Play refused with error 3"):
        _read(_answer(None))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b")]}'",
        b"<!doctype html><html></html>",
        b')]}\'\n\n[["di",68]]',
        _answer("not json"),
        _answer('{"a": 1}'),
        _answer([{"reviews": []}]),
        _answer([[["id", "name", "five", None, "text"]]]),
        _answer([[_row(_5="yesterday"), _row(8, _5=None)]]),
        _answer([[_row()]])[:-40],
    ],
)
def test_another_shape_is_said_to_be_a_changed_page(body):
    with pytest.raises(UnreadableError, match="page has changed"):
        _read(body)


def test_a_broken_review_costs_only_itself():
    page = _read(_answer([[None, 7, [], _row(_0=None), _row(_2="x"), _row(_2=9), _row(8)]]))
    assert [item.external_id for item in page.items] == ["id-8"]


@settings(deadline=None)
@given(_JUNK, st.integers(0, 10))
def test_no_value_in_a_wrong_place_breaks_a_page(value, place):
    page = _read(_answer([[_row(**{f"_{place}": value}), _row(8)], value]))
    assert page.items[-1].external_id == "id-8"


@settings(deadline=None)
@given(_JUNK)
def test_no_payload_does_anything_but_be_read_or_refused(payload):
    for body in (_answer([payload]), _answer([[payload]]), json.dumps(payload).encode(), _answer("[" * 9999)):
        try:
            _read(body)
        except UnreadableError:
            continue


def test_the_call_asks_for_the_newest_and_goes_on_with_a_token():
    ((call,),) = json.loads(call_for(_PACKAGE, 'T"1'))
    assert call[0] == "UsvDTd"
    assert json.loads(call[1])[2:] == [[2, 2, [100, None, 'T"1'], None, []], [_PACKAGE, 7]]


def _comment(**changed):
    return {
        "text": "رائع\tسهل وسريع",
        "lastModified": {"seconds": str(_SECONDS), "nanos": 713000000},
        "starRating": 5,
        "reviewerLanguage": "ar",
        "device": "trltecan",
        "androidOsVersion": 34,
        "appVersionCode": 12345,
        "appVersionName": "5.0",
        "thumbsUpCount": 2,
        "thumbsDownCount": 1,
        **changed,
    }


def _published(*comments, **changed):
    review = {"reviewId": "gp:1", "authorName": "Jana", "comments": list(comments), **changed}
    return json.dumps({"reviews": [review], "tokenPagination": {"nextPageToken": "N"}}).encode()


_SAID = {"userComment": _comment()}
_REPLY = {"developerComment": {"text": "Thanks", "lastModified": {"seconds": str(_SECONDS + 9)}}}


@pytest.mark.parametrize("comments", [[_SAID, _REPLY], [_REPLY, _SAID], [{**_SAID, **_REPLY}]])
def test_a_review_of_ones_own_app_has_the_answer_in_whichever_order(comments):
    page = read_publisher_reviews(_published(*comments), _PACKAGE)
    (item,) = page.items
    assert (item.external_id, item.title, item.text, item.rating) == ("gp:1", "رائع", "سهل وسريع", 5.0)
    assert item.published_at == datetime.fromtimestamp(_SECONDS, UTC)
    assert (item.language_hint, item.author.name, item.engagement.likes) == ("ar", "Jana", 2)
    assert item.extra == {
        "version": "5.0",
        "version_code": 12345,
        "device": "trltecan",
        "android": 34,
        "thumbs_down": 1,
        "answer": "Thanks",
        "answered_at": datetime.fromtimestamp(_SECONDS + 9, UTC).isoformat(),
    }
    assert page.next == "N"


def test_the_last_edit_of_a_review_counts():
    newer = {"userComment": _comment(text="\tسيئ الآن", lastModified={"seconds": _SECONDS + 5}, starRating=1)}
    for comments in ([_SAID, newer], [newer, _SAID]):
        item = read_publisher_reviews(_published(*comments), _PACKAGE).items[0]
        assert (item.title, item.text, item.rating) == (None, "سيئ الآن", 1.0)


def test_a_text_without_a_tab_has_no_title():
    item = read_publisher_reviews(_published({"userComment": _comment(text="جيد")}), _PACKAGE).items[0]
    assert (item.title, item.text) == (None, "جيد")


def test_an_app_without_reviews_is_an_empty_object():
    page = read_publisher_reviews(b"{}", _PACKAGE)
    assert (page.items, page.next) == ((), None)


@pytest.mark.parametrize("seconds", [0, -5, 86_400, 10**12, "soon", None, True, 1.5])
def test_a_moment_in_which_no_review_was_written_is_none(seconds):
    said = {"userComment": _comment(lastModified={"seconds": seconds})}
    assert read_publisher_reviews(_published(said), _PACKAGE).items[0].published_at is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"reviews": "none"}', b"<html>"])
def test_what_is_no_answer_of_the_api_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not an answer of the Android Publisher API"):
        read_publisher_reviews(body, _PACKAGE)


@settings(deadline=None)
@given(_JUNK, st.sampled_from([*_comment(), "userComment", "developerComment"]))
def test_no_value_in_a_wrong_place_breaks_an_answer_of_the_api(value, place):
    comments = [{"userComment": _comment(**{place: value})}, {place: value}, value]
    for changed in ({}, {"reviewId": value}, {"authorName": value}, {"comments": value}):
        page = read_publisher_reviews(_published(*comments, **changed), _PACKAGE)
        assert len(page.items) <= 1

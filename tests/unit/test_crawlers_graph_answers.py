"""Lists, pages, errors and limits of the Graph API."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.graph_answers import (
    Trouble,
    answer_of,
    id_of,
    listed,
    next_cursor,
    next_page,
    problem_in,
    rest_of,
)


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"data": [{"id": "1"}, None, "x", {"id": "2"}]}, ["1", "2"]),
        ({"data": []}, []),
        ({"5": {"id": "5"}, "6_7": {"id": "6_7"}, "error_note": {}}, ["5", "6_7"]),
        ({"id": "9", "message": "alone"}, ["9"]),
        ({"id": 9}, ["9"]),
    ],
)
def test_objects_come_as_a_list_by_their_ids_or_alone(answer, ids):
    assert [id_of(one) for one in listed(answer)] == ids


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {}}, {"data": "x"}, {"success": True}])
def test_what_is_no_list_is_unreadable(answer):
    with pytest.raises(UnreadableError):
        listed(answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"3", b"<html>", b'{"data":[', b"[" * 100_000])
def test_what_is_no_answer_is_unreadable(body):
    with pytest.raises(UnreadableError):
        answer_of(body)


def test_an_error_is_passed_on_in_its_own_words():
    with pytest.raises(UnreadableError, match="no such thing"):
        answer_of(b'{"error":{"message":"no such\\n thing","code":100}}')


@pytest.mark.parametrize(
    ("link", "token"),
    [
        ("https://graph.facebook.com/v1/4/posts?access_token=SECRET&limit=5&after=QVFI", "after=QVFI"),
        (
            "https://graph.facebook.com/v10.0/4/posts?access_token=SECRET&until=1624385168&since&__paging_token=p",
            "until=1624385168&__paging_token=p",
        ),
        ("https://graph.facebook.com/v1/4/posts?access_token=SECRET", None),
        ("http://[broken", None),
        (None, None),
        (7, None),
    ],
)
def test_the_next_page_is_asked_for_without_the_token(link, token):
    assert next_page({"paging": {"next": link, "cursors": {"after": "cursor"}}}) == token


def test_a_cursor_alone_is_the_last_page_of_a_list_but_not_of_a_list_inside():
    paging = {"cursors": {"after": "QVFI=="}}
    assert next_page({"data": [{}], "paging": paging}) is None
    assert next_cursor({"data": [{}], "paging": paging}) == "QVFI=="
    assert next_cursor({"data": [], "paging": paging}) is None
    assert next_cursor({"data": [{}], "paging": {"cursors": {"after": "){id}.x("}}}) is None


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        *((code, Trouble.WAIT) for code in (4, 17, 32, 341, 613, 80001, 80002)),
        *((code, Trouble.RENEW) for code in (102, 190)),
        *((code, Trouble.PERMISSION) for code in (3, 10, 200, 283, 299)),
        *((code, Trouble.OTHER) for code in (1, 12, 100, None, "x", True, 10**30)),
    ],
)
def test_a_code_says_what_an_error_asks_for(code, trouble):
    found = problem_in(json.dumps({"error": {"message": "m", "code": code}}).encode())
    assert found is not None
    assert found.trouble is trouble


def test_a_missing_permission_hides_behind_a_common_code():
    message = "(#100) This endpoint requires the 'pages_read_engagement' permission"
    found = problem_in(json.dumps({"error": {"message": message, "code": 100}}).encode())
    assert found is not None
    assert found.trouble is Trouble.PERMISSION


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":[]}', b"\xff"])
def test_no_error_is_no_problem(body):
    assert problem_in(body) is None


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({}, None),
        ({"x-app-usage": '{"call_count":94,"total_time":2,"total_cputime":3}'}, None),
        ({"x-app-usage": '{"call_count":28,"total_time":95,"total_cputime":3}'}, timedelta(minutes=30)),
        ({"x-page-usage": '{"call_count":100}'}, timedelta(minutes=30)),
        (
            {
                "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":100,"total_cputime":1,'
                '"total_time":1,"estimated_time_to_regain_access":19}]}'
            },
            timedelta(minutes=19),
        ),
        (
            {"x-business-use-case-usage": '{"1":[{"call_count":12,"estimated_time_to_regain_access":0}]}'},
            None,
        ),
        (
            {"x-app-usage": '{"call_count":100,"estimated_time_to_regain_access":1e9}'},
            timedelta(days=1),
        ),
        ({"x-app-usage": "not json"}, None),
        ({"x-app-usage": "[1]", "x-business-use-case-usage": '{"1":7}'}, None),
        ({"x-app-usage": '{"call_count":"100"}'}, None),
        ({"x-app-usage": '{"call_count":NaN}'}, None),
    ],
)
def test_nearly_all_used_is_a_rest(headers, rest):
    assert rest_of(headers) == rest


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["data", "paging", "error", "id", "1", "x"]), anything))
def test_any_object_is_read_or_refused(answer):
    body = json.dumps(answer).encode()
    problem_in(body)
    try:
        found = answer_of(body)
        next_page(found)
        next_cursor(found)
        listed(found)
    except UnreadableError:
        pass

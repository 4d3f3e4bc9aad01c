"""Questions, answers and comments of Stack Exchange: how they are read, and how they are asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.payloads.case import Answer
from crawlers.errors import HostRestsError, StatusError, UnreadableError
from crawlers.services.stack_exchange_posts import error_of, read_questions, read_replies, site_host
from crawlers.sources import stack_exchange
from crawlers.sources.stack_exchange import StackExchangeOptions, StackExchangeReader
from storage.records import MentionKind
from tests.contract.worlds.stack_exchange import question, wrapper
from tests.unit.visiting_readers import NOW, Clock, visit

TAG = {"tags": ["acme"], "backfill": "300d"}
ANSWER = {
    "answer_id": 71,
    "question_id": 70,
    "owner": {"user_type": "does_not_exist", "display_name": "user9"},
    "is_accepted": True,
    "score": -2,
    "creation_date": 1_793_000_000,
    "body": "<p>Use &lt;b&gt;.</p>",
}
COMMENT = {
    "comment_id": 5,
    "post_id": 71,
    "score": 4,
    "creation_date": 1_793_000_100,
    "body": "thanks",
    "owner": None,
}


def read(*items, answers=True, comments=True, **told):
    return read_questions(wrapper(items, False, **told), "stackoverflow", answers, comments)


def test_a_question_is_read_whole():
    (item,) = read(question(1, "قهوة <b>باردة</b>", accepted_answer_id=3, is_answered=True)).items
    assert (item.external_id, item.kind) == ("stackoverflow/70000001", MentionKind.POST)
    assert (item.title, item.text) == ('Why "1"?', "قهوة باردة")
    assert item.url == "https://stackoverflow.com/questions/70000001/why"
    assert item.author is not None
    assert (item.author.handle, item.author.name) == ("77", "Lina & Co")
    assert item.author.followers is None
    assert (item.engagement.likes, item.engagement.replies, item.engagement.views) == (2, 0, 12)
    assert item.published_at == datetime(2026, 11, 1, 0, 1, tzinfo=UTC)
    assert item.extra == {
        "site": "stackoverflow",
        "score": 2,
        "reputation": 5120,
        "tags": ["acme"],
        "answered": True,
        "accepted": True,
    }


def test_what_came_with_a_question_is_read_if_asked_for():
    whole = question(
        1, "x", answers=[{**ANSWER, "comments": [COMMENT]}], comments=[{**COMMENT, "comment_id": 6}]
    )
    asked, answer, under_answer, under_question = read(whole).items
    assert (answer.external_id, answer.parent_id) == ("stackoverflow/71", "stackoverflow/70")
    assert (under_answer.external_id, under_answer.parent_id) == (
        "stackoverflow/comment/5",
        "stackoverflow/71",
    )
    assert under_question.external_id == "stackoverflow/comment/6"
    assert [item.external_id for item in read(whole, answers=False, comments=False).items] == [
        asked.external_id
    ]
    assert len(read(whole, comments=False).items) == 2


def test_answers_among_questions_are_no_questions():
    found = read(ANSWER, question(1, "x"))
    assert [item.external_id for item in found.items] == ["stackoverflow/71", "stackoverflow/70000001"]
    assert list(found.facts["questions"]) == ["70000001"]


def test_answers_and_comments_have_addresses_and_authors_who_may_be_gone():
    answer, comment = read_replies(wrapper([ANSWER, COMMENT], True), "ar.stackoverflow").items
    assert answer.url == "https://ar.stackoverflow.com/a/71"
    assert comment.url == "https://ar.stackoverflow.com/q/71#comment5_71"
    assert answer.author is not None
    assert (answer.author.handle, answer.author.profile_url) == ("user9", None)
    assert comment.author is None
    assert (answer.engagement.likes, answer.extra["score"], answer.text) == (None, -2, "Use <b>.")


def test_markdown_is_read_where_there_is_no_html():
    (item,) = read({"question_id": 1, "body_markdown": "a &lt; b"}).items
    assert (item.text, item.title, item.published_at) == ("a < b", None, None)


def test_a_page_reaches_as_far_as_its_activity():
    found = read(
        question(1, "x", last_activity_date=1_793_100_000), question(5, "y", last_activity_date=1_793_000_000)
    )
    assert found.newest == datetime.fromtimestamp(1_793_100_000, UTC)
    assert found.reached() == datetime.fromtimestamp(1_793_000_000, UTC)


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("stackoverflow", "stackoverflow.com"),
        ("ar.stackoverflow", "ar.stackoverflow.com"),
        ("meta.superuser", "meta.superuser.com"),
        ("mathoverflow.net", "mathoverflow.net"),
        ("apple", "apple.stackexchange.com"),
        ("apple.stackexchange.com", "apple.stackexchange.com"),
        ("meta.stackexchange", "meta.stackexchange.com"),
        ("apple.meta", "apple.meta.stackexchange.com"),
    ],
)
def test_sites_are_found_by_their_names(site, host):
    assert site_host(site) == host


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "not an answer of the Stack Exchange API"),
        (b'{"items": {}}', "not an answer of the Stack Exchange API"),
        (b'{"error_id": 400, "error_message": "no site found"}', "no site found"),
    ],
)
def test_what_is_no_page_says_why(body, words):
    with pytest.raises(UnreadableError, match=words):
        read_questions(body, "stackoverflow", True, True)
    with pytest.raises(UnreadableError, match=words):
        read_replies(body, "stackoverflow")


values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just([]) | st.just({})
)
shapes = st.dictionaries(
    st.sampled_from([*question(1, ""), "answers", "comments", "answer_id", "comment_id"]),
    values
    | st.lists(st.dictionaries(st.sampled_from(["answer_id", "comment_id", "owner"]), values), max_size=2),
)


@given(st.lists(shapes, max_size=3), values, values)
def test_pages_of_any_shape_are_survived(items, backoff, quota):
    body = json.dumps({"items": items, "backoff": backoff, "quota_remaining": quota}).encode()
    read_questions(body, "stackoverflow", True, True)
    read_replies(body, "stackoverflow")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"tags": ["two words"]},
        {"tags": ["a;b;c;d;e;f"]},
        {"tags": ["a/b"]},
        {"queries": [""]},
        {"queries": ["x"], "sites": []},
        {"queries": ["x"], "sites": ["https://stackoverflow.com"]},
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValidationError):
        StackExchangeOptions.model_validate(wrong)


def test_every_site_is_searched_and_every_tag_followed():
    options = {"sites": ["stackoverflow", "apple"], "queries": ["قهوة"], "tags": ["acme;coffee"]}
    found = visit(StackExchangeReader, lambda asked: Answer(wrapper([], False)), options)
    assert [(a.path, a.query["site"], a.query.get("q") or a.query.get("tagged")) for a in found.asked] == [
        ("/2.3/search/advanced", "stackoverflow", "قهوة"),
        ("/2.3/questions", "stackoverflow", "acme;coffee"),
        ("/2.3/search/advanced", "apple", "قهوة"),
        ("/2.3/questions", "apple", "acme;coffee"),
    ]
    assert found.asked[0].query["sort"] == "activity"
    assert found.asked[0].query["filter"] == "withbody"
    assert "key" not in found.asked[0].query


def test_pages_are_asked_for_by_the_moment_they_begin_at():
    late, middle, early = 1_793_000_300, 1_793_000_200, 1_793_000_100
    pages = {None: [late, middle], str(middle): [middle, early], str(early): []}

    def answer(asked):
        moments = pages[asked.query.get("max")]
        return Answer(wrapper([question(1, "x", last_activity_date=one) for one in moments], True))

    found = visit(StackExchangeReader, answer, {**TAG, "answers": False})
    assert [asked.query.get("max") for asked in found.asked] == [None, str(middle), str(early)]


def test_a_page_of_one_moment_is_followed_by_number():
    def answer(asked):
        if asked.query.get("page") == "2":
            return Answer(wrapper([], False))
        return Answer(wrapper([question(1, "x", last_activity_date=1_793_000_000)], True))

    found = visit(StackExchangeReader, answer, {**TAG, "answers": False})
    assert [(asked.query.get("max"), asked.query.get("page")) for asked in found.asked] == [
        (None, None),
        ("1793000000", None),
        ("1793000000", "2"),
    ]


def with_answers(asked):
    if asked.path.endswith("/answers"):
        return Answer(wrapper([ANSWER], False))
    if asked.path.endswith("/comments"):
        return Answer(wrapper([COMMENT], False))
    return Answer(wrapper([question(1, "x", answer_count=1), question(2, "y")], False))


def test_answers_are_asked_for_only_where_something_happened():
    first = visit(StackExchangeReader, with_answers, TAG)
    assert first.ids == ["stackoverflow/70000001", "stackoverflow/70000002", "stackoverflow/71"]
    assert first.paths() == ["/2.3/questions", "/2.3/questions/70000001/answers"]
    again = visit(StackExchangeReader, with_answers, TAG, after=first)
    assert again.paths() == ["/2.3/questions"]


def test_comments_on_questions_and_their_answers_are_asked_for():
    found = visit(StackExchangeReader, with_answers, {**TAG, "comments": True})
    assert found.paths()[2:] == [
        "/2.3/questions/70000001;70000002/comments",
        "/2.3/answers/71/comments",
    ]
    assert "stackoverflow/comment/5" in found.ids


def test_questions_are_kept_where_their_answers_cannot_be_had():
    def answer(asked):
        return Answer(b"{}", 404) if asked.path.endswith("/answers") else with_answers(asked)

    found = visit(StackExchangeReader, answer, TAG)
    assert found.ids == ["stackoverflow/70000001", "stackoverflow/70000002"]
    assert "could not be read" in (found.reader.visit.failure or "")
    assert "active" not in found.reader.memory or not found.reader.memory["active"]


def test_a_short_backoff_is_waited_for(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(stack_exchange.asyncio, "sleep", clock.sleep)

    def answer(asked):
        more = "max" not in asked.query
        return Answer(wrapper([question(1, "x")], more, **({"backoff": 0.2} if more else {})))

    found = visit(StackExchangeReader, answer, {**TAG, "answers": False}, clock=clock)
    assert (found.error, len(found.asked), clock.waited) == (None, 2, [1.2])


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ({"backoff": 40}, NOW + timedelta(seconds=41)),
        ({"backoff": 1e9}, NOW + timedelta(days=1)),
        ({"quota_remaining": 0}, datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_a_long_wait_ends_the_visit_for_all_sources_there(told, until):
    body = wrapper([question(1, "x")], True, **told)
    found = visit(StackExchangeReader, lambda asked: Answer(body), {**TAG, "answers": False})
    assert found.ids == ["stackoverflow/70000001"]
    assert isinstance(found.error, HostRestsError)
    assert found.error.until == until


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("too many requests from this IP, more requests available in 70 seconds", 71),
        ("Violation of backoff parameter", 300),
    ],
)
def test_a_throttle_violation_is_waited_out(message, seconds):
    body = json.dumps(
        {"error_id": 502, "error_name": "throttle_violation", "error_message": message}
    ).encode()
    found = visit(StackExchangeReader, lambda asked: Answer(body, 400), {"tags": ["a", "b"]})
    assert isinstance(found.error, HostRestsError)
    assert found.error.until == NOW + timedelta(seconds=seconds)
    assert len(found.asked) == 1


def test_other_errors_are_told_in_words_and_the_next_tag_read():
    body = b'{"error_id": 400, "error_message": "no site found for name `x`", "error_name": "bad_parameter"}'

    def answer(asked):
        return (
            Answer(body, 400) if asked.query["tagged"] == "a" else Answer(wrapper([question(1, "x")], False))
        )

    found = visit(StackExchangeReader, answer, {"tags": ["a", "b"]})
    assert "no site found for name" in (found.reader.visit.failure or "")
    assert found.ids == ["stackoverflow/70000001"]
    assert error_of(b"<html>") == ("", "", None)


def test_a_server_that_fails_is_given_up_after_three_lists():
    found = visit(StackExchangeReader, lambda asked: Answer(b"", 503), {"tags": ["a", "b", "c", "d"]})
    assert isinstance(found.error, StatusError)
    assert len(found.asked) == 3

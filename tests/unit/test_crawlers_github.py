"""Issues, pull requests and comments of GitHub: how they are read, and how they are asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.payloads.case import Answer
from crawlers.errors import HostRestsError, StatusError, UnreadableError
from crawlers.services.github_issues import error_message, plain_markdown, read_comments, read_issues
from crawlers.sources.github import GithubOptions, GithubReader
from storage.records import MentionKind
from tests.unit.visiting_readers import NOW, Clock, visit

API = "https://api.github.com"
REPOSITORY = {"repositories": ["Acme/Shop"], "comments": False}
ISSUE = {
    "id": 900,
    "number": 12,
    "repository_url": f"{API}/repos/Acme/Shop",
    "html_url": "https://github.com/Acme/Shop/issues/12",
    "title": "  App\ncrashes ",
    "user": {"login": "lina", "html_url": "https://github.com/lina", "type": "User"},
    "labels": [{"name": "bug"}, "old form", {"color": "fff"}],
    "state": "closed",
    "comments": 2,
    "created_at": "2026-11-19T10:00:00Z",
    "updated_at": "2026-11-19T12:00:00Z",
    "author_association": "NONE",
    "body_html": "<p>يتعطل <b>التطبيق</b></p>",
    "body": "ignored",
    "reactions": {"+1": 2, "-1": 1, "confused": 1, "heart": 1, "rocket": 0, "eyes": 5, "total_count": 10},
}
PULL = {
    **ISSUE,
    "number": 13,
    "html_url": "https://github.com/Acme/Shop/pull/13",
    "pull_request": {"url": "x"},
}
COMMENT = {
    "id": 55,
    "url": f"{API}/repos/Acme/Shop/issues/comments/55",
    "issue_url": f"{API}/repos/Acme/Shop/issues/12",
    "html_url": "https://github.com/Acme/Shop/issues/12#issuecomment-55",
    "user": {"login": "shop[bot]", "type": "Bot"},
    "created_at": "2026-11-19T11:00:00Z",
    "updated_at": "2026-11-19T11:30:00Z",
    "body": "Same <!-- template -->here",
}


def page(document: object, pull_requests: bool = False):
    return read_issues(json.dumps(document).encode(), pull_requests)


def test_an_issue_is_read_whole():
    (issue,) = page([ISSUE]).items
    assert (issue.external_id, issue.kind, issue.title) == ("acme/shop#12", MentionKind.POST, "App crashes")
    assert issue.text == "يتعطل التطبيق"
    assert issue.author is not None
    assert (issue.author.handle, issue.author.profile_url) == ("lina", "https://github.com/lina")
    assert (issue.engagement.likes, issue.engagement.replies) == (3, 2)
    assert issue.published_at == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert issue.extra == {
        "repository": "acme/shop",
        "score": 1,
        "association": "NONE",
        "state": "closed",
        "labels": ["bug", "old form"],
        "answered": True,
    }


def test_a_page_reaches_as_far_as_its_changes_not_as_its_beginnings():
    old = {**ISSUE, "number": 3, "created_at": "2019-01-01T00:00:00Z", "updated_at": "2026-11-18T00:00:00Z"}
    found = page({"total_count": 2, "incomplete_results": True, "items": [ISSUE, old]})
    assert found.newest == datetime(2026, 11, 19, 12, tzinfo=UTC)
    assert found.reached() == datetime(2026, 11, 18, tzinfo=UTC)
    assert found.facts == {"served": 2, "incomplete": True}


def test_pull_requests_are_left_out_unless_asked_for():
    assert [item.external_id for item in page([PULL, ISSUE]).items] == ["acme/shop#12"]
    both = page([PULL, ISSUE], pull_requests=True).items
    assert [item.extra.get("pull_request") for item in both] == [True, None]
    assert page([PULL]).newest is not None


def test_a_comment_names_what_it_answers():
    (comment,) = read_comments(json.dumps([COMMENT]).encode(), False).items
    assert (comment.external_id, comment.parent_id) == ("comment:55", "acme/shop#12")
    assert (comment.text, comment.extra["bot"]) == ("Same here", True)
    on_pull = {**COMMENT, "html_url": "https://github.com/Acme/Shop/pull/13#issuecomment-55"}
    assert read_comments(json.dumps([on_pull]).encode(), False).items == ()
    assert len(read_comments(json.dumps([on_pull]).encode(), True).items) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"user": None, "body_html": None, "body": None, "labels": None, "reactions": None},
        {"user": [], "labels": {}, "comments": True, "created_at": 5e300, "title": None},
        {"user": {"login": None}, "reactions": {"+1": "many"}, "comments": "4", "state": 7},
        {"repository_url": None, "html_url": "https://ghe.example/Acme/Shop/issues/12"},
        {"repository_url": "https://ghe.example/api/v3/repos/Acme/Shop", "html_url": None},
    ],
)
def test_an_issue_lacking_nearly_everything_is_kept(change):
    (issue,) = page([{**ISSUE, **change}]).items
    assert issue.external_id == "acme/shop#12"


def test_one_broken_issue_costs_no_other():
    found = page([None, "x", {"number": "twelve"}, {}, {**ISSUE, "number": None}, ISSUE])
    assert [item.external_id for item in found.items] == ["acme/shop#12"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (b"null", "not an answer of GitHub's API"),
        (b'{"items": {}}', "not an answer of GitHub's API"),
        (b'{"message": "Not Found"}', "Not Found"),
    ],
)
def test_what_is_no_list_says_why(body, words):
    for read in (read_issues, read_comments):
        with pytest.raises(UnreadableError, match=words):
            read(body, False)


def test_errors_are_told_in_the_services_words():
    body = b'{"message": "Validation Failed", "errors": [{"message": "The search is longer."}, 4]}'
    assert error_message(body) == "Validation Failed: The search is longer."
    assert error_message(b"<html>") == ""


def test_comments_in_markdown_are_no_text():
    assert plain_markdown("a <!-- hint\nhint -->\n\nb <!-- never closed") == "a\n\nb"


values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just([]) | st.just({})
)
shapes = st.dictionaries(st.sampled_from([*ISSUE, "issue_url", "pull_request", "body_text"]), values)


@given(st.lists(shapes.map(lambda change: {**ISSUE, **change}) | values, max_size=3), st.booleans())
def test_issues_of_any_shape_are_survived(issues, pull_requests):
    body = json.dumps(issues).encode()
    assert len(read_issues(body, pull_requests).items) <= len(issues)
    assert len(read_comments(body, pull_requests).items) <= len(issues)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"repositories": ["acme"]},
        {"repositories": ["acme/shop/issues"]},
        {"repositories": ["acme/.."]},
        {"queries": [" "]},
        {"queries": ["x" * 300]},
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValidationError):
        GithubOptions.model_validate(wrong)


def test_repositories_may_be_written_as_addresses():
    assert GithubOptions(repositories=["https://github.com/acme/shop/"]).repositories == ["acme/shop"]


def listed(*issues, **headers):
    return Answer(json.dumps(issues).encode(), headers=headers)


def test_a_list_is_paged_by_its_links_and_told_by_its_etag():
    second = "https://api.github.com/repositories/7/issues?per_page=100&after=Y3Vy%3D&page=2"

    def answer(asked):
        if asked.headers.get("if-none-match") == '"tag"':
            return Answer(b"", 304)
        if asked.query.get("after") == "Y3Vy=":
            return listed({**ISSUE, "number": 1})
        return listed(ISSUE, Link=f'<{second}>; rel="next"', ETag='"tag"')

    options = {**REPOSITORY, "backfill": "300d"}
    first = visit(GithubReader, answer, options)
    assert first.ids == ["acme/shop#12", "acme/shop#1"]
    assert first.asked[0].query == {
        "state": "all",
        "sort": "updated",
        "direction": "desc",
        "per_page": "100",
    }
    assert first.reader.visit.unchanged is False
    again = visit(GithubReader, answer, options, after=first)
    assert (again.ids, len(again.asked), again.reader.visit.unchanged) == ([], 1, True)
    # With other options it is another list, for which the validator says nothing.
    more = visit(GithubReader, answer, {**options, "pull_requests": True}, after=again)
    assert "if-none-match" not in more.asked[0].headers


def test_a_search_is_paged_by_time_beyond_its_thousand_results():
    full = [{**ISSUE, "number": n, "updated_at": f"2026-11-19T12:{n // 2:02}:00Z"} for n in range(100, 0, -1)]

    def answer(asked):
        asks_for_more = "updated:<=" in asked.query["q"]
        return Answer(json.dumps({"items": full[:1] if asks_for_more else full}).encode())

    options = {"queries": ["acme"], "backfill": "300d"}
    found = visit(GithubReader, answer, options)
    assert [asked.query["q"] for asked in found.asked] == [
        "acme is:issue",
        "acme is:issue updated:<=2026-11-19T12:00:00Z",
    ]
    assert len(set(found.ids)) == 100


def test_a_page_of_one_moment_is_followed_by_number():
    same = [{**ISSUE, "number": n} for n in range(1, 101)]
    pages = {None: same, "2": [ISSUE]}

    def answer(asked):
        return Answer(json.dumps({"items": pages[asked.query.get("page")]}).encode())

    found = visit(GithubReader, answer, {"queries": ["acme is:issue"], "backfill": "300d"})
    assert [(asked.query["q"][-10:], asked.query.get("page")) for asked in found.asked] == [
        ("e is:issue", None),
        ("T12:00:00Z", None),
        ("T12:00:00Z", "2"),
    ]


def test_an_incomplete_search_is_read_again_from_its_end():
    old = {**ISSUE, "number": 3, "updated_at": "2026-11-10T00:00:00Z"}
    body = json.dumps({"items": [ISSUE, old], "incomplete_results": True}).encode()
    found = visit(GithubReader, lambda asked: Answer(body), {"queries": ["acme"]})
    (place,) = found.reader.visit.state.cursor["walks"].values()
    assert place["top"].startswith("2026-11-10T00:00:00")


def test_both_kinds_of_thread_are_searched_for_apart():
    body = b'{"items": []}'
    found = visit(
        GithubReader,
        lambda asked: Answer(body),
        {"queries": ["acme", "acme type:issue"], "pull_requests": True},
    )
    assert [asked.query["q"] for asked in found.asked] == [
        "acme is:issue",
        "acme is:pull-request",
        "acme type:issue",
    ]


SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, 60), ({"Retry-After": "90"}, 90)], ids=["without a time", "with one"]
)
def test_a_secondary_limit_makes_all_sources_wait(headers, seconds):
    clock = Clock()
    found = visit(GithubReader, lambda asked: Answer(SECONDARY, 403, headers), REPOSITORY, clock=clock)
    assert isinstance(found.error, HostRestsError)
    assert found.error.until == NOW + timedelta(seconds=seconds)
    assert len(found.asked) == 1


def test_another_refusal_is_told_in_words_and_the_next_repository_read():
    def answer(asked):
        if "private" in asked.path:
            return Answer(b'{"message": "Resource not accessible by personal access token"}', 403)
        return listed(ISSUE)

    options = {"repositories": ["acme/private", "acme/shop"], "comments": False}
    found = visit(GithubReader, answer, options)
    assert found.ids == ["acme/shop#12"]
    assert "Resource not accessible" in (found.reader.visit.failure or "")


def test_a_repository_that_was_renamed_is_not_followed_with_a_token(monkeypatch):
    monkeypatch.setenv("TOKEN_OF_A_TEST", "ghp_right")

    def answer(asked):
        return Answer(b"", 301, {"Location": "/x"}) if "/old/" in asked.path else listed(ISSUE)

    options = {"repositories": ["old/shop", "acme/shop"], "comments": False}
    found = visit(GithubReader, answer, {**options, "token": {"env": "TOKEN_OF_A_TEST"}})
    assert "has another name now" in (found.reader.visit.failure or "")
    assert found.ids == ["acme/shop#12"]


def test_a_wrong_token_ends_the_visit(monkeypatch):
    monkeypatch.setenv("TOKEN_OF_A_TEST", "ghp_wrong")
    found = visit(
        GithubReader,
        lambda asked: Answer(b'{"message": "Bad credentials"}', 401),
        {**REPOSITORY, "token": {"env": "TOKEN_OF_A_TEST"}},
    )
    assert isinstance(found.error, StatusError)
    assert "Bad credentials" in str(found.error)
    assert found.asked[0].headers["authorization"] == "Bearer ghp_wrong"


def test_comments_are_a_list_of_their_own():
    def answer(asked):
        return listed(COMMENT) if asked.path.endswith("/comments") else listed(ISSUE)

    found = visit(GithubReader, answer, {"repositories": ["acme/shop"]})
    assert found.ids == ["acme/shop#12", "comment:55"]
    assert "state" not in found.asked[1].query

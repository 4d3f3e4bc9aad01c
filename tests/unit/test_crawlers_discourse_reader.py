"""How a Discourse forum is asked: all its posts, its topics, its search; what it refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from benchmarks.payloads.case import Answer
from crawlers.errors import StatusError
from crawlers.sources.discourse import DiscourseOptions, DiscourseReader
from tests.contract.worlds.discourse import post
from tests.unit.visiting_readers import NOW, Clock, visit

BASE = {"base_url": "https://talk.example", "backfill": "300d"}


def told(document: object, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(document).encode(), status, headers)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {**BASE, "queries": ["ab"]},
        {**BASE, "categories": ["../admin"]},
        {**BASE, "categories": ["a b"]},
        {**BASE, "api_username": "lina"},
        {**BASE, "api_key": {"env": "X"}},
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValidationError):
        DiscourseOptions.model_validate(wrong)


def test_categories_may_be_written_as_addresses():
    options = DiscourseOptions(**BASE, categories=["https://talk.example/c/support/returns/12/", "5"])
    assert options.categories == ["support/returns/12", "5"]


def test_a_forum_is_read_through_stretches_without_public_posts():
    """Older forums look through fifty ids at once, whether `before` is among them or not."""
    public = (400, 399, 250)

    def answer(asked):
        if asked.path != "/posts.json":
            return None
        before = int(asked.query.get("before", 400))
        shown = [post(0, "x", id=n, post_number=n) for n in public if before - 50 < n <= before]
        return told({"latest_posts": shown})

    found = visit(DiscourseReader, answer, BASE)
    assert list(dict.fromkeys(found.ids)) == ["post:400", "post:399", "post:250"]
    bounds = [asked.query.get("before") for asked in found.asked[1:]]
    # The post where a page ends is met again on the next, since `before` may be meant either way.
    assert bounds == [None, "399", "398", "348", "298", "250", "249", "199", "149", "99"]


def stream_of(topic_id: int, ids: list[int]) -> dict:
    came = [post(n, f"p{n}", id=n, topic_id=topic_id, post_number=n, category_id=7) for n in ids[:2]]
    return {
        "id": topic_id,
        "title": "T",
        "slug": "t",
        "views": 40,
        "posts_count": len(ids),
        "post_stream": {"posts": came, "stream": ids},
    }


def listing(*topics: tuple[int, str]) -> dict:
    rows = [
        {"id": n, "title": "T", "slug": "t", "bumped_at": moment, "created_at": "2026-11-01T00:00:00Z"}
        for n, moment in topics
    ]
    return {"topic_list": {"topics": rows}}


class Talk:
    """A forum with one topic of `ids`; `bumped` is when it was last answered."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
        self.bumped = "2026-11-19T00:00:00Z"

    def __call__(self, asked):
        if asked.path in ("/latest.json", "/c/support/7/l/latest.json"):
            return told(listing((5, self.bumped)))
        if asked.path == "/t/5.json":
            return told(stream_of(5, self.ids))
        if asked.path == "/t/5/posts.json":
            last = int(asked.query["post_ids[]"])
            return told(
                {"post_stream": {"posts": [post(last, "late", id=last, topic_id=5, post_number=last)]}}
            )
        if asked.path == "/categories.json":
            return told({"category_list": {"categories": [{"id": 7, "name": "Support"}]}})
        return None


def test_a_topic_is_read_with_its_newest_replies_and_again_only_when_answered():
    talk = Talk(list(range(1, 30)))
    options = {**BASE, "categories": ["support/7"], "replies": 25}
    first = visit(DiscourseReader, talk, options)
    assert first.paths() == [
        "/categories.json",
        "/c/support/7/l/latest.json",
        "/t/5.json",
        "/t/5/posts.json",
        "/t/5/posts.json",
    ]
    assert first.ids == ["topic:5", "post:2", "post:24", "post:29"]
    assert first.mentions[0].engagement.views == 40
    assert first.mentions[0].extra["category"] == "Support"
    again = visit(DiscourseReader, talk, options, after=first)
    assert again.paths() == ["/c/support/7/l/latest.json"]
    talk.ids, talk.bumped = [*talk.ids, 30], "2026-11-20T00:00:00Z"
    later = visit(DiscourseReader, talk, options, after=again)
    assert later.paths() == ["/c/support/7/l/latest.json", "/t/5.json", "/t/5/posts.json"]
    assert later.ids[-1] == "post:30"


def test_replies_may_be_left_out():
    found = visit(DiscourseReader, Talk([1, 2, 3]), {**BASE, "topics": True, "replies": 0})
    assert found.ids == ["topic:5"]


@pytest.mark.parametrize(("status", "kept"), [(403, ["topic:5"]), (404, ["topic:5"]), (500, [])])
def test_a_topic_that_is_not_shown_is_kept_as_it_is_listed(status, kept):
    talk = Talk([1])

    def answer(asked):
        return told({"errors": ["no"]}, status) if asked.path == "/t/5.json" else talk(asked)

    found = visit(DiscourseReader, answer, {**BASE, "topics": True})
    assert found.ids == kept
    assert (found.error is None) == bool(kept)


def hit(n: int, blurb: str) -> dict:
    return {
        "id": n,
        "username": "lina",
        "created_at": f"2026-11-19T{n + 6:02}:00:00Z",
        "post_number": n,
        "topic_id": 9,
        "blurb": blurb,
        "like_count": n,
    }


def searching(asked):
    if asked.path == "/search.json":
        more = asked.query["page"] == "1"
        hits = [hit(4, "four…"), hit(3, "three…")] if more else [hit(2, "two…")]
        topics = [{"id": 9, "title": "T", "slug": "t"}]
        return told(
            {"posts": hits, "topics": topics, "grouped_search_result": {"more_full_page_results": more}}
        )
    for n in (4, 2):
        if asked.path == f"/posts/{n}.json":
            at = hit(n, "")["created_at"]
            return told(post(n, f"the whole of {n}", id=n, topic_id=9, post_number=n, created_at=at))
    return None


def test_what_a_search_finds_is_asked_for_whole_and_only_once():
    options = {**BASE, "queries": ["acme #support"]}
    first = visit(DiscourseReader, searching, options)
    assert first.asked[1].query == {"q": "acme #support order:latest", "page": "1"}
    assert [mention.text for mention in first.mentions] == ["the whole of 4", "the whole of 2"]
    again = visit(DiscourseReader, searching, options, after=first)
    assert [mention.text for mention in again.mentions] == ["the whole of 4"]
    assert again.mentions[0].engagement.likes == 4
    assert "/posts/4.json" not in again.paths()


def test_pieces_are_enough_if_they_are_wanted():
    found = visit(DiscourseReader, searching, {**BASE, "queries": ["acme"], "whole": False})
    assert [mention.text for mention in found.mentions] == ["four…", "three…", "two…"]


def test_a_forum_that_wants_us_to_wait_is_left_alone():
    body = {"errors": ["Please wait 24 seconds."], "extras": {"wait_seconds": 24}}

    def answer(asked):
        return told(body, 429) if asked.path == "/posts.json" else None

    found = visit(DiscourseReader, answer, BASE)
    assert isinstance(found.error, StatusError)
    assert "Please wait 24 seconds" in str(found.error)
    # Two minutes at the least, as after any 429.
    assert found.reader.visit.not_before == NOW + timedelta(minutes=2)
    assert found.reader._downloads.hosts.resting == {"talk.example": NOW + timedelta(minutes=2)}


def test_a_closed_forum_says_so_and_takes_a_key(monkeypatch):
    monkeypatch.setenv("KEY_OF_A_TEST", "abc")
    refusal = told({"errors": ["You need to be logged in to do that."]}, 403)

    def answer(asked):
        if asked.headers.get("api-key") != "abc":
            return refusal
        return told({"latest_posts": [post(3, "x")] if "before" not in asked.query else []})

    refused = visit(DiscourseReader, answer, BASE)
    assert "logged in" in (refused.reader.visit.failure or "")
    taken = visit(
        DiscourseReader, answer, {**BASE, "api_key": {"env": "KEY_OF_A_TEST"}, "api_username": "lina"}
    )
    assert taken.ids == ["topic:3"]
    assert {asked.headers["api-username"] for asked in taken.asked} == {"lina"}


def test_categories_are_asked_for_once_a_day_even_where_there_are_none_to_see():
    clock = Clock()
    refused = visit(DiscourseReader, lambda asked: told({"latest_posts": []}), BASE, clock=clock)
    again = visit(DiscourseReader, lambda asked: told({"latest_posts": []}), BASE, after=refused, clock=clock)
    clock.now += timedelta(days=1)
    later = visit(DiscourseReader, Talk([]), BASE, after=again, clock=clock)
    asked = [one.paths().count("/categories.json") for one in (refused, again, later)]
    assert asked == [1, 0, 1]
    assert later.reader.memory["categories"][1] == {7: "Support"}


def test_the_ids_asked_for_are_the_topics_own():
    talk = Talk([1, 2, 3, 4])
    found = visit(DiscourseReader, talk, {**BASE, "topics": True})
    assert dict(parse_qsl("post_ids[]=4")) == dict(found.asked[-1].query)

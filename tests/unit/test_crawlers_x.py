"""What X's API answers, read into items."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.x_posts import id_at, read_posts
from crawlers.services.x_problems import Refusal, refusal, user_id, withdrawn_ids, words_of_answer
from storage.records import MentionKind

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FIRST = id_at(NOON)
POST: dict[str, Any] = {
    "id": str(FIRST),
    "edit_history_tweet_ids": [str(FIRST)],
    "author_id": "42",
    "text": "قهوة &amp; شاي",
    "created_at": "2026-03-10T12:00:00.000Z",
    "lang": "ar",
    "public_metrics": {
        "retweet_count": 1,
        "reply_count": 2,
        "like_count": 3,
        "quote_count": 4,
        "impression_count": 500,
        "bookmark_count": 9,
    },
}
USER = {
    "id": "42",
    "username": "Lina_K",
    "name": "Lina\n ☕",
    "verified": True,
    "public_metrics": {"followers_count": 1200},
}


def read(*posts: Any, retweets: bool = False, **beside: Any):
    document = {"data": list(posts), "includes": {"users": [USER]}, **beside}
    return read_posts(json.dumps(document).encode(), retweets)


def read_one(**changes: Any):
    (item,) = read({**POST, **changes}).items
    return item


def test_a_post_is_read_whole():
    item = read_one()
    assert (item.external_id, item.text, item.kind) == (str(FIRST), "قهوة & شاي", MentionKind.POST)
    assert item.url == f"https://x.com/Lina_K/status/{FIRST}"
    assert (item.published_at, item.language_hint) == (NOON, "ar")
    assert (item.author.handle, item.author.name, item.author.followers, item.author.verified) == (
        "Lina_K",
        "Lina ☕",
        1200,
        True,
    )
    assert item.author.profile_url == "https://x.com/Lina_K"
    likes = item.engagement
    assert (likes.likes, likes.replies, likes.shares, likes.views) == (3, 2, 5, 500)
    assert item.reach == 500


def test_an_edit_is_a_revision_of_the_first_version():
    later = FIRST + (60_000 << 22)
    item = read_one(
        id=str(later),
        edit_history_tweet_ids=[str(FIRST), str(later)],
        created_at="2026-03-10T12:01:00.000Z",
        text="now right",
    )
    assert (item.external_id, item.text, item.extra["edited"]) == (str(FIRST), "now right", True)
    assert item.published_at == NOON
    assert item.url.endswith(f"/{later}")


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_versions_on_a_page_the_later_counts(newest_first):
    versions = [str(FIRST), str(FIRST + 1)]
    both = [{**POST, "id": one, "edit_history_tweet_ids": versions, "text": one} for one in versions]
    (item,) = read(*(reversed(both) if newest_first else both)).items
    assert item.text == versions[1]


def test_the_long_form_of_a_post_is_read_with_its_own_links():
    item = read_one(
        text="cut off… https://t.co/self",
        note_tweet={
            "text": "the whole of it &lt;3 https://t.co/aa and https://t.co/aab https://t.co/pic",
            "entities": {
                "urls": [
                    {"url": "https://t.co/aa", "expanded_url": "https://acme.example/a"},
                    {
                        "url": "https://t.co/aab",
                        "expanded_url": "https://bit.ly/x",
                        "unwound_url": "https://acme.example/b?c=1&d=2",
                    },
                ]
            },
        },
        entities={
            "urls": [
                {
                    "url": "https://t.co/pic",
                    "expanded_url": "https://x.com/Lina_K/status/1/photo/1",
                    "media_key": "3_1",
                }
            ]
        },
    )
    assert item.text == "the whole of it <3 https://acme.example/a and https://acme.example/b?c=1&d=2"


@pytest.mark.parametrize(
    "urls",
    [
        None,
        "x",
        [None, "x", {}, {"url": 1, "expanded_url": []}],
        [{"url": "https://t.co/a", "expanded_url": "javascript:alert(1)"}],
        [{"url": "https://t.co/a"}],
    ],
)
def test_a_link_that_leads_nowhere_stays_as_written(urls):
    assert read_one(text="see https://t.co/a", entities={"urls": urls}).text == "see https://t.co/a"


def test_a_reply_is_a_comment_on_the_first_version_of_what_it_answers():
    referenced = [{"type": "quoted", "id": "70"}, {"type": "replied_to", "id": "81"}]
    included = [
        {"id": "81", "edit_history_tweet_ids": ["80", "81"], "text": "answered"},
        {"id": "70", "text": "quoted &amp; all"},
    ]
    (item,) = read(
        {**POST, "referenced_tweets": referenced}, includes={"users": [USER], "tweets": included}
    ).items
    assert (item.kind, item.parent_id) == (MentionKind.COMMENT, "80")
    assert item.extra["quoted_text"] == "quoted & all"


def test_a_quote_answers_what_it_quotes_even_where_that_is_not_included():
    item = read_one(referenced_tweets=[{"type": "quoted", "id": "70"}])
    assert (item.kind, item.parent_id) == (MentionKind.POST, "70")


def test_retweets_are_left_out_unless_wanted_and_then_read_whole():
    repeated = {**POST, "text": "RT @acme: cut…", "referenced_tweets": [{"type": "retweeted", "id": "7"}]}
    included = {"users": [USER], "tweets": [{"id": "7", "text": "the whole"}]}
    page = read(repeated, includes=included, meta={"next_token": "t"})
    assert (page.items, page.next, page.oldest) == ((), str(FIRST), NOON)
    (item,) = read(repeated, retweets=True, includes=included).items
    assert (item.text, item.parent_id) == ("RT @acme: the whole", "7")


@pytest.mark.parametrize(
    ("lang", "hint"),
    [
        ("ar", "ar"),
        ("und", None),
        ("qme", None),
        ("zxx", None),
        ("in", "id"),
        ("iw", "he"),
        ("zh-TW", "zh-TW"),
    ]
    + [(raw, None) for raw in (None, 5, "", "<b>", "x" * 100)],
)
def test_only_languages_are_hints(lang, hint):
    assert read_one(lang=lang).language_hint == hint


def test_views_that_were_never_counted_are_unknown():
    item = read_one(public_metrics={"impression_count": 0, "like_count": 5})
    assert (item.engagement.views, item.reach, item.engagement.shares) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "published_at"),
    [
        ({"created_at": None}, NOON),
        ({"created_at": 5}, NOON),
        ({"id": "20", "edit_history_tweet_ids": ["20"], "created_at": None}, None),
        ({"id": "20", "edit_history_tweet_ids": None, "created_at": "2006-03-21T20:50:14Z"}, ...),
    ],
)
def test_the_id_tells_when_where_nothing_else_does(changes, published_at):
    expected = datetime(2006, 3, 21, 20, 50, 14, tzinfo=UTC) if published_at is ... else published_at
    assert read_one(**changes).published_at == expected


@given(st.timedeltas(timedelta(days=-5000), timedelta(days=20_000)))
def test_the_id_at_a_moment_is_of_that_moment(away):
    moment = NOON + away
    one = str(id_at(moment))
    (item,) = read({"id": one, "text": "x"}).items
    assert timedelta(0) <= moment - item.published_at < timedelta(milliseconds=1)


@pytest.mark.parametrize("author_id", [None, "43", 42.5, {"id": "42"}, "42 ", "../42"])
def test_a_post_of_somebody_unknown_has_no_author(author_id):
    item = read_one(author_id=author_id)
    assert item.author is None
    assert item.url == f"https://x.com/i/status/{FIRST}"


@pytest.mark.parametrize("username", ["a b", "<b>", "", None, 5, "x" * 99, "لينا"])
def test_a_name_that_is_none_makes_no_author(username):
    (item,) = read(POST, includes={"users": [{**USER, "username": username}]}).items
    assert item.author is None


GONE = {
    "resource_type": "tweet",
    "resource_id": "70",
    "parameter": "referenced_tweets.id",
    "value": "70",
    "title": "Not Found Error",
    "detail": "Could not find tweet with referenced_tweets.id: [70].",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}


def test_what_is_gone_is_withdrawn_beside_the_posts_that_are_there():
    hidden = {**GONE, "resource_id": "71", "type": "https://api.x.com/2/problems/not-authorized-for-resource"}
    person = {**GONE, "resource_type": "user", "resource_id": "72"}
    field = {**GONE, "type": "https://api.x.com/2/problems/not-authorized-for-field", "resource_id": "73"}
    page = read(
        POST, errors=[GONE, GONE, hidden, person, field, None, "x", {**GONE, "resource_id": 1, "value": []}]
    )
    assert page.withdrawn == ("70", "71")
    assert len(page.items) == 1


def test_an_id_that_is_not_named_is_read_from_the_value():
    assert withdrawn_ids([{"errors": [{**GONE, "resource_id": None, "value": "9"}]}]) == ["9"]


def test_what_is_there_is_not_withdrawn():
    assert read(POST, errors=[{**GONE, "resource_id": str(FIRST)}]).withdrawn == ()


@pytest.mark.parametrize(
    ("document", "withdrawn"),
    [
        ({"meta": {"result_count": 0}}, ()),
        ({"data": [], "meta": {}}, ()),
        ({"statuses": [], "search_metadata": {}}, ()),
        ([], ()),
        ({"errors": [GONE]}, ("70",)),
    ],
)
def test_that_there_are_no_posts_is_an_answer(document, withdrawn):
    page = read_posts(json.dumps(document).encode())
    assert (page.items, page.next, page.withdrawn) == ((), None, withdrawn)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"5", "not JSON"),
        (b'["a"]', "not of its form"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "something that holds no posts"),
        (b'{"data": [{"end": "2026-01-01", "tweet_count": 3}]}', "counts of posts"),
        (b'{"data": [{"text": "no id"}, 5, null]}', "none of what it holds has an id"),
        (b'{"title": "Unauthorized", "detail": "Unauthorized", "status": 401}', "X answered: Unauthorized"),
        (
            b'{"errors": [{"message": "Invalid \'query\'"}], "detail": "One or more"}',
            "X answered: Invalid 'query'",
        ),
    ],
)
def test_what_holds_no_posts_is_said_in_words(body, cause):
    with pytest.raises(UnreadableError, match=cause):
        read_posts(body)


@pytest.mark.parametrize(
    ("meta", "next_token"),
    [
        ({"next_token": "b26v", "oldest_id": "1"}, str(FIRST)),
        ({"next_token": ""}, None),
        ({"next_token": 5}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_older_posts_are_below_the_oldest_id_where_there_are_any(meta, next_token):
    assert read({**POST, "id": str(FIRST + 5)}, POST, meta=meta).next == next_token


def test_a_page_without_posts_but_with_a_token_leads_on_by_it():
    assert read_posts(b'{"meta": {"result_count": 0, "next_token": "b26v"}}').next == "b26v"


def test_lines_of_streams_and_archives_are_read_less_the_broken_ones():
    lines = [
        json.dumps({"data": POST, "includes": {"users": [USER]}, "matching_rules": [{"id": "1"}]}),
        '{"data": {"id": "8',
        "",
        json.dumps(
            {
                "data": [{**POST, "id": "31000000000", "edit_history_tweet_ids": []}],
                "meta": {"next_token": "t"},
            }
        ),
        json.dumps({**POST, "id": "32000000000", "edit_history_tweet_ids": None, "author": USER}),
    ]
    page = read_posts("\r\n".join(lines).encode())
    assert [item.external_id for item in page.items] == [str(FIRST), "31000000000", "32000000000"]
    assert [item.author is not None for item in page.items] == [True, False, True]
    assert page.next is None


def test_a_status_of_the_old_api_is_read_too():
    status = {
        "id": 690992334243233792,
        "id_str": "690992334243233792",
        "created_at": "Sat Jan 23 20:19:45 +0000 2016",
        "full_text": "قهوة https://t.co/a https://t.co/m",
        "text": "قهوة…",
        "lang": "ar",
        "source": '<a href="http://x.example">App</a>',
        "in_reply_to_status_id_str": "7",
        "user": {"screen_name": "lina", "name": "Lina", "followers_count": 422, "verified": False},
        "favorite_count": 2,
        "retweet_count": 3,
        "entities": {
            "urls": [{"url": "https://t.co/a", "expanded_url": "https://acme.example/"}],
            "media": [{"url": "https://t.co/m", "expanded_url": "https://twitter.com/l/status/6/photo/1"}],
        },
    }
    (item,) = read_posts(json.dumps({"statuses": [status], "search_metadata": {}}).encode()).items
    assert (item.external_id, item.text) == ("690992334243233792", "قهوة https://acme.example/")
    assert (item.parent_id, item.kind, item.extra["source"]) == ("7", MentionKind.COMMENT, "App")
    assert (item.author.handle, item.author.followers) == ("lina", 422)
    assert (item.engagement.likes, item.engagement.shares, item.reach) == (2, 3, None)
    assert item.published_at == datetime(2016, 1, 23, 20, 19, 45, tzinfo=UTC)


CAP = {
    "title": "UsageCapExceeded",
    "type": "https://api.twitter.com/2/problems/usage-capped",
    "period": "Monthly",
}
ENROLL = {
    "title": "Client Forbidden",
    "reason": "client-not-enrolled",
    "required_enrollment": "Appropriate Level of API Access",
    "type": "https://api.twitter.com/2/problems/client-forbidden",
}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (429, CAP, Refusal.CAPPED),
        (403, {"type": "https://api.x.com/2/problems/usage-capped"}, Refusal.CAPPED),
        (429, {"errors": [CAP]}, Refusal.CAPPED),
        (402, {"type": "https://api.x.com/2/problems/credits-depleted"}, Refusal.UNPAID),
        (402, None, Refusal.UNPAID),
        (403, ENROLL, Refusal.NOT_ENROLLED),
        (403, {"title": "Forbidden", "type": "about:blank"}, None),
        (429, {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"}, None),
        (429, [], None),
        (400, CAP, None),
        (200, CAP, None),
    ],
)
def test_refusals_are_told_apart(status, answer, expected):
    assert refusal(status, json.dumps(answer).encode()) is expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": 5, "detail": 5}', b"[" * 100_000])
def test_an_answer_without_words_has_none(body):
    assert words_of_answer(body) == ""
    assert refusal(429, body) is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": {"id": "42", "username": "acme"}}', "42"),
        (b'{"data": {"id": 42}}', None),
        (b'{"data": {"id": "4/2"}}', None),
        (b'{"errors": [{"detail": "Could not find user"}]}', None),
        (b"", None),
    ],
)
def test_accounts_have_ids(body, found):
    assert user_id(body) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [*POST, "note_tweet", "entities", "referenced_tweets", "author", "conversation_id", "source"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON), JSON, JSON)
def test_a_post_of_any_shape_is_read_or_left_out(changes, includes, errors):
    document = {"data": [POST, {**POST, **changes}], "includes": includes, "errors": errors, "meta": includes}
    assert str(FIRST) in {item.external_id for item in read_posts(json.dumps(document).encode(), True).items}


@given(
    st.dictionaries(
        st.sampled_from(["data", "statuses", "errors", "meta", "includes", "id_str", "text"]), JSON
    )
)
def test_an_answer_of_any_shape_is_read_or_refused(document):
    try:
        read_posts(json.dumps(document).encode())
    except UnreadableError as error:
        assert len(str(error)) < 400


@given(st.integers(0, 2000), st.binary(max_size=6))
def test_an_answer_cut_or_damaged_anywhere_is_read_or_refused(at, damage):
    whole = json.dumps({"data": [POST], "includes": {"users": [USER]}, "errors": [GONE]}).encode()
    for body in (whole[:at], whole[:at] + damage + whole[at + len(damage) :]):
        try:
            read_posts(body)
        except UnreadableError:
            continue

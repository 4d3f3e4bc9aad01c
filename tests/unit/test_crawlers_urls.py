"""Addresses and their one canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.urls import canonical, is_short, unwrapped, web_url

VIDEO = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
STORY = "https://news.example/2024/03/story-1"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a?b=1#top", "https://example.com/a?b=1"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://example.com/a?utm_source=x&id=7&UTM_Medium=y", "https://example.com/a?id=7"),
        ("https://example.com/?fbclid=1&gclid=2", "https://example.com/"),
        ("https://example.com/watch?v=Abc&t=1", "https://example.com/watch?v=Abc&t=1"),
        ("https://example.com/?b=2&a=1&b=3", "https://example.com/?b=2&a=1&b=3"),
        ("https://example.com/?q=%D9%82&empty=", "https://example.com/?q=%D9%82&empty="),
        ("https://example.com/app#!/post/1", "https://example.com/app#!/post/1"),
        ("https://example.com/قهوة", "https://example.com/قهوة"),
        ("http://[2606:4700::1]:80/", "http://[2606:4700::1]/"),
        ("ftp://example.com/", None),
        ("javascript:alert(1)", None),
        ("http://", None),
        ("http://example.com:99999/", None),
        ("http://[::1", None),
        (None, None),
        (STORY + "/amp", STORY),
        (STORY + "/amp/", STORY + "/"),
        (STORY + "?amp", STORY),
        (STORY + "?amp=1&id=2", STORY + "?id=2"),
        (STORY + "?outputType=amp", STORY),
        (STORY + ".amp.html", STORY + ".html"),
        (STORY + "?amp=3", STORY + "?amp=3"),
        ("https://news.example/amp", "https://news.example/amp"),
        ("https://news.example/lamp", "https://news.example/lamp"),
        ("https://news.example/amp/list", "https://news.example/amp/list"),
        ("https://amp.news.example/2024/03/story-1", STORY),
        ("https://amp.dev/about", "https://amp.dev/about"),
        ("https://news-example.cdn.ampproject.org/c/s/news.example/2024/03/story-1/amp", STORY),
        (
            "https://cdn.ampproject.org/v/s/news.example/2024/03/story-1?amp_js_v=0.1&usqp=x",
            STORY + "?usqp=x",
        ),
        ("https://x.cdn.ampproject.org/c/news.example/a", "http://news.example/a"),
        ("https://cdn.ampproject.org/v0.js", "https://cdn.ampproject.org/v0.js"),
        ("https://www.google.com/amp/s/news.example/2024/03/story-1/amp/", STORY + "/"),
        ("https://www.google.com.sa/amp/s/amp.news.example/2024/03/story-1", STORY),
        (
            "https://www.google.com/url?q=https%3A%2F%2Ftwitter.com%2Fa%2Fstatus%2F1%3Fs%3D20",
            "https://x.com/a/status/1",
        ),
        (
            "https://l.instagram.com/?u=https%3A%2F%2Fnews.example%2F2024%2F03%2Fstory-1%3Ffbclid%3D1&e=A",
            STORY,
        ),
        ("https://out.reddit.com/?url=https%3A%2F%2Fnews.example%2F2024%2F03%2Fstory-1", STORY),
        ("https://m.news.example/2024/03/story-1", STORY),
        ("https://mobile.news.com.sa/a", "https://news.com.sa/a"),
        ("https://m.com.sa/a", "https://m.com.sa/a"),
        ("https://m.co.uk/a", "https://m.co.uk/a"),
        ("https://m.a.news.example/a", "https://m.a.news.example/a"),
        ("https://m.news.example:8443/a", "https://m.news.example:8443/a"),
        ("https://m.media-amazon.com/images/a.jpg", "https://m.media-amazon.com/images/a.jpg"),
        ("https://ar.m.wikipedia.org/wiki/%D9%82", "https://ar.wikipedia.org/wiki/%D9%82"),
        (
            "https://m.facebook.com/story.php?story_fbid=1&id=2",
            "https://www.facebook.com/story.php?story_fbid=1&id=2",
        ),
        ("https://old.reddit.com/r/a/comments/b/", "https://www.reddit.com/r/a/comments/b/"),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc", VIDEO),
        ("https://youtu.be/dQw4w9WgXcQ?t=42", VIDEO + "&t=42"),
        ("https://youtube.com/shorts/dQw4w9WgXcQ?feature=share", VIDEO),
        ("https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ", VIDEO),
        ("https://m.youtube.com/watch?v=dQw4w9WgXcQ&feature=youtu.be", VIDEO),
        ("https://youtu.be/", "https://youtu.be/"),
        ("https://www.youtube.com/shorts/short", "https://www.youtube.com/shorts/short"),
        ("https://mobile.twitter.com/a/status/1?s=20&t=x", "https://x.com/a/status/1"),
        ("https://x.com/search?q=a&s=20", "https://x.com/search?q=a&s=20"),
        ("https://bit.ly/3abc", "https://bit.ly/3abc"),
        ("https://example.com./a", "https://example.com/a"),
    ],
)
def test_canonical(url, expected):
    assert canonical(url) == expected


words = st.text("abcXYZ09-_.~%قه", min_size=0, max_size=8)
queries = st.lists(
    st.tuples(st.sampled_from(["utm_source", "fbclid", "id", "q", "p", "page"]), words), max_size=5
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
addresses = st.builds(
    lambda scheme, host, port, path, query, fragment: f"{scheme}://{host}{port}/{path}?{query}#{fragment}",
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["example.com", "EXAMPLE.com", "مثال.إختبار", "1.2.3.4", "[2606::1]"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    words,
    queries,
    st.text("!abc/", max_size=4),
)


@given(addresses)
def test_canonical_is_idempotent_and_keeps_what_names_the_thing(url):
    once = canonical(url)
    assert once is not None
    assert canonical(once) == once
    kept = once.partition("?")[2].partition("#")[0].split("&")
    asked = url.partition("?")[2].partition("#")[0].split("&")
    assert [pair for pair in asked if pair and not pair.startswith(("utm_", "fbclid"))] == [
        *filter(None, kept)
    ]


HOSTS = [
    *(
        "m.example.com",
        "amp.example.com",
        "www.google.com",
        "google.com.sa",
        "a.cdn.ampproject.org",
        "youtu.be",
    ),
    *(
        "youtube.com",
        "m.youtube.com",
        "twitter.com",
        "l.instagram.com",
        "ar.m.wikipedia.org",
        "out.reddit.com",
    ),
    *("m.com.sa", "m.amp.example.com", "1.2.3.4", "example.com."),
]
PIECES = [
    *(
        "amp",
        "/amp",
        "/amp/",
        "/c/s/",
        "/v/",
        "/amp/s/",
        "/url",
        "/shorts/dQw4w9WgXcQ",
        "/dQw4w9WgXcQ",
        ".amp",
    ),
    *(
        "?amp=1",
        "&s=20",
        "?url=",
        "?u=",
        "?q=",
        "&utm_source=a",
        "#!",
        "#",
        "/",
        "%2F",
        "https%3A%2F%2F",
        "http://",
    ),
    *("?", ".html", "é", "//", "\t", " ", "@", ":80"),
]


@given(st.sampled_from(HOSTS), st.lists(st.sampled_from([*PIECES, *HOSTS]), max_size=10).map("".join))
def test_wrappers_in_wrappers_have_one_form(host, rest):
    once = canonical(f"https://{host}{rest}")
    assert once is None or canonical(once) == once


def test_a_long_chain_of_wrappers_comes_to_its_end():
    assert canonical("https://" + "google.com/amp/s/" * 450 + "news.example/2024/03/story-1") == STORY


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://bit.ly/3abc", True),
        ("http://www.tinyurl.com/x", True),
        ("https://t.co/Ab1", True),
        ("https://bit.ly/", False),
        ("https://notbit.ly/x", False),
        ("https://news.example/bit.ly/x", False),
        ("javascript:bit.ly", False),
        (None, False),
    ],
)
def test_shorteners_are_known_by_their_host(url, short):
    assert is_short(url) is short


@given(st.text(max_size=60))
def test_any_text_is_survived(text):
    found = canonical(text)
    assert found is None or canonical(found) == found


@pytest.mark.parametrize(
    ("link", "base", "expected"),
    [
        ("/a", "http://x.example/b/c", "http://x.example/a"),
        ("../a?x=1", "http://x.example/b/c/d", "http://x.example/b/a?x=1"),
        (" http://x.example/a\n", None, "http://x.example/a"),
        ("//cdn.example/a", "https://x.example", "https://cdn.example/a"),
        ("javascript:alert(1)", "http://x.example", None),
        ("mailto:a@x.example", "http://x.example", None),
        ("a", None, None),
        ("", "http://x.example", None),
        ("http://x.example/\x00", None, None),
    ],
)
def test_web_url(link, base, expected):
    assert web_url(link, base) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://www.google.com/url?rct=j&sa=t&url=https://news.example/a%3Fid%3D1&ct=ga",
            "https://news.example/a?id=1",
        ),
        ("https://www.google.com/url?url=javascript:x", "https://www.google.com/url?url=javascript:x"),
        (
            "https://notgoogle.com/url?url=https://a.example/",
            "https://notgoogle.com/url?url=https://a.example/",
        ),
        (
            "https://news.example/url?url=https://a.example/",
            "https://news.example/url?url=https://a.example/",
        ),
    ],
)
def test_redirectors_are_unwrapped(url, expected):
    assert unwrapped(url) == expected

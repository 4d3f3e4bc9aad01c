"""Addresses and their one canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.urls import canonical, unwrapped, web_url


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

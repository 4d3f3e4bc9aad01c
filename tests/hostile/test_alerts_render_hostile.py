"""Whatever a payload holds, messages keep to their limits and strangers' text stays text."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.channels.envelope import build, parse_address
from alerts.render import escaping, slack
from alerts.render.mail import mail_alert
from alerts.render.slack import slack_alert

NASTY = [
    "<!channel> <!here> <@U123> <#C1> <https://evil.example|bank>",
    "```unclosed *bold _it ~s",
    "\u202eright to left override \u2066 unclosed \x00 nul \ud800 half",
    "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}",
    "Subject: x\r\nBcc: victim@example.com\r\n\r\nbody",
    "👨‍👩‍👧‍👦" * 400,
    "ا\u0651\u064b" * 5000,
    "&<>" * 5000,
    "x" * 1_000_000,
    " \n" * 500_000,
]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=400), st.none(), st.integers(), st.floats())
posts = st.lists(
    st.dictionaries(
        st.sampled_from(["text", "title", "author", "handle", "url", "platform", "language", "published_at"]),
        texts,
    ),
    max_size=5,
)
drivers = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["word", "source", "language", "rating", "?"]), "text": texts}
    ),
    max_size=40,
)
payloads = st.fixed_dictionaries(
    {"type": st.just("alert")},
    optional={
        "brand": texts,
        "rule": texts,
        "kind": st.sampled_from(["negative_spike", "influencer_post", "rating_drop", "competitor_post", "x"]),
        "change": st.sampled_from(["firing", "update", "resolved", "?"]),
        "severity": texts,
        "timezone": texts,
        "window": st.one_of(st.none(), st.fixed_dictionaries({"start": texts})),
        "observed": st.one_of(st.none(), st.floats(), st.integers()),
        "expected": st.one_of(st.none(), st.floats()),
        "facts": st.dictionaries(
            st.sampled_from(["hours", "once_in_days", "title", "followers", "scale"]), texts
        ),
        "drivers": drivers,
        "posts": posts,
        "series": st.lists(st.lists(texts, max_size=3), max_size=5),
        "evidence_count": texts,
    },
)


def check_limits(body: dict[str, Any]) -> None:
    assert len(body["text"]) <= slack.MAX_TEXT
    assert 1 <= len(body["blocks"]) <= slack.MAX_BLOCKS
    for block in body["blocks"]:
        if block["type"] == "header":
            assert 1 <= len(block["text"]["text"]) <= slack.MAX_HEADER
            assert block["text"]["type"] == "plain_text"
        elif block["type"] == "section":
            assert 1 <= len(block["text"]["text"]) <= slack.MAX_SECTION
        else:
            assert 1 <= len(block["elements"]) <= slack.MAX_CONTEXT_ELEMENTS
            assert all(1 <= len(part["text"]) <= slack.MAX_CONTEXT_TEXT for part in block["elements"])


def markup_of(body: dict[str, Any]) -> str:
    """Everything that Slack reads as markup, without the links that were made on purpose."""
    parts = [body["text"]]
    for block in body["blocks"]:
        if block["type"] == "section":
            parts.append(block["text"]["text"])
        elif block["type"] == "context":
            parts += [part["text"] for part in block["elements"]]
    return "\n".join(parts)


@settings(max_examples=150, deadline=None)
@given(payload=payloads, language=st.sampled_from(["ar", "en"]))
def test_any_payload_keeps_to_the_limits_of_slack_and_lets_no_markup_in(
    payload: dict[str, Any], language: str
) -> None:
    body = slack_alert(payload, language)
    check_limits(body)
    for piece in markup_of(body).split("<")[1:]:
        assert piece.startswith(("https://", "http://"))
    assert not any(unicodedata.category(char) == "Cs" for char in markup_of(body))


@settings(max_examples=60, deadline=None)
@given(payload=payloads, language=st.sampled_from(["ar", "en"]))
def test_any_payload_makes_a_mail_without_foreign_elements_or_headers(
    payload: dict[str, Any], language: str
) -> None:
    mail = mail_alert(payload, language)
    assert "<script" not in mail.html
    assert "<img src=x" not in mail.html
    sender = parse_address("مرصد <marsad@example.com>")
    raw = build(
        mail, sender, [parse_address("team@example.com")], "k", datetime(2026, 1, 1, tzinfo=UTC)
    ).as_bytes()
    assert b"\x00" not in raw
    parsed = message_from_bytes(raw, policy=policy.default)
    assert parsed["Bcc"] is None
    assert next(part.get_content_type() for part in parsed.iter_parts()) == "text/plain"


@pytest.mark.parametrize("text", NASTY, ids=[text[:12].encode("unicode_escape").decode() for text in NASTY])
def test_a_huge_or_odd_text_is_shown_short_and_fast(text: str) -> None:
    began = time.process_time()
    body = slack_alert({"type": "alert", "brand": text, "posts": [{"text": text, "author": text}] * 3}, "ar")
    check_limits(body)
    assert time.process_time() - began < 0.5


def test_the_longest_post_is_cut_in_its_text_and_leaves_link_and_entities_whole() -> None:
    post = {"text": "&" * 999, "author": "<" * 99, "handle": ">" * 99, "platform": "&" * 99}
    for query, linked in (("&" * 150, True), ("&" * 1900, False)):
        body = slack_alert({"type": "alert", "posts": [post | {"url": f"https://a.example/?{query}"}]}, "en")
        check_limits(body)
        section = [block["text"]["text"] for block in body["blocks"] if block["type"] == "section"][-1]
        assert ("<https://a.example/" in section) == linked
        assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", section)


@given(text=st.text(), limit=st.integers(2, 60))
def test_a_clipped_text_is_never_too_long_and_begins_as_the_original(text: str, limit: int) -> None:
    clipped = escaping.clip(text, limit)
    assert len(clipped) <= limit
    assert clipped == text or text.startswith(clipped[:-1])


def test_a_cut_leaves_a_joined_emoji_and_a_marked_letter_whole() -> None:
    family = "👨‍👩‍👧‍👦"
    assert escaping.clip("abc" + family, 6) == "abc…"
    assert escaping.clip("كتبت\u0651\u064bت", 6) == "كتب…"


@given(text=st.text())
def test_cleaned_text_is_one_line_and_holds_nothing_that_turns_text_around(text: str) -> None:
    cleaned = escaping.clean(text)
    assert "\n" not in cleaned
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00")
    assert escaping.clean(cleaned) == cleaned
    cleaned.encode("utf-8")


@given(raw=st.text(max_size=60))
def test_an_address_is_sound_or_refused(raw: str) -> None:
    try:
        parsed = parse_address(raw)
    except ValueError:
        return
    assert "\n" not in str(parsed)
    assert parsed.addr_spec.isascii()
    assert parsed.addr_spec.count("@") >= 1

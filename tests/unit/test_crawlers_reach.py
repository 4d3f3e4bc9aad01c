"""How many people may have seen a mention."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.reach import OTHER_PLATFORMS, SHARE_OF_FOLLOWERS, estimate
from storage.records import MentionKind

POST, COMMENT, ARTICLE, TICKET = (
    *(MentionKind.POST, MentionKind.COMMENT),
    *(MentionKind.ARTICLE, MentionKind.TICKET),
)


@pytest.mark.parametrize(
    ("kind", "platform", "followers", "views", "audience", "expected"),
    [
        (POST, "telegram", 1000, 436_600, None, 436_600),
        (POST, "telegram", 1000, 0, 50_000, 0),
        (POST, "telegram", 1000, None, None, 200),
        (POST, "x", 50_000, None, None, 2000),
        (MentionKind.COMPETITOR_POST, "instagram", 100_000, None, None, 4000),
        (POST, "somewhere.new", 1000, None, None, 50),
        (POST, "x", None, None, None, None),
        (POST, "x", 0, None, None, 0),
        (POST, "x", -1, None, None, None),
        (POST, "x", 10**15, None, None, None),
        (ARTICLE, "", None, None, 20_000, 20_000),
        (ARTICLE, "", 100, None, 20_000, 20_000),
        (COMMENT, "x", 50_000, None, 20_000, None),
        (COMMENT, "youtube", 50_000, 12, None, 12),
        (TICKET, "", 50_000, None, 20_000, None),
    ],
)
def test_the_first_thing_known_tells(kind, platform, followers, views, audience, expected):
    assert estimate(kind, platform, followers, views, audience) == expected


numbers = st.none() | st.integers(-10, 10**12)


@given(st.sampled_from(MentionKind), st.sampled_from([*SHARE_OF_FOLLOWERS, ""]), numbers)
def test_reach_by_followers_is_never_more_than_they_are(kind, platform, followers):
    found = estimate(kind, platform, followers, None, None)
    assert found is None or (followers is not None and 0 <= found <= followers)


@given(st.sampled_from(MentionKind), st.sampled_from([*SHARE_OF_FOLLOWERS, ""]))
def test_where_nothing_is_known_nothing_is_invented(kind, platform):
    assert estimate(kind, platform, None, None, None) is None


def test_the_table_that_people_read_says_the_same():
    page = (Path(__file__).parents[2] / "docs" / "reach.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:followers|fans|subscribers), `(\w+)` \| (\d+) % \|", page, re.MULTILINE)
    assert {platform: int(share) / 100 for platform, share in rows} == SHARE_OF_FOLLOWERS
    assert f"| followers elsewhere | {OTHER_PLATFORMS:.0%}".replace("%", " %") in page

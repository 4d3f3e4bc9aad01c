"""What a page limit cut off a list of reviews, and how later visits go on through it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from crawlers.review_stretches import Stretch, advanced, cut_off, pushed, stretches_of, to_json


def test_a_stretch_goes_on_while_pages_bring_news():
    assert advanced((Stretch("2"),), "3", news=True) == (Stretch("3"),)
    assert advanced((Stretch("2"),), None, news=True) == ()


def test_it_ends_after_more_known_pages_than_were_pushed_into_it():
    left = pushed((Stretch("2"),), 0)
    for page in ("3", "4"):
        left = advanced(left, page, news=False)
        assert left[0].url == page
    assert advanced(left, "5", news=False) == ()


def test_news_in_a_newer_stretch_pushes_the_older_ones():
    newer, older = advanced((Stretch("2"), Stretch("9")), "3", news=True)
    assert (newer.slack, older.slack) == (1, 2)


@given(st.integers(0, 20))
def test_there_are_never_many(cuts):
    found: tuple[Stretch, ...] = ()
    for number in range(cuts):
        found = cut_off(found, str(number), None, 3)
    assert len(found) <= 5
    assert not cuts or found[0].url == str(cuts - 1)
    assert stretches_of(json.loads(json.dumps(to_json(found)))) == found

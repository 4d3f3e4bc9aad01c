"""Walks over streams: whatever comes, is cut short or refused in between, everything is read in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.items import Item, Page
from crawlers.walk import Gap, Place

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=300)
# Longer than most of the streams here.
OVERLAP = timedelta(minutes=25)


def item(number: int) -> Item:
    return Item(external_id=str(number), text="x", published_at=START + timedelta(minutes=number))


def page(numbers: list[int], following: str | None) -> Page:
    return Page(items=tuple(item(number) for number in numbers), next=following)


class Stream:
    """A stream with `size` items a page; a token is the number that the next page begins below."""

    def __init__(self, size: int) -> None:
        self.size, self.top, self.refuses = size, 0, False

    def fetch(self, token: str | None) -> Page | None:
        if token is not None and self.refuses:
            return None
        first = self.top if token is None else int(token)
        numbers = list(range(first, max(0, first - self.size), -1))
        return page(numbers, str(numbers[-1] - 1) if numbers and numbers[-1] > 1 else None)


def visit(stream: Stream, place: Place, pages: int, seen: set[str], *, dies_after: int = 10_000) -> Place:
    """Read as `SourceReader.walk` does; after `dies_after` pages the process is dead."""
    goal = START if place.top is None else place.top - OVERLAP
    first = stream.fetch(None)
    seen |= {one.external_id for one in first.items}
    place, left = place.opened(first, goal, NOW), pages - 1
    left = max(left, 1) if place.rested().gaps else left
    while place.gaps and left > 0 and dies_after > 1:
        dies_after -= 1
        found = stream.fetch(place.gaps[0].token)
        left -= 1
        if found is None:
            place = place.restarted()
            continue
        seen |= {one.external_id for one in found.items}
        place = place.advanced(found)
        place = Place.from_json(place.to_json())
    return place.rested()


@settings(max_examples=300)
@given(
    size=st.integers(1, 7),
    pages=st.integers(1, 4),
    steps=st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(1, 4)), min_size=1, max_size=12),
)
def test_whatever_is_cut_short_everything_is_read_in_the_end(size, pages, steps):
    stream, place, seen = Stream(size), Place(), set()
    for fresh, refuses, dies_after in steps:
        stream.top += fresh
        stream.refuses = refuses
        if stream.top:
            place = visit(stream, place, pages, seen, dies_after=dies_after)
        assert len(place.gaps) <= 5
    stream.refuses = False
    for _ in range(3000):
        if not place.gaps and len(seen) == stream.top:
            break
        place = visit(stream, place, pages, seen)
    assert seen == {str(number) for number in range(1, stream.top + 1)}
    assert place.gaps == ()


def test_the_newest_come_before_what_was_left():
    stream, seen = Stream(2), set()
    stream.top = 10
    place = visit(stream, Place(), 2, seen)
    assert seen == {"10", "9", "8", "7"}
    stream.top = 12
    visit(stream, place, 1, seen)
    assert {"11", "12"} <= seen


def test_a_page_that_leads_to_itself_is_the_last():
    place = Place(top=START, gaps=(Gap("x", None),))
    assert place.advanced(page([3], "x")).gaps == ()


def test_a_moment_in_the_future_is_not_believed():
    ahead = Page(items=(Item(external_id="1", text="x", published_at=NOW + timedelta(days=1)),))
    assert Place(top=START).opened(ahead, None, NOW).top == START


def test_anything_else_than_a_place_is_a_new_place():
    assert Place.from_json(None) == Place.from_json([]) == Place()

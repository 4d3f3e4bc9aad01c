"""Four weeks in the life of a made-up brand: who published what, where and when.

Lawzy (لوزي) delivers groceries and sweets; Tamrago (تمراجو) is its rival. The same `end` and `seed`
always make the same world. Nothing here reads a clock or opens a socket.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from demo.chronicle import BAD_DAY, FLOWS, SPAN, Chronicle
from demo.items import Beat, BeatKind, Edit, Item, Person, Place

__all__ = ["BAD_DAY", "FLOWS", "SPAN", "Beat", "BeatKind", "Edit", "Item", "Person", "Place", "World"]

# A follower count from which a voice is a big one, in the story as in the demo's configuration.
INFLUENCER = 50_000


class World:
    """The made-up world between `begin` and `end`, both aware UTC in whole seconds.

    Raises ValueError where `end` is naive.
    """

    def __init__(self, end: datetime, seed: int = 7) -> None:
        if end.tzinfo is None:
            raise ValueError("the end of the world must be an aware time")
        self.end = end.astimezone(UTC).replace(microsecond=0)
        self.begin = self.end - SPAN
        self.bad_day = self.end - BAD_DAY
        self._items = Chronicle(self.end, Random(seed)).write()  # noqa: S311 -- a story, not a secret
        self._by_place = {
            place: [item for item in reversed(self._items) if item.place is place] for place in Place
        }

    def items(self, place: Place, now: datetime) -> list[Item]:
        """Return what the place has published up to `now`, as it reads then, newest first."""
        return [item.as_of(now) for item in self._by_place[place] if item.at <= now]

    def everything(self) -> list[Item]:
        """Return all items of all places as first published, oldest first."""
        return list(self._items)

    @property
    def beats(self) -> tuple[Beat, ...]:
        """The turns of the story, in order of time."""
        return tuple(sorted(self._beats(), key=lambda beat: beat.at))

    def _beats(self) -> Iterator[Beat]:
        yield Beat(self.bad_day, BeatKind.BAD_DAY)
        yield Beat(self.bad_day, BeatKind.RATING_DROP)
        for item in self._items:
            if item.author.followers >= INFLUENCER:
                complaint = item.mood == "negative"
                kind = BeatKind.INFLUENCER_COMPLAINT if complaint else BeatKind.INFLUENCER_PRAISE
                yield Beat(item.at, kind, item.id)
            if item.place is Place.BLOG:
                yield Beat(item.at, BeatKind.COMPETITOR_POST, item.id)
            if item.edit is not None:
                review = item.rating is not None
                yield Beat(
                    item.edit.at, BeatKind.EDITED_REVIEW if review else BeatKind.CORRECTED_ARTICLE, item.id
                )

"""Stories: near-duplicates found as they come, and what their copies say about who posts them.

A story begins with the first mention that is like no other (its id is the story's, for good) and takes in
what is like that first one and was published within a window of days of it: always compared with the
beginning, never with another copy, so that a chain of small changes does not join what nobody would.

Candidates come from locality-sensitive hashing (A. Rajaraman and J. Ullman, "Mining of Massive Datasets",
2011, chapter 3): a MinHash is cut into bands, and two that agree in a whole band are compared. A band keeps
the newest stories in a fixed number of slots, so that a look costs the same at any number of mentions and
whatever strangers send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from operator import eq
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from storage.records import MentionKind
from storage.rows import chunks, upsert
from storage.tables import analyses, mentions, story_bands

if TYPE_CHECKING:
    from config.settings import Settings

SIMILAR = 0.5
"""From this estimated Jaccard similarity on, 0…1, a text is a copy of another (docs/decisions/stories.md)."""
COPIED = 0.9
"""From this one on it is word for word the same, but for a slip or two."""

_ROWS = 3
_NUMBER = 4
_SLOTS = 16
_WHOLE = 8
"""Bytes of the fingerprint of a short text, which is compared as a whole."""
# Any number will do, if nothing else in the database takes it.
_TURN = 7_061_964

COPIED_REVIEW = "copied_review"
REPEATED_POST = "repeated_post"
_REPEATED = 2
"""Posts of one account in one story that count; the next ones are spam."""
# One desk may well publish the same news twice, and a ticket is written by a customer.
_REPEATABLE = {MentionKind.POST, MentionKind.COMMENT, MentionKind.REVIEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How copies and spam are treated.

    `window` is how far from a story's beginning a copy may be published; `without_stories` names the
    sources whose mentions are never grouped; with `count_spam` spam is marked and counted all the same.
    """

    window: timedelta = timedelta(days=7)
    without_stories: frozenset[str] = frozenset()
    count_spam: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Policy:
        """Return the policy that the configuration describes."""
        off = frozenset(source.name for source in settings.sources if not source.stories)
        return cls(window=settings.story_window, without_stories=off, count_spam=settings.count_spam)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copyable:
    """A mention as far as stories need it. `at` is when it counts; `spam` is what its text alone says."""

    id: int
    source: str
    kind: MentionKind
    at: datetime
    author_id: int | None
    fingerprint: bytes
    spam: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The story of a mention, None where it has none, and why it is spam, None where it is not."""

    story_id: int | None
    spam: str | None


@dataclass(frozen=True, slots=True)
class _Beginning:
    id: int
    fingerprint: bytes
    at: datetime
    kind: str
    author_id: int | None


def bands(fingerprint: bytes) -> list[int]:
    """Return the bands of a fingerprint as signed 64-bit numbers; two that share none are not compared."""
    if not fingerprint:
        return []
    size = _ROWS * _NUMBER
    last = max(len(fingerprint) - size, 0)
    parts = (fingerprint[start : start + size] for start in range(0, last + 1, size))
    return [
        int.from_bytes(blake2b(part, digest_size=8, salt=str(place).encode()).digest(), signed=True)
        for place, part in enumerate(parts)
    ]


def similarity(one: bytes, other: bytes) -> float:
    """Return the estimated Jaccard similarity of two texts by their fingerprints, 0…1."""
    if one == other:
        return 1.0 if one else 0.0
    if len(one) != len(other) or len(one) <= _WHOLE or len(one) % _NUMBER:
        return 0.0
    equal: int = sum(map(eq, memoryview(one).cast("I"), memoryview(other).cast("I")))
    return equal / (len(one) // _NUMBER)


def place(conn: Connection, batch: Sequence[Copyable], policy: Policy) -> dict[int, Placed]:
    """Return the story of each mention of a batch and whether it is spam, by mention id.

    What it decides holds once the caller's transaction is committed; until then nobody else decides, so
    that two copies that come at once do not begin two stories. A mention whose text is as it was stays in
    its story, and so does one that others have joined, whatever it is edited to.
    """
    take_turn(conn)
    grouped = [m for m in batch if m.fingerprint and m.source not in policy.without_stories]
    settled = _settled(conn, grouped)
    joined = _Look(conn, grouped, settled, policy)
    marks = _Marks(conn, [mention.id for mention in batch])
    found: dict[int, Placed] = {}
    for mention in sorted(grouped, key=lambda each: each.id):
        before = settled.get(mention.id)
        if before is not None and before.fingerprint == mention.fingerprint:
            marks.met(mention, before.story_id)
            found[mention.id] = Placed(before.story_id, mention.spam or before.repeated)
            continue
        story = joined.story_of(mention)
        found[mention.id] = Placed(story.id, mention.spam or marks.of(mention, story))
    joined.keep()
    return {m.id: found.get(m.id, Placed(None, m.spam)) for m in batch}


def take_turn(conn: Connection) -> None:
    """Wait until nobody else is placing or counting mentions; SQLite has one writer at a time anyway.

    The mentions themselves are locked before, by everybody, so that nobody waits in a circle.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_TURN)))


@dataclass(frozen=True, slots=True)
class _Settled:
    """What was decided of a mention before; `others` tells whether its story has other mentions."""

    story_id: int
    fingerprint: bytes
    repeated: str | None
    others: bool


def _settled(conn: Connection, batch: Sequence[Copyable]) -> dict[int, _Settled]:
    found: dict[int, _Settled] = {}
    other = analyses.alias("other")
    others = (
        select(other.c.mention_id)
        .where(other.c.story_id == analyses.c.mention_id, other.c.mention_id != analyses.c.mention_id)
        .exists()
    )
    columns = (analyses.c.mention_id, analyses.c.story_id, analyses.c.fingerprint, analyses.c.spam)
    for part in chunks([mention.id for mention in batch]):
        query = select(*columns, others.label("others")).where(
            analyses.c.mention_id.in_(part), analyses.c.story_id.is_not(None)
        )
        for row in conn.execute(query):
            repeated = row.spam if row.spam in (COPIED_REVIEW, REPEATED_POST) else None
            found[row.mention_id] = _Settled(
                row.story_id, row.fingerprint or b"", repeated, row.story_id == row.mention_id and row.others
            )
    return found


class _Look:
    """The beginnings that a batch may belong to: those in the database, and those of the batch itself."""

    def __init__(
        self,
        conn: Connection,
        batch: Sequence[Copyable],
        settled: Mapping[int, _Settled],
        policy: Policy,
    ) -> None:
        self._conn, self._settled, self._window = conn, settled, policy.window
        new = [m for m in batch if m.id not in settled or settled[m.id].fingerprint != m.fingerprint]
        self._bands = {mention.id: bands(mention.fingerprint) for mention in new}
        wanted = sorted({band for listed in self._bands.values() for band in listed})
        # A beginning that is edited is known by its new text alone.
        self._known = _beginnings(conn, wanted, leave_out=set(self._bands))
        self._begun: list[tuple[int, int]] = []

    def story_of(self, mention: Copyable) -> _Beginning:
        """Return the beginning that a mention is most like (the oldest of equals), or itself as a new one."""
        before = self._settled.get(mention.id)
        if before is None or not before.others:
            near = {one.id: one for band in self._bands[mention.id] for one in self._known.get(band, ())}
            alike = [
                (similarity(mention.fingerprint, one.fingerprint), -one.id, one)
                for one in near.values()
                if abs(one.at - mention.at) <= self._window
            ]
            best = max(alike, key=lambda found: found[:2], default=None)
            if best is not None and best[0] >= SIMILAR:
                return best[2]
        return self._begin(mention)

    def _begin(self, mention: Copyable) -> _Beginning:
        begun = _Beginning(mention.id, mention.fingerprint, mention.at, str(mention.kind), mention.author_id)
        for band in self._bands[mention.id]:
            self._known.setdefault(band, []).append(begun)
            self._begun.append((band, mention.id))
        return begun

    def keep(self) -> None:
        """Write down the bands of the stories that began."""
        newest = {(band, story % _SLOTS): story for band, story in sorted(self._begun)}
        rows = [{"band": band, "slot": slot, "story_id": story} for (band, slot), story in newest.items()]
        upsert(self._conn, story_bands, rows)


def _beginnings(conn: Connection, wanted: Sequence[int], leave_out: set[int]) -> dict[int, list[_Beginning]]:
    stories: dict[int, list[int]] = {}
    for part in chunks(wanted):
        query = select(story_bands.c.story_id, story_bands.c.band).where(story_bands.c.band.in_(part))
        for story, band in conn.execute(query):
            stories.setdefault(story, []).append(band)
    known: dict[int, list[_Beginning]] = {}
    for part in chunks([story for story in stories if story not in leave_out]):
        for begun in _read(conn, part):
            for band in stories[begun.id]:
                known.setdefault(band, []).append(begun)
    return known


def _read(conn: Connection, ids: Sequence[int]) -> Iterable[_Beginning]:
    query = (
        select(
            analyses.c.mention_id,
            analyses.c.fingerprint,
            mentions.c.published_at,
            mentions.c.collected_at,
            mentions.c.kind,
            analyses.c.author_id,
        )
        .join(mentions, mentions.c.id == analyses.c.mention_id)
        # One that has joined another story since begins nothing any more.
        .where(analyses.c.mention_id.in_(ids), analyses.c.story_id == analyses.c.mention_id)
    )
    for row in conn.execute(query):
        at = row.collected_at if row.published_at is None else min(row.published_at, row.collected_at)
        yield _Beginning(row.mention_id, row.fingerprint or b"", at, row.kind, row.author_id)


class _Marks:
    """Tells what is spam because it was posted before, counting what a batch holds already."""

    def __init__(self, conn: Connection, batch: Sequence[int]) -> None:
        self._conn, self._batch = conn, batch
        self._posted: dict[tuple[int, int], int] = {}

    def met(self, mention: Copyable, story_id: int) -> None:
        """Count a mention of the batch whose story is settled."""
        if mention.author_id is not None:
            key = story_id, mention.author_id
            self._posted[key] = self._posted.get(key, 0) + 1

    def of(self, mention: Copyable, story: _Beginning) -> str | None:
        """Return why a mention that joins a story is spam, None where it is not, and count it."""
        mark = self._mark(mention, story)
        self.met(mention, story.id)
        return mark

    def _mark(self, mention: Copyable, story: _Beginning) -> str | None:
        if mention.id == story.id or mention.kind not in _REPEATABLE:
            return None
        copied = similarity(mention.fingerprint, story.fingerprint) >= COPIED
        by_another = mention.author_id is None or mention.author_id != story.author_id
        # Few words may be the same by chance; a whole review is not.
        long = len(mention.fingerprint) > _WHOLE
        reviews = mention.kind is MentionKind.REVIEW and story.kind == str(MentionKind.REVIEW)
        if copied and long and reviews and by_another:
            return COPIED_REVIEW
        return REPEATED_POST if mention.author_id is not None and self._often(mention, story.id) else None

    def _often(self, mention: Copyable, story_id: int) -> bool:
        here = self._posted.get((story_id, mention.author_id or 0), 0)
        query = select(analyses.c.mention_id).where(
            analyses.c.story_id == story_id,
            analyses.c.author_id == mention.author_id,
            analyses.c.mention_id.not_in(self._batch),
        )
        return here + len(self._conn.scalars(query.limit(_REPEATED)).all()) >= _REPEATED

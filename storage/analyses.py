"""Saving what was understood, together with the hourly counts that rules and digests read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, select, update

from storage import rollups, storable, stories
from storage.analysis_rows import analysis_to_row, aspects_of
from storage.mentions import StoredMention, fetch, time_of
from storage.records import Analysis, AspectSentiment, BrandMatch, BrandRole, Mention, SentimentLabel
from storage.rows import CHUNK, chunks, upsert
from storage.stories import Copyable, Placed, Policy
from storage.tables import analyses, corrections, mention_brands, mentions

_SCORES = {SentimentLabel.NEGATIVE: -1.0, SentimentLabel.NEUTRAL: 0.0, SentimentLabel.POSITIVE: 1.0}


def save(
    conn: Connection,
    results: Sequence[tuple[StoredMention, Analysis]],
    now: datetime,
    policy: Policy | None = None,
) -> int:
    """Keep the analyses, with the stories and brands found and the rollups, and return how many were kept.

    One whose mention was edited since it was read is dropped: the mention waits for a new reading. An
    analysis that is there already is replaced, and what it had added to the rollups is taken back. Story
    and spam are decided here, by `policy` (by its defaults where none is given): see `storage.stories`.
    """
    treated = policy or Policy()
    current = _current(conn, [stored.id for stored, _ in results])
    kept = [(s, a) for s, a in results if s.id in current and current[s.id].revision == s.mention.revision]
    if not kept:
        return 0
    ids = [stored.id for stored, _ in kept]
    said = _corrected(conn, ids)
    writers = {identity: current[identity].author_id for identity in ids}
    placed = stories.place(conn, [_copyable(s, a, writers[s.id]) for s, a in kept], treated)
    kept = [(s, _settled(a, placed[s.id], said.get(s.id))) for s, a in kept]
    take_back(conn, ids)
    rows = [
        {**analysis_to_row(s.id, s.mention.revision, a, now), "author_id": writers[s.id]} for s, a in kept
    ]
    upsert(conn, analyses, rows)
    _count(conn, [(s, a) for s, a in kept if treated.count_spam or a.spam is None])
    done = {"claimed_by": None, "claimed_until": None, "analyzed_revision": mentions.c.revision}
    for part in chunks(ids):
        conn.execute(update(mentions).where(mentions.c.id.in_(part)).values(done))
    return len(kept)


def recount_spam(engine: Engine, count_spam: bool) -> int:
    """Put what is marked as spam into the counts, or take it out of them, and return how many it was.

    Needed once after the setting changed; where nothing is to be done it only reads the index of spam.
    """
    done = last = 0
    while True:
        with engine.begin() as conn:
            counted = select(mention_brands.c.mention_id).where(
                mention_brands.c.mention_id == analyses.c.mention_id
            )
            query = select(analyses.c.mention_id).where(
                analyses.c.spam.is_not(None),
                analyses.c.mention_id > last,
                ~counted.exists() if count_spam else counted.exists(),
            )
            ids = list(conn.scalars(query.order_by(analyses.c.mention_id).limit(CHUNK)))
            if not ids:
                return done
            _current(conn, ids)
            stories.take_turn(conn)
            take_back(conn, ids)
            if count_spam:
                _count(conn, [(s, s.analysis) for s in fetch(conn, ids) if s.analysis is not None])
        done, last = done + len(ids), ids[-1]


def _copyable(stored: StoredMention, analysis: Analysis, author_id: int | None) -> Copyable:
    mention = stored.mention
    return Copyable(
        id=stored.id,
        source=mention.source,
        kind=mention.kind,
        at=time_of(mention),
        author_id=author_id,
        fingerprint=analysis.fingerprint,
        spam=analysis.spam,
    )


def _count(conn: Connection, counted: Sequence[tuple[StoredMention, Analysis]]) -> None:
    found = [row for stored, analysis in counted for row in _brand_rows(stored, analysis)]
    upsert(conn, mention_brands, found)
    rollups.add(conn, found, {stored.id: _aspects(analysis.aspects) for stored, analysis in counted})


def _current(conn: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Lock the mentions and return the revision and author that each has now."""
    found: dict[int, Row[Any]] = {}
    columns = (mentions.c.id, mentions.c.revision, mentions.c.author_id)
    for part in chunks(ids):
        # Sorted, so that two writers lock the rows in the same order.
        query = select(*columns).where(mentions.c.id.in_(part)).order_by(mentions.c.id).with_for_update()
        found.update({row.id: row for row in conn.execute(query)})
    return found


def _corrected(conn: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return what people said of these mentions: rows of `sentiment_label` and `brands`."""
    columns = (corrections.c.mention_id, corrections.c.sentiment_label, corrections.c.brands)
    found: dict[int, Row[Any]] = {}
    for part in chunks(ids):
        query = select(*columns).where(corrections.c.mention_id.in_(part))
        found.update({row.mention_id: row for row in conn.execute(query)})
    return found


def _settled(analysis: Analysis, placed: Placed, said: Row[Any] | None) -> Analysis:
    """Return the analysis with its story; what a person said wins over the model."""
    analysis = replace(analysis, story_id=placed.story_id, spam=placed.spam)
    if said is None:
        return analysis
    if said.brands is not None:
        analysis = replace(analysis, brands=_said_brands(analysis.brands, said.brands))
    if said.sentiment_label is None:
        return analysis
    label = SentimentLabel(said.sentiment_label)
    return replace(
        analysis, sentiment_label=label, sentiment_score=_SCORES[label], confidence=1.0, reason=None
    )


def _said_brands(found: Sequence[BrandMatch], said: Sequence[Mapping[str, str]]) -> tuple[BrandMatch, ...]:
    """Return the brands that a person named: where they were found, or without a place in the text."""
    roles = {brand["name"]: BrandRole(brand["role"]) for brand in said}
    kept = [replace(match, confidence=1.0) for match in found if match.name in roles]
    missing = roles.keys() - {match.name for match in kept}
    named = [BrandMatch(name, roles[name], name, None, None, 1.0) for name in roles if name in missing]
    return (*kept, *named)


def take_back(conn: Connection, ids: Sequence[int]) -> None:
    """Take back what these mentions added to the counts; the caller holds their rows and the turn."""
    for part in chunks(ids):
        old = [dict(row._mapping) for row in conn.execute(_of(mention_brands, part))]
        if not old:
            continue
        aspects = {
            row.mention_id: _aspects(aspects_of(row.aspects)) for row in conn.execute(_of(analyses, part))
        }
        rollups.add(conn, old, aspects, sign=-1)
        conn.execute(delete(mention_brands).where(mention_brands.c.mention_id.in_(part)))


def _of(table: Any, ids: Sequence[int]) -> Any:
    return select(table).where(table.c.mention_id.in_(ids))


def _aspects(found: Iterable[AspectSentiment]) -> list[tuple[str, str]]:
    """Return each aspect once, with the feeling that is strongest; of equals, the first in the text.

    So the counts of an aspect add up to the mentions that speak of it.
    """
    strongest: dict[str, AspectSentiment] = {}
    for one in found:
        name = storable.short(one.aspect, 40) or ""
        before = strongest.get(name)
        if name and (before is None or _strength(one) > _strength(before)):
            strongest[name] = one
    return sorted(
        (name, rollups.UNKNOWN if one.label is None else str(one.label)) for name, one in strongest.items()
    )


def _strength(aspect: AspectSentiment) -> tuple[bool, float]:
    return aspect.label is not None, abs(storable.number(aspect.score) or 0.0)


def rating_of_five(mention: Mention) -> float | None:
    """Return the rating as if on a scale of five stars, None where there is none or it makes no sense."""
    rating, scale = mention.rating, mention.rating_scale or 5.0
    if rating is None or not 0 <= rating <= scale:
        return None
    return rating / scale * 5


def _brand_rows(stored: StoredMention, analysis: Analysis) -> list[dict[str, Any]]:
    mention = stored.mention
    roles = {match.name: match.role for match in analysis.brands} or {"": BrandRole.OWN}
    label = analysis.sentiment_label
    return [
        {
            "mention_id": stored.id,
            "brand": storable.short(brand, 80),
            "role": str(role),
            "at": time_of(mention),
            "source": mention.source,
            "kind": str(mention.kind),
            "language": storable.short(analysis.language, 40),
            "sentiment": rollups.UNKNOWN if label is None else str(label),
            "rating_of_five": rating_of_five(mention),
            "reach": mention.reach,
        }
        for brand, role in sorted(roles.items())
    ]

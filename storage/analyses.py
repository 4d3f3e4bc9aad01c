"""Saving what was understood, together with the hourly counts that rules and digests read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from storage import rollups, storable
from storage.analysis_rows import analysis_to_row
from storage.mentions import StoredMention, time_of
from storage.records import Analysis, BrandRole, Mention, SentimentLabel
from storage.rows import chunks, upsert
from storage.tables import analyses, corrections, mention_brands, mentions

_SCORES = {SentimentLabel.NEGATIVE: -1.0, SentimentLabel.NEUTRAL: 0.0, SentimentLabel.POSITIVE: 1.0}


def save(conn: Connection, results: Sequence[tuple[StoredMention, Analysis]], now: datetime) -> int:
    """Keep the analyses, with the brands found and the rollups, and return how many were kept.

    One whose mention was edited since it was read is dropped: the mention waits for a new reading. An
    analysis that is there already is replaced, and what it had added to the rollups is taken back.
    """
    current = _current_revisions(conn, [stored.id for stored, _ in results])
    kept = [(s, a) for s, a in results if current.get(s.id) == s.mention.revision]
    if not kept:
        return 0
    ids = [stored.id for stored, _ in kept]
    labels = _corrected(conn, ids)
    kept = [(stored, _overrule(analysis, labels.get(stored.id))) for stored, analysis in kept]
    _take_back(conn, ids)
    upsert(conn, analyses, [analysis_to_row(s.id, s.mention.revision, a, now) for s, a in kept])
    found = [row for stored, analysis in kept for row in _brand_rows(stored, analysis)]
    upsert(conn, mention_brands, found)
    rollups.add(conn, found, {stored.id: _aspects(analysis) for stored, analysis in kept})
    done = {"claimed_by": None, "claimed_until": None, "analyzed_revision": mentions.c.revision}
    for part in chunks(ids):
        conn.execute(update(mentions).where(mentions.c.id.in_(part)).values(done))
    return len(kept)


def _current_revisions(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in chunks(ids):
        query = select(mentions.c.id, mentions.c.revision).where(mentions.c.id.in_(part)).with_for_update()
        found.update({row.id: row.revision for row in conn.execute(query)})
    return found


def _corrected(conn: Connection, ids: Sequence[int]) -> dict[int, SentimentLabel]:
    found: dict[int, SentimentLabel] = {}
    for part in chunks(ids):
        query = select(corrections.c.mention_id, corrections.c.sentiment_label).where(
            corrections.c.mention_id.in_(part), corrections.c.sentiment_label.is_not(None)
        )
        found.update({row.mention_id: SentimentLabel(row.sentiment_label) for row in conn.execute(query)})
    return found


def _overrule(analysis: Analysis, label: SentimentLabel | None) -> Analysis:
    """A person's label wins over the model's."""
    if label is None:
        return analysis
    return replace(
        analysis, sentiment_label=label, sentiment_score=_SCORES[label], confidence=1.0, reason=None
    )


def _take_back(conn: Connection, ids: Sequence[int]) -> None:
    for part in chunks(ids):
        old = [dict(row._mapping) for row in conn.execute(_of(mention_brands, part))]
        if not old:
            continue
        aspects = {row.mention_id: _stored_aspects(row.aspects) for row in conn.execute(_of(analyses, part))}
        rollups.add(conn, old, aspects, sign=-1)
        conn.execute(delete(mention_brands).where(mention_brands.c.mention_id.in_(part)))


def _of(table: Any, ids: Sequence[int]) -> Any:
    return select(table).where(table.c.mention_id.in_(ids))


def _stored_aspects(documents: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted({(storable.short(d["aspect"], 40) or "", d["label"] or rollups.UNKNOWN) for d in documents})


def _aspects(analysis: Analysis) -> list[tuple[str, str]]:
    return _stored_aspects([{"aspect": a.aspect, "label": a.label} for a in analysis.aspects])


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

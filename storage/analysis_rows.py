"""An analysis as columns, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from storage import storable
from storage.records import (
    Analysis,
    AspectSentiment,
    BrandMatch,
    BrandRole,
    Entity,
    SentimentLabel,
    SignalMatch,
)
from storage.tables import analyses


def analysis_to_row(mention_id: int, revision: int, analysis: Analysis, now: datetime) -> dict[str, Any]:
    """Return the row of `analyses` for a mention's revision."""
    label = analysis.sentiment_label
    return {
        "mention_id": mention_id,
        "revision": revision,
        "language": storable.short(analysis.language, 40),
        "dialect": storable.short(analysis.dialect, 20),
        "sentiment_label": None if label is None else str(label),
        "sentiment_score": storable.number(analysis.sentiment_score),
        "confidence": storable.number(analysis.confidence),
        "reason": storable.text(analysis.reason),
        "brands": _documents(analysis.brands),
        "entities": _documents(analysis.entities),
        "aspects": _documents(analysis.aspects),
        "signals": _documents(analysis.signals),
        "keyphrases": storable.document(list(analysis.keyphrases)),
        "story_id": analysis.story_id,
        "clipped": analysis.clipped,
        "model_version": analysis.model_version,
        "analyzed_at": now,
        "dialect_confidence": storable.number(analysis.dialect_confidence),
        "second_language": storable.short(analysis.second_language, 40),
        "second_language_share": storable.number(analysis.second_language_share),
        "lexicon_score": storable.number(analysis.lexicon_score),
        "fingerprint": analysis.fingerprint or None,
        "spam": storable.short(analysis.spam, 40),
    }


def _documents(records: Sequence[Any]) -> list[dict[str, Any]]:
    """Return flat records as JSON objects; `dataclasses.asdict` would copy deeply, ten times slower."""
    return [
        {name: storable.document(getattr(record, name)) for name in record.__slots__} for record in records
    ]


def _label(name: str | None) -> SentimentLabel | None:
    return None if name is None else SentimentLabel(name)


def aspects_of(documents: Sequence[Mapping[str, Any]]) -> tuple[AspectSentiment, ...]:
    """Return the aspects in the column of that name."""
    return tuple(AspectSentiment(**{**each, "label": _label(each["label"])}) for each in documents)


def analysis_from_row(found: Mapping[Any, Any]) -> Analysis | None:
    """Return the analysis in a row that was selected together with `analyses`, None where there is none."""
    column = analyses.c
    if found[column.mention_id] is None:
        return None
    return Analysis(
        language=found[column.language],
        model_version=found[column.model_version],
        dialect=found[column.dialect],
        sentiment_label=_label(found[column.sentiment_label]),
        sentiment_score=found[column.sentiment_score],
        confidence=found[column.confidence],
        reason=found[column.reason],
        brands=tuple(BrandMatch(**{**m, "role": BrandRole(m["role"])}) for m in found[column.brands]),
        entities=tuple(Entity(**entity) for entity in found[column.entities]),
        aspects=aspects_of(found[column.aspects]),
        signals=tuple(SignalMatch(**signal) for signal in found[column.signals]),
        keyphrases=tuple(found[column.keyphrases]),
        story_id=found[column.story_id],
        clipped=found[column.clipped],
        dialect_confidence=found[column.dialect_confidence],
        second_language=found[column.second_language],
        second_language_share=found[column.second_language_share],
        lexicon_score=found[column.lexicon_score],
        fingerprint=found[column.fingerprint] or b"",
        spam=found[column.spam],
    )

"""An analysis as columns, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
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
        "brands": storable.document([asdict(match) for match in analysis.brands]),
        "entities": storable.document([asdict(entity) for entity in analysis.entities]),
        "aspects": storable.document([asdict(aspect) for aspect in analysis.aspects]),
        "signals": storable.document([asdict(signal) for signal in analysis.signals]),
        "keyphrases": storable.document(list(analysis.keyphrases)),
        "story_id": analysis.story_id,
        "clipped": analysis.clipped,
        "model_version": analysis.model_version,
        "analyzed_at": now,
    }


def _label(name: str | None) -> SentimentLabel | None:
    return None if name is None else SentimentLabel(name)


def analysis_from_row(fields: Mapping[Any, Any]) -> Analysis | None:
    """Return the analysis in a row that was selected together with `analyses`, None where there is none."""
    column = analyses.c
    if fields[column.mention_id] is None:
        return None
    return Analysis(
        language=fields[column.language],
        model_version=fields[column.model_version],
        dialect=fields[column.dialect],
        sentiment_label=_label(fields[column.sentiment_label]),
        sentiment_score=fields[column.sentiment_score],
        confidence=fields[column.confidence],
        reason=fields[column.reason],
        brands=tuple(BrandMatch(**{**m, "role": BrandRole(m["role"])}) for m in fields[column.brands]),
        entities=tuple(Entity(**entity) for entity in fields[column.entities]),
        aspects=tuple(AspectSentiment(**{**a, "label": _label(a["label"])}) for a in fields[column.aspects]),
        signals=tuple(SignalMatch(**signal) for signal in fields[column.signals]),
        keyphrases=tuple(fields[column.keyphrases]),
        story_id=fields[column.story_id],
        clipped=fields[column.clipped],
    )

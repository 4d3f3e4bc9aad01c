"""Texts in and analyses out as JSON Lines: the forms of `marsad analyze`."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any, TypeVar

from nlp.errors import BadLine
from nlp.pipeline import TextItem
from storage.records import Analysis

T = TypeVar("T")

_FORM = 'write {"id": "1", "text": "…"}'


def parse_line(line: str | bytes) -> TextItem:
    """Return the text of one line: an object with `id`, `text`, maybe `title`, `rating`, `rating_scale`.

    An `id` may be a number. `language` and `brand` are taken as hints. Other keys are left alone. Raises
    BadLine, whose message says what is wrong and what to write.
    """
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not JSON ({error}); {_FORM}") from error
    if not isinstance(parsed, dict):
        raise BadLine(f"a JSON {type(parsed).__name__}, not an object; {_FORM}")
    missing = [key for key in ("id", "text") if parsed.get(key) is None]
    if missing:
        raise BadLine(f"no {' and no '.join(missing)}; {_FORM}")
    return TextItem(
        id=_field(parsed, "id", _identity, "a string or a whole number") or "",
        text=_field(parsed, "text", _string, "a string") or "",
        title=_field(parsed, "title", _string, "a string"),
        rating=_field(parsed, "rating", _number, "a number"),
        rating_scale=_field(parsed, "rating_scale", _number, "a number"),
        language_hint=_field(parsed, "language", _string, "a string"),
        brand=_field(parsed, "brand", _string, "a string"),
    )


def to_json(item: TextItem, analysis: Analysis) -> dict[str, Any]:
    """Return the object of one output line, made of JSON values only."""
    sentiment: dict[str, Any] = {
        "label": None if analysis.sentiment_label is None else str(analysis.sentiment_label),
        "score": analysis.sentiment_score,
        "confidence": analysis.confidence,
    }
    if analysis.sentiment_label is None:
        sentiment["reason"] = analysis.reason
    if analysis.lexicon_score is not None:
        sentiment["vader"] = analysis.lexicon_score
    return {
        "id": item.id,
        "language": analysis.language,
        "dialect": analysis.dialect,
        "dialect_confidence": analysis.dialect_confidence,
        "mixed": _mixed(analysis),
        "sentiment": sentiment,
        "entities": [
            {
                "text": entity.text,
                "label": entity.label,
                "start": entity.start,
                "end": entity.end,
                "name": entity.name,
            }
            for entity in analysis.entities
        ],
        "brands": [
            {
                "name": match.name,
                "role": str(match.role),
                "alias": match.alias,
                "start": match.start,
                "end": match.end,
                "confidence": round(match.confidence, 4),
            }
            for match in analysis.brands
        ],
        "aspects": [
            {
                "aspect": aspect.aspect,
                "label": None if aspect.label is None else str(aspect.label),
                "score": round(aspect.score, 4),
                "start": aspect.start,
                "end": aspect.end,
                "touchpoint": aspect.touchpoint,
            }
            for aspect in analysis.aspects
        ],
        "signals": [
            {
                "signal": found.signal,
                "confidence": round(found.confidence, 4),
                "start": found.start,
                "end": found.end,
                "about": found.about,
            }
            for found in analysis.signals
        ],
        "keyphrases": list(analysis.keyphrases),
        "spam": analysis.spam,
        "clipped": analysis.clipped,
        "model_version": analysis.model_version,
    }


def _mixed(analysis: Analysis) -> dict[str, Any] | None:
    """Return the second language of a text in two, and its share of the words; None for other texts."""
    if analysis.second_language is None:
        return None
    return {"language": analysis.second_language, "share": analysis.second_language_share}


def _field(parsed: dict[str, Any], key: str, read: Callable[[Any], T | None], kind: str) -> T | None:
    value = parsed.get(key)
    if value is None:
        return None
    found = read(value)
    if found is None:
        raise BadLine(f"{key} is {json.dumps(value, ensure_ascii=False)[:60]}, not {kind}")
    return found


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _identity(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    return str(value) if isinstance(value, str | int) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None

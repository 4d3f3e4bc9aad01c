"""Sentiment of Arabic by a linear model trained on Arabic of several dialects; never by an English one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nlp.sentiment.features import arabic_words as read

if TYPE_CHECKING:
    from nlp.sentiment.linear import LinearModel

__all__ = ["MODEL_PATH", "VERSION", "load", "read"]

MODEL_PATH = Path(__file__).parents[1] / "models" / "sentiment-ar.npz"
VERSION = "sentiment-ar-2"


def load() -> LinearModel:
    """Return the shipped Arabic model. Raises ModelUnavailable where its file is missing or damaged."""
    from nlp.sentiment.linear import LinearModel

    return LinearModel.load(MODEL_PATH, read)

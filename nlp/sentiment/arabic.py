"""Sentiment of Arabic by a linear model trained on Arabic of several dialects; never by an English one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlp.sentiment.linear import LinearModel

MODEL_PATH = Path(__file__).parents[1] / "models" / "sentiment-ar.npz"
VERSION = "sentiment-ar-1"


def load() -> LinearModel:
    """Return the shipped Arabic model. Raises ModelUnavailable where its file is missing or damaged."""
    from nlp.sentiment.linear import LinearModel

    return LinearModel.load(MODEL_PATH)

"""Sentiment of English: a linear model that reads words and VADER's score, or VADER alone.

VADER (Hutto and Gilbert, 2014) knows from its lexicon what a word means anywhere; the linear model
knows what neutral looks like and how far to trust VADER. Where no model is installed VADER answers
alone, with confidences measured on labelled texts.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlp.sentiment.features import mark, mood_marks, negation_marks, tokens
from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

if TYPE_CHECKING:
    from nlp.sentiment.linear import LinearModel

VERSION = "vader-3.3.2"
MODEL_PATH = Path(__file__).parents[1] / "models" / "sentiment-en.npz"
LINEAR_VERSION = f"sentiment-en-1/{VERSION}"

_CLIP = 2_000
_MOST_SYMBOLS = 60
_WEAKEST = {SentimentLabel.NEGATIVE: 0.2, SentimentLabel.POSITIVE: 0.4}
"""Strengths (absolute compound score) below which VADER is about as often wrong as right."""
_STEPS = (0.4, 0.6, 0.8)
_RIGHT = {
    SentimentLabel.NEGATIVE: (0.78, 0.87, 0.95, 0.95),
    SentimentLabel.POSITIVE: (0.50, 0.68, 0.88, 0.93),
}
"""How often VADER is right below, between and above `_STEPS` on held-out tweets and product reviews."""
_COMPOUND_WEIGHT, _SHARE_WEIGHT = 8, 4
_COMPOUND_BINS, _SHARE_BINS = 5, 10
_LAST_SHARE_BIN = 6


def load() -> LinearModel:
    """Return the shipped English model. Raises ModelUnavailable where its file is missing or damaged."""
    from nlp.sentiment.linear import LinearModel

    return LinearModel.load(MODEL_PATH, EnglishReader())


class Vader:
    """VADER's scores of a text, on as much of it as VADER can read in time."""

    def scores(self, text: str) -> dict[str, float]:
        """Return `compound` (−1…1) and the shares `pos`, `neu` and `neg` (0…1) of the text.

        Only the first 2,000 code points and 60 symbols outside the alphabets are read: VADER's time
        grows with the square of the number of emoji.
        """
        return dict(_scores(text[:_CLIP]))


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


# The linear model reads the scores of a text, and they are shown beside its own: twice within one analysis.
@lru_cache(maxsize=64)
def _scores(text: str) -> dict[str, float]:
    found: dict[str, float] = _analyzer().polarity_scores(_thin_symbols(text))
    return found


class EnglishReader:
    """The words and marks that the linear model reads of an English text, VADER's scores among them."""

    def __init__(self) -> None:
        self._vader = Vader()

    def __call__(self, text: str) -> list[str]:
        """Return the tokens of `text` and its marks behind them; nothing where it has no tokens."""
        words = tokens(text)
        if not words:
            return []
        scores = self._vader.scores(text)
        return [*words, *negation_marks(words, "en"), *mood_marks(words), *_score_marks(scores)]


class VaderModel:
    """VADER behind the interface of the other models. It is for English only."""

    version = VERSION

    def __init__(self) -> None:
        self._vader = Vader()

    def opine(self, text: str) -> Opinion | Abstention:
        """Return how the writer feels; near zero VADER cannot tell neutral from unknown words, so abstain."""
        readable = text[:_CLIP]
        if not any(character.isalpha() for character in readable) and readable.isascii():
            return Abstention.NO_WORDS
        compound = self._vader.scores(readable)["compound"]
        strength = abs(compound)
        label = SentimentLabel.POSITIVE if compound > 0 else SentimentLabel.NEGATIVE
        if strength < _WEAKEST[label]:
            return Abstention.UNSURE
        return Opinion(label, compound, _RIGHT[label][bisect_right(_STEPS, strength)])


def _score_marks(scores: dict[str, float]) -> list[str]:
    """Return marks for the compound score in eleven steps and for both shares in seven."""
    compound = round((scores["compound"] + 1) * _COMPOUND_BINS)
    return [
        mark(f"vader {compound}", _COMPOUND_WEIGHT),
        *(
            mark(f"vader {share} {min(_LAST_SHARE_BIN, int(scores[share] * _SHARE_BINS))}", _SHARE_WEIGHT)
            for share in ("pos", "neg")
        ),
    ]


def _thin_symbols(text: str) -> str:
    """Return `text` without the symbols above U+2000 that come after the first 60 of them."""
    if text.isascii():
        return text
    kept: list[str] = []
    symbols = 0
    for character in text:
        if character >= "\u2000" and not character.isalnum():
            symbols += 1
            if symbols > _MOST_SYMBOLS:
                continue
        kept.append(character)
    return "".join(kept)

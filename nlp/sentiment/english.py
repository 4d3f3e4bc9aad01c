"""Sentiment of English by VADER (Hutto and Gilbert, 2014), with confidences measured on labelled texts."""

from __future__ import annotations

from bisect import bisect_right

from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

VERSION = "vader-3.3.2"

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


class VaderModel:
    """VADER behind the interface of the other models. It is for English only."""

    version = VERSION

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._analyzer = SentimentIntensityAnalyzer()

    def opine(self, text: str) -> Opinion | Abstention:
        """Return how the writer feels; near zero VADER cannot tell neutral from unknown words, so abstain.

        Only the first 2,000 code points and 60 symbols outside the alphabets are read: VADER's time
        grows with the square of the number of emoji.
        """
        readable = _thin_symbols(text[:_CLIP])
        if not any(character.isalpha() for character in readable) and readable.isascii():
            return Abstention.NO_WORDS
        compound = float(self._analyzer.polarity_scores(readable)["compound"])
        strength = abs(compound)
        label = SentimentLabel.POSITIVE if compound > 0 else SentimentLabel.NEGATIVE
        if strength < _WEAKEST[label]:
            return Abstention.UNSURE
        return Opinion(label, compound, _RIGHT[label][bisect_right(_STEPS, strength)])


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

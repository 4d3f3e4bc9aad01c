"""Stars as evidence: what a rating says alone, and together with what the text says."""

from __future__ import annotations

from math import isfinite

from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

_USUAL_SCALES = (5.0, 10.0, 100.0)
_NEUTRAL_SHARE = 0.6
"""Three stars of five; scales start at one, so this and not a half is the middle."""
_POLAR = 0.4
_POLAR_CONFIDENCE, _MIDDLE_CONFIDENCE = 0.9, 0.6
_MIXED_CONFIDENCE, _CLASH_DISCOUNT = 0.7, 0.7


def read_rating(rating: float | None, scale: float | None) -> Opinion | None:
    """Return what `rating` out of `scale` says, or None where there is none or it makes no sense.

    Without a scale the smallest usual one (5, 10, 100) that holds the rating is taken.
    """
    if rating is None or not isfinite(rating) or rating < 0:
        return None
    if scale is None or not isfinite(scale) or scale <= 0:
        scale = next((usual for usual in _USUAL_SCALES if rating <= usual), None)
    if scale is None or rating > scale:
        return None
    score = max(-1.0, min(1.0, (rating / scale - _NEUTRAL_SHARE) / (1 - _NEUTRAL_SHARE)))
    if score >= _POLAR:
        return Opinion(SentimentLabel.POSITIVE, score, _POLAR_CONFIDENCE)
    if score <= -_POLAR:
        return Opinion(SentimentLabel.NEGATIVE, score, _POLAR_CONFIDENCE)
    return Opinion(SentimentLabel.NEUTRAL, score, _MIDDLE_CONFIDENCE)


def combine(text: Opinion | Abstention, rating: Opinion | None) -> tuple[Opinion | Abstention, bool]:
    """Return the opinion of text and rating together, and whether the two contradict each other.

    A text that cannot be read leaves the decision to the rating. Where both agree the chance of being
    wrong is the product of theirs. Where one is neutral the other decides, less surely. In a clash the
    words decide, since people mistake the direction of a scale more often than their own meaning.
    """
    if rating is None:
        return text, False
    if isinstance(text, Abstention):
        return rating, False
    score = (text.score + rating.score) / 2
    if text.label is rating.label:
        return Opinion(text.label, score, 1 - (1 - text.confidence) * (1 - rating.confidence)), False
    if SentimentLabel.NEUTRAL in (text.label, rating.label):
        polar = rating if text.label is SentimentLabel.NEUTRAL else text
        return Opinion(polar.label, score, min(polar.confidence, _MIXED_CONFIDENCE)), False
    return Opinion(text.label, text.score * _CLASH_DISCOUNT, text.confidence * _CLASH_DISCOUNT), True

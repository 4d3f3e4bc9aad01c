"""How an aspect fares: words that judge near it, the judge's opinion, an encoder's chances, in one.

The three are combined as a product of experts: their logarithms of chances are added, each with a weight
(Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", 2002). A source that says
nothing adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from nlp.aspect_reading import Judgement
from nlp.sentiment.opinion import LABELS, Abstention, Opinion
from storage.records import SentimentLabel

Chances = tuple[float, float, float]
"""Chances of negative, neutral and positive, which sum to 1."""

_WORDS_WEIGHT = 1.2
_NEUTRAL_PENALTY = 1.2
"""How much less likely neutral is, as a logarithm, once a word judges."""
_JUDGE_WEIGHT = 0.4
_SPAN_WEIGHT = 1.0
_FAR = 3.0
"""Distance in words at which a judging word counts half."""
_SURE = 0.5
"""The chance from which a label is given."""
_LEAST = 0.01


def strength(judgements: Sequence[Judgement], first: int, last: int) -> float:
    """Return how the judging words speak of the tokens `first`…`last`: about -2…2, 0 where none does.

    Each counts less the farther it stands; the sum lets the nearest decide where they disagree.
    """
    total = 0.0
    for one in judgements:
        distance = one.first - last if one.first >= last else first - one.last
        total += one.sign / (1.0 + max(0, distance) / _FAR)
    return max(-2.0, min(2.0, total))


def chances_of(opinion: Opinion) -> Chances:
    """Return the chances of the three labels that an opinion's score and confidence amount to."""
    sure, score = opinion.confidence, opinion.score
    if opinion.label is SentimentLabel.NEUTRAL:
        positive = max(0.0, (1 - sure + score) / 2)
        negative = max(0.0, 1 - sure - positive)
    elif opinion.label is SentimentLabel.POSITIVE:
        positive, negative = sure, max(0.0, min(1 - sure, sure - score))
    else:
        positive, negative = max(0.0, min(1 - sure, sure + score)), sure
    return negative, max(0.0, 1 - negative - positive), positive


def weigh(words: float, opinion: Opinion | Abstention | None, spans: Chances | None) -> Chances | None:
    """Return the chances of the three labels from all that is known, or None where nothing is."""
    logs = [0.0, 0.0, 0.0]
    known = False
    if words:
        known = True
        logs[0] -= _WORDS_WEIGHT * words
        logs[1] -= _NEUTRAL_PENALTY * min(1.0, abs(words))
        logs[2] += _WORDS_WEIGHT * words
    for weight, chances in (
        (_JUDGE_WEIGHT, chances_of(opinion) if isinstance(opinion, Opinion) else None),
        (_SPAN_WEIGHT, spans),
    ):
        if chances is not None:
            known = True
            for place, chance in enumerate(chances):
                logs[place] += weight * log(max(_LEAST, chance))
    if not known:
        return None
    top = max(logs)
    negative, neutral, positive = (exp(value - top) for value in logs)
    total = negative + neutral + positive
    return negative / total, neutral / total, positive / total


def label_of(chances: Chances) -> SentimentLabel | None:
    """Return the label that is at least as likely as not, or None."""
    best = max(range(len(LABELS)), key=chances.__getitem__)
    return LABELS[best] if chances[best] >= _SURE else None

"""How the writer of a text feels, by all that can tell: linear models, encoder, a customer's labels.

In the fast profile the linear model of the language answers alone (VADER, where English has none). In the
full one the blend weighs it with the encoder, which also answers for languages that have no linear model
(French, Arabizi). Where a customer's corrections have taught a model of their own, its chances and the
shipped answer's are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from nlp.encoder import Reading
from nlp.errors import ModelUnavailable
from nlp.learning import apply
from nlp.sentiment import arabic, english
from nlp.sentiment.blend import Blend, Evidence
from nlp.sentiment.linear import LinearModel
from nlp.sentiment.opinion import Abstention, Opinion, Triple, decided

ENCODED_ALONE = frozenset({"fr", "ar-Latn", "und"})
"""Languages that only the encoder reads; `und` is a text of emoji, which are of no language."""


class ClauseJudge:
    """The linear model of one language, for parts of a text; what it costs is a look-up a word."""

    def __init__(self, model: LinearModel, blend: Blend, language: str) -> None:
        self._model, self._blend, self._language = model, blend, language

    def opine(self, text: str, /) -> Opinion | Abstention:
        """Return how the writer of this part feels, or why that cannot be said."""
        words = self._model.read(text)
        if not words:
            return Abstention.NO_WORDS
        return self._blend.opine(self._language, Evidence(linear=self._model.margins(words)))


class SentimentJudge:
    """Judges texts of any language. `learned` maps a language to the bytes of a customer's own model."""

    def __init__(self, learned: Mapping[str, bytes] | None = None) -> None:
        self._learned = dict(learned or {})

    @cached_property
    def version(self) -> str:
        """The names and versions of all that takes part."""
        own = [model.version for _, model in sorted(self._customers.items())]
        linear = [model.version for _, model in sorted(self._linear.items())]
        return " ".join([self._blend.version, *linear, *own])

    @cached_property
    def _blend(self) -> Blend:
        return Blend.load()

    @cached_property
    def _linear(self) -> dict[str, LinearModel]:
        models = {"ar": arabic.load()}
        with suppress(ModelUnavailable):  # then VADER answers for English
            models["en"] = english.load()
        return models

    @cached_property
    def _customers(self) -> dict[str, LinearModel]:
        return {
            language: apply(self._linear[language], taught)
            for language, taught in self._learned.items()
            if language in self._linear
        }

    @cached_property
    def _vader(self) -> english.Vader:
        return english.Vader()

    @cached_property
    def _vader_alone(self) -> english.VaderModel:
        return english.VaderModel()

    @cached_property
    def _clause_judges(self) -> dict[str, ClauseJudge]:
        return {
            language: ClauseJudge(model, self._blend, language) for language, model in self._linear.items()
        }

    def of_clauses(self, language: str) -> ClauseJudge | None:
        """Return what judges a part of a text, None for a language without a linear model."""
        return self._clause_judges.get(language)

    def lexicon_score(self, text: str, language: str) -> float | None:
        """Return VADER's compound score of an English text, −1…1; None for every other language."""
        return self._vader.scores(text)["compound"] if language == "en" else None

    def opine(self, text: str, language: str, reading: Reading | None) -> Opinion | Abstention:
        """Return how the writer of `text` feels, or why that cannot be said.

        `reading` is what the encoder answered for the same text, None in the fast profile.
        """
        linear = self._linear.get(language)
        if linear is None and language == "en":
            return self._vader_alone.opine(text)
        if linear is None and (language not in ENCODED_ALONE or reading is None):
            return Abstention.NO_MODEL
        words = linear.read(text) if linear else None
        if words == [] or (words is None and reading is None):
            return Abstention.NO_WORDS
        evidence = Evidence(
            linear=linear.margins(words) if linear and words else None,
            encoder=_triple(reading) if reading else None,
        )
        row = self._blend.row(language, evidence)
        if row is None:
            return Abstention.NO_MODEL
        chances = row.chances(evidence)
        customer = self._customers.get(language)
        if customer and words:
            chances = _between(chances, customer.probabilities(words))
        return decided(chances, row.thresholds)


def _triple(reading: Reading) -> Triple:
    negative, neutral, positive = (float(value) for value in reading.sentiment)
    return negative, neutral, positive


def _between(one: Triple, other: Triple) -> Triple:
    """Return the geometric mean of two sets of chances, made to add up to one."""
    means = [(first * second) ** 0.5 for first, second in zip(one, other, strict=True)]
    total = sum(means) or 1.0
    return means[0] / total, means[1] / total, means[2] / total

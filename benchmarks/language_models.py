"""The stages that models answer: sentiment, dialect, names and language, beside other people's models."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from py3langid import langid
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.tables import Row, Table, each, progress, spread, timed
from nlp.dialect import DIALECTS, DialectModel
from nlp.encoder import Encoder
from nlp.encoder_names import names as encoder_names
from nlp.entities import english_model
from nlp.language import LanguageIdentifier
from nlp.sentiment import arabic, english
from nlp.sentiment.blend import Blend, Evidence
from nlp.sentiment.opinion import LABELS, Triple
from nlp.training.datasets import SETS, TWO_CLASS_SETS, Example, read_sets, read_written
from nlp.training.dialect import read_examples
from nlp.training.names import held_out, score
from storage.records import Entity

POSTS = Path(__file__).parents[1] / "tests" / "unit" / "language_posts.tsv"
VADER, BAGS, SPACY = "VADER", "TF-IDF, linear SVM", "spaCy, nlp.pipe"
LINEAR, ENCODER, BOTH = "linear (fast profile)", "encoder", "both (full profile)"
_VADER_NEUTRAL = 0.05
"""Compound scores nearer to zero are neutral, as VADER's authors (2014) advise."""
_SPACY_LABELS = {"PERSON": "PERSON", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
_NEIGHBOURS = ("ar", "en", "fr", "es", "de", "tr", "fa", "ur")
_SEED = 7
_UNREAD: Triple = (1 / 3, 1 / 3, 1 / 3)


@dataclass(frozen=True, slots=True)
class Guess:
    """What is said of a text's feeling: scores of negative, neutral, positive, and whether it is given."""

    scores: Triple
    answered: bool = True


Opine = Callable[[Sequence[str]], list[Guess]]


def sentiment(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield a table for Arabic and one for English: the shipped models, VADER, and a bag of words."""
    encoder, blend = Encoder(), Blend.load()
    for language, title in (("ar", "Arabic"), ("en", "English")):
        examples = read_sets(folder / "sentiment", SETS[language])
        training = [one for one in [*examples, *read_written(language)] if not one.held_out]
        progress(f"sentiment, {title}: training {BAGS} on {len(training):,} texts")
        opine = shipped(language, blend, encoder)
        contestants: dict[str, Opine] = {**opine, VADER: each(_vader()), BAGS: _bags(training)}
        yield Table(
            f"Sentiment, {title}: every text labelled; answered: the share where the model is sure enough",
            ("macro-F1", "accuracy", "answered", "right"),
            [
                _opinions(
                    name, by, run, spread([x for x in examples if x.held_out and x.dataset == name], most)
                )
                for name in SETS[language]
                for by, run in contestants.items()
            ],
            VADER,
        )


def shipped(language: str, blend: Blend, encoder: Encoder) -> dict[str, Opine]:
    """Return both shipped ways to judge a text of `language`: without the encoder and with it."""
    linear = arabic.load() if language == "ar" else english.load()

    def fast(text: str) -> Guess:
        words = linear.read(text)
        return _guess(blend, language, Evidence(linear.margins(words)) if words else Evidence())

    def full(text: str) -> Guess:
        words, reading = linear.read(text), encoder.read(text)
        if reading is None or not words:
            return fast(text)
        negative, neutral, positive = (float(value) for value in reading.sentiment)
        return _guess(blend, language, Evidence(linear.margins(words), (negative, neutral, positive)))

    return {LINEAR: each(fast), BOTH: each(full)}


def _guess(blend: Blend, language: str, evidence: Evidence) -> Guess:
    row = blend.row(language, evidence)
    if row is None:
        return Guess(_UNREAD, answered=False)
    told = row.chances(evidence)
    best = max(range(3), key=told.__getitem__)
    return Guess(told, told[best] >= row.thresholds[best])


def _vader() -> Callable[[str], Guess]:
    analyzer = SentimentIntensityAnalyzer()

    def opine(text: str) -> Guess:
        compound = analyzer.polarity_scores(text)["compound"]
        return Guess((-compound, _VADER_NEUTRAL, compound))

    return opine


def bag_of_words() -> Any:
    """Return what is commonly tried first: words and pairs of words by TF-IDF, and a linear SVM."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LinearSVC(class_weight="balanced", random_state=_SEED),
    )


def _bags(training: Sequence[Example]) -> Opine:
    model = bag_of_words().fit([one.text for one in training], [LABELS.index(one.label) for one in training])
    return lambda texts: [Guess(tuple(row)) for row in model.decision_function(texts).tolist()]


def _opinions(name: str, by: str, run: Opine, examples: Sequence[Example]) -> Row:
    progress(f"sentiment: {name}, {by}")
    guesses, rate = timed([one.text for one in examples], run)
    choices = (0, 2) if name in TWO_CLASS_SETS else (0, 1, 2)
    said = np.array([max(choices, key=guess.scores.__getitem__) for guess in guesses])
    truth = np.array([LABELS.index(one.label) for one in examples])
    answered = np.array([guess.answered for guess in guesses])
    right = said == truth
    scores = (
        float(f1_score(truth, said, average="macro")),
        float(right.mean()),
        float(answered.mean()),
        float(right[answered].mean()) if answered.any() else None,
    )
    return Row(name, by, len(examples), scores, rate)


def dialects(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield the table of the five dialects, on the held-out tweets."""
    examples = read_examples(folder / "sentiment")
    training = [one for one in examples if not one.held_out]
    measured = spread([one for one in examples if one.held_out], most)
    progress(f"dialect: training {BAGS} on {len(training):,} texts")
    bags = bag_of_words().fit(
        [one.text for one in training], [DIALECTS.index(one.dialect) for one in training]
    )
    contestants: dict[str, Callable[[Sequence[str]], Any]] = {
        "linear (both profiles)": each(DialectModel.load().chances),
        BAGS: bags.decision_function,
        "always MSA": each(lambda _: (1.0, 0.0, 0.0, 0.0, 0.0)),
    }
    truth = np.array([DIALECTS.index(one.dialect) for one in measured])
    rows = []
    for by, run in contestants.items():
        progress(f"dialect: {by}")
        told, rate = timed([one.text for one in measured], run)
        said = np.array(told).argmax(axis=1)
        macro = f1_score(truth, said, labels=range(len(DIALECTS)), average="macro", zero_division=0.0)
        rows.append(
            Row("arsarcasm_v2", by, len(measured), (float(macro), float((said == truth).mean())), rate)
        )
    yield Table("Dialect: five classes, every text labelled", ("macro-F1", "accuracy"), rows, BAGS)


def names(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield the table of people, places and organisations, on the held-out sentences of each set."""
    encoder = Encoder()
    pipe = import_module(str(english_model())).load().pipe

    def by_encoder(text: str) -> tuple[Entity, ...]:
        reading = encoder.read(text)
        return encoder_names(text, reading) if reading else ()

    def by_spacy(texts: Sequence[str]) -> list[tuple[Entity, ...]]:
        return [
            tuple(
                Entity(span.text, _SPACY_LABELS[span.label_], span.start_char, span.end_char)
                for span in document.ents
                if span.label_ in _SPACY_LABELS
            )
            for document in pipe(texts)
        ]

    rows = []
    for name, sentences in held_out(folder).items():
        lessons = spread(sentences, most)
        for by, run in ((ENCODER, each(by_encoder)), (SPACY, by_spacy)):
            progress(f"names: {name}, {by}")
            found, rate = timed([lesson.text for lesson in lessons], run)
            told = score(lessons, found)
            rows.append(Row(name, by, len(found), (told.precision, told.recall, told.f), rate))
    yield Table("Names of people, places, organisations", ("precision", "recall", "F"), rows, SPACY)


def languages(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield the table of languages: written posts of up to five words, and the held-out texts of both."""
    with POSTS.open(encoding="utf-8", newline="") as file:
        posts = [
            (row["language"], row["text"])
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    bare = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
    sets = {"short posts": spread(posts, most)}
    for language in ("ar", "en"):
        found = [one for one in read_sets(folder / "sentiment", SETS[language]) if one.held_out]
        sets[f"dev texts, {language}"] = [(language, one.text) for one in spread(found, most)]
    rows = []
    for name, labelled in sets.items():
        configured = _NEIGHBOURS if name == "short posts" else ("ar", "en", "fr")
        restricted = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
        restricted.set_languages(configured)
        contestants: dict[str, Callable[[str], str]] = {
            "Marsad": _identify(LanguageIdentifier(configured)),
            "py3langid, among the same": _classify(restricted),
            "py3langid": _classify(bare),
        }
        for by, run in contestants.items():
            progress(f"language: {name}, {by}")
            said, rate = timed([text for _, text in labelled], each(run))
            right = sum(one == other for one, (other, _) in zip(said, labelled, strict=True))
            rows.append(Row(name, by, len(labelled), (right / max(1, len(labelled)),), rate))
    yield Table("Language: short posts in nine classes, Arabizi among them", ("right",), rows, "py3langid")


def _identify(identifier: LanguageIdentifier) -> Callable[[str], str]:
    return lambda text: identifier.identify(text).language


def _classify(identifier: Any) -> Callable[[str], str]:
    return lambda text: str(identifier.classify(text)[0])

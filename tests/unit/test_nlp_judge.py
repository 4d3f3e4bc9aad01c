"""Who judges what: linear models, encoder, VADER and what a customer taught, by language and profile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp.encoder import Encoder, Reading
from nlp.errors import LearnedModelUnusable
from nlp.learning import Correction, learn
from nlp.sentiment import arabic, english
from nlp.sentiment.judge import SentimentJudge
from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
JUDGE = SentimentJudge()
ENCODER = Encoder()
ANGRY = "أسوأ تجربة في حياتي، الموظفين وقحين والمكان وصخ ولا أنصح به أبدا"


def made_reading(*sentiment: float) -> Reading:
    """Return a reading with these logits for negative, neutral and positive, and nothing else."""
    none = np.zeros((0, 3), np.float32)
    return Reading(np.array(sentiment, np.float32), none, none, ())


@pytest.mark.parametrize("language", ["ar", "en", "fr", "ar-Latn"])
def test_the_encoder_moves_the_answer_of_every_language_it_reads(language: str) -> None:
    text = {"ar": "وصل الطلب", "en": "The order has arrived"}.get(language, "la commande")
    said = [JUDGE.opine(text, language, made_reading(*logits)) for logits in ((9, 0, 0), (0, 0, 9))]
    assert [one.label for one in said if isinstance(one, Opinion)] == [NEGATIVE, POSITIVE]


def test_what_only_the_encoder_reads_has_no_model_without_it() -> None:
    assert JUDGE.opine("le service est mauvais", "fr", None) is Abstention.NO_MODEL
    assert JUDGE.opine("khedma khayba bezaf", "ar-Latn", None) is Abstention.NO_MODEL
    assert JUDGE.opine("خدمات بد است", "fa", made_reading(9, 0, 0)) is Abstention.NO_MODEL


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("text", ["", "  ", "https://acme.example"])
def test_without_words_nothing_is_said(language: str, text: str) -> None:
    assert JUDGE.opine(text, language, None) is Abstention.NO_WORDS
    assert JUDGE.opine(text, language, ENCODER.read(text)) is Abstention.NO_WORDS


def test_the_fast_profile_knows_plain_feelings_and_abstains_from_others() -> None:
    said = JUDGE.opine(ANGRY, "ar", None)
    assert isinstance(said, Opinion)
    assert (said.label, said.score < 0) == (NEGATIVE, True)
    assert JUDGE.opine("وصل الطرد", "ar", None) is Abstention.UNSURE


def test_models_that_contradict_each_other_are_no_ground_to_be_sure() -> None:
    agreed, quarrel = (JUDGE.opine(ANGRY, "ar", made_reading(*logits)) for logits in ((4, 0, 0), (0, 0, 4)))
    assert isinstance(agreed, Opinion)
    assert quarrel is Abstention.UNSURE or (
        isinstance(quarrel, Opinion) and quarrel.confidence < agreed.confidence
    )


def test_the_lexicon_score_is_shown_for_english_alone() -> None:
    score = JUDGE.lexicon_score("I love it, great!", "en")
    assert score is not None
    assert 0 < score <= 1
    assert JUDGE.lexicon_score("أحب هذا I love it", "ar") is None
    assert JUDGE.lexicon_score("très bon", "fr") is None


def test_parts_of_a_text_are_judged_where_there_is_a_linear_model() -> None:
    arabic_judge = JUDGE.of_clauses("ar")
    assert arabic_judge is not None
    said = arabic_judge.opine("الخدمة سيئة جدا والموظفين وقحين")
    assert isinstance(said, Opinion)
    assert said.label is NEGATIVE
    assert arabic_judge.opine("") is Abstention.NO_WORDS
    assert JUDGE.of_clauses("en") is not None
    assert JUDGE.of_clauses("fr") is None


def test_vader_answers_where_english_has_no_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(english, "MODEL_PATH", tmp_path / "none.npz")
    judge = SentimentJudge()
    said = judge.opine("I love it, great, wonderful!", "en", None)
    assert isinstance(said, Opinion)
    assert said.label is POSITIVE
    assert judge.of_clauses("en") is None
    assert isinstance(judge.opine(ANGRY, "ar", None), Opinion)


def test_what_was_taught_for_a_language_without_a_model_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(english, "MODEL_PATH", tmp_path / "none.npz")
    judge = SentimentJudge({"en": b"taught on a model that is gone"})
    assert isinstance(judge.opine("I love it, great, wonderful!", "en", None), Opinion)
    assert judge.version


@pytest.fixture(scope="module")
def taught() -> bytes:
    """What a customer taught by calling a word of their trade, unknown to the shipped model, bad."""
    corrections = [
        Correction(f"{start} {word} اليوم {number}", label)
        for number in range(30)
        for start in ("المنتج", "الطلب", "الجهاز")
        for word, label in (("طلع زنبرك", NEGATIVE), ("طلع دلنفيس", POSITIVE))
    ]
    return learn(arabic.load(), corrections).model_bytes


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
def test_what_a_customer_taught_counts_in_both_profiles(taught: bytes, full: bool) -> None:
    text = "الجهاز طلع زنبرك"
    reading = made_reading(0.2, 0.2, 0.2) if full else None
    own = SentimentJudge({"ar": taught})
    said, before = own.opine(text, "ar", reading), JUDGE.opine(text, "ar", reading)
    assert isinstance(said, Opinion)
    assert said.label is NEGATIVE
    assert not isinstance(before, Opinion) or before.score > said.score
    assert own.version.startswith(JUDGE.version)
    assert own.version != JUDGE.version


def test_a_damaged_taught_model_is_refused(taught: bytes) -> None:
    with pytest.raises(LearnedModelUnusable, match="learn again"):
        SentimentJudge({"ar": taught[:-5]}).opine(ANGRY, "ar", None)


def test_the_version_names_all_that_takes_part() -> None:
    assert "blend-" in JUDGE.version
    assert arabic.VERSION in JUDGE.version
    assert english.LINEAR_VERSION in JUDGE.version

"""Sentiment: calibrated answers, abstentions with a reason, and stars as evidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.errors import ModelUnavailable
from nlp.sentiment import arabic
from nlp.sentiment.english import VaderModel
from nlp.sentiment.features import tokens
from nlp.sentiment.linear import LinearModel
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.sentiment.rating import combine, read_rating
from storage.records import SentimentLabel

ARABIC = arabic.load()
ENGLISH = VaderModel()
NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("خدمة سيئة جدا ولا أنصح به أبدا", NEGATIVE),
        ("أسوأ تجربة في حياتي، الموظفين وقحين والمكان وصخ", NEGATIVE),
        ("مكان رائع وخدمة ممتازة والموظفين محترمين", POSITIVE),
        ("جميل جدا ويستاهل الزيارة", POSITIVE),
    ],
)
def test_plain_arabic_feelings_are_read(text: str, label: SentimentLabel) -> None:
    opinion = ARABIC.opine(text)
    assert isinstance(opinion, Opinion)
    assert opinion.label is label
    assert (opinion.score > 0) == (label is POSITIVE)


@pytest.mark.parametrize("model", [ARABIC, ENGLISH], ids=["arabic", "english"])
@pytest.mark.parametrize("text", ["", "   ", "https://example.com"])
def test_nothing_to_read_is_an_abstention(model: LinearModel | VaderModel, text: str) -> None:
    assert isinstance(model.opine(text), Abstention)


def test_what_is_unsure_is_not_guessed() -> None:
    assert ARABIC.opine("وصل الطرد") is Abstention.UNSURE
    assert ENGLISH.opine("The parcel is on the table.") is Abstention.UNSURE


@given(st.text())
def test_chances_of_any_text_add_up_to_one(text: str) -> None:
    chances = ARABIC.probabilities(tokens(text))
    assert sum(chances) == pytest.approx(1.0)
    assert all(0.0 <= chance <= 1.0 for chance in chances)


def test_the_cache_does_not_change_the_answer() -> None:
    fresh = arabic.load()
    words = tokens("المطعم رائع رائع والخدمة رائعة")
    assert fresh.probabilities(words) == fresh.probabilities(words) == ARABIC.probabilities(words)


def test_a_missing_or_damaged_model_file_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "broken.npz"
    damaged.write_bytes(b"PK\x03\x04 not really")
    for path in (damaged, tmp_path / "absent.npz"):
        with pytest.raises(ModelUnavailable, match=path.name):
            LinearModel.load(path)


@pytest.mark.parametrize(
    ("rating", "scale", "label"),
    [
        (5, 5, POSITIVE),
        (1, 5, NEGATIVE),
        (2, 5, NEGATIVE),
        (3, 5, NEUTRAL),
        (9, None, POSITIVE),
        (0, 10, NEGATIVE),
    ],
)
def test_ratings_are_read_on_their_scale(rating: float, scale: float | None, label: SentimentLabel) -> None:
    opinion = read_rating(rating, scale)
    assert opinion is not None
    assert opinion.label is label


@pytest.mark.parametrize("rating", [None, float("nan"), -1, 6])
def test_a_senseless_rating_says_nothing(rating: float | None) -> None:
    assert read_rating(rating, 5) is None


def test_stars_decide_where_the_text_does_not_and_clash_where_it_says_the_opposite() -> None:
    five = read_rating(5, 5)
    angry = Opinion(NEGATIVE, -0.9, 0.95)
    assert combine(Abstention.UNSURE, five) == (five, False)
    opinion, clash = combine(angry, five)
    assert clash
    assert isinstance(opinion, Opinion)
    assert (opinion.label, opinion.confidence < angry.confidence) == (NEGATIVE, True)
    agreed, clash = combine(angry, read_rating(1, 5))
    assert not clash
    assert isinstance(agreed, Opinion)
    assert agreed.confidence > angry.confidence


@given(st.floats(), st.one_of(st.none(), st.floats()))
def test_any_two_numbers_make_a_rating_or_none(rating: float, scale: float | None) -> None:
    opinion = read_rating(rating, scale)
    assert opinion is None or -1.0 <= opinion.score <= 1.0

"""Accuracy figures: the same as scikit-learn's where it has them, and honest about abstentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from nlp.accuracy import Judged, confusion, macro_f1, measure, reliability, vader_label
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel
judgements = st.lists(
    st.builds(
        Judged,
        st.sampled_from(SentimentLabel),
        st.sampled_from([*SentimentLabel, None]),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=40,
)


@given(judgements)
def test_macro_f1_and_accuracy_are_those_of_scikit_learn(judged: list[Judged]) -> None:
    truth = [str(one.truth) for one in judged]
    said = [str(one.said or "abstained") for one in judged]
    expected = f1_score(truth, said, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert macro_f1(judged) == pytest.approx(expected)
    assert measure(judged).accuracy == pytest.approx(accuracy_score(truth, said))
    assert sum(confusion(judged).values()) == len(judged)


@given(judgements)
def test_the_calibration_error_is_the_weighed_gap_of_the_bins(judged: list[Judged]) -> None:
    bins = reliability(judged)
    answers = [one for one in judged if one.said is not None]
    assert sum(one.answers for one in bins) == len(answers)
    assert all(one.low <= one.confidence <= one.high for one in bins)
    gaps = [abs(one.confidence - one.right) * one.answers for one in bins]
    found = measure(judged).ece
    assert found is None if not answers else found == pytest.approx(sum(gaps) / len(answers))


def test_abstentions_count_against_accuracy_and_not_against_precision() -> None:
    judged = [
        Judged(NEGATIVE, NEGATIVE, 0.95),
        Judged(NEGATIVE, None),
        Judged(POSITIVE, NEGATIVE, 0.55),
        Judged(NEUTRAL, NEUTRAL, 0.75),
    ]
    found = measure(judged)
    assert (found.accuracy, found.answered, found.precision) == (0.5, 0.75, pytest.approx(2 / 3))
    assert (found.negative_precision, found.negative_recall) == (0.5, 0.5)
    assert found.ece == pytest.approx((0.05 + 0.55 + 0.25) / 3)


def test_nothing_is_measured_on_nothing() -> None:
    assert measure([]) == type(measure([]))(0, *[None] * 7)


@pytest.mark.parametrize(
    ("compound", "label"),
    [(0.0, NEUTRAL), (0.049, NEUTRAL), (0.05, POSITIVE), (-0.05, NEGATIVE), (-0.049, NEUTRAL)],
)
def test_vader_is_read_by_its_authors_thresholds(compound: float, label: SentimentLabel) -> None:
    assert vader_label(compound) is label

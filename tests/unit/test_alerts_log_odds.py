"""Words that stand out: known cases, what must hold for any input, and the demo's own story."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.log_odds import commonest, fold, log_odds, standing_out
from demo.chronicle import BAD_DAY
from demo.items import Item
from demo.world import World
from nlp.keyphrases import keyphrases
from storage.records import SentimentLabel

END = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
NAMES = ("لوزي", "Lawzy", "lawzy", "لوزى", "تمراجو", "Tamrago")


def test_a_word_new_this_week_stands_out_and_one_as_frequent_as_ever_does_not() -> None:
    now = [(n, ("Payment", "app")) if n < 15 else (n, ("app",)) for n in range(40)]
    before = [(100 + n, ("app", "payment") if n < 3 else ("app",)) for n in range(120)]
    words = standing_out(now, before, frozenset(), 5)
    assert [(word.text, len(word.ids), word.before) for word in words] == [("Payment", 15, 3)]


def test_a_word_is_counted_in_all_its_spellings_and_in_phrases() -> None:
    now = [
        (1, ("التوصيل",)),
        (2, ("توصيل",)),
        (3, ("رسوم التوصيل",)),
        (4, ("تأخر التوصيل",)),
        (5, ("التوصيل",)),
        (6, ("القهوة",)),
    ]
    before = [(100 + n, ("القهوة",)) for n in range(40)]
    [word] = standing_out(now, before, frozenset(), 5)
    assert (word.text, word.ids) == ("التوصيل", (1, 2, 3, 4, 5))


def test_no_word_is_shown_twice_and_a_phrase_stands_for_its_words() -> None:
    now = [(n, ("خدمة العملاء", "رقم العملاء") if n < 4 else ("خدمة العملاء",)) for n in range(12)]
    before = [(100 + n, ("خدمة الغرف",)) for n in range(60)]
    assert [word.text for word in standing_out(now, before, frozenset(), 5)] == ["خدمة العملاء"]


def test_a_brands_own_name_and_rare_words_are_left_out() -> None:
    now = [(n, ("ACME", "refund")) for n in range(20)] + [(50, ("rare",))]
    assert [w.text for w in standing_out(now, [], frozenset({"acme"}), 5)] == ["refund"]


def test_words_that_always_come_together_are_shown_once() -> None:
    now = [(n, ("card", "declined card")) for n in range(10)]
    assert [w.text for w in standing_out(now, [], frozenset(), 5)] == ["declined card"]


def test_what_came_a_little_oftener_by_chance_does_not_stand_out() -> None:
    now = [(n, ("price",) if n < 6 else ("taste",)) for n in range(30)]
    before = [(100 + n, ("price",) if n < 16 else ("taste",)) for n in range(100)]
    assert standing_out(now, before, frozenset(), 5) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("التوصيل", "توصيل"), ("خدمه العملاء", "خدمة عملاء"), ("Refunds", "refund"), ("أخطاء", "اخطاء")],
)
def test_spellings_of_one_word_have_one_form(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_the_commonest_are_whole_phrases() -> None:
    texts = [(1, ["Saudi Arabia"]), (2, ["Saudi Arabia", "Saudi"]), (3, ["Riyadh"])]
    assert [phrase.text for phrase in commonest(texts, frozenset(), 5)] == ["Saudi Arabia"]


texts = st.lists(st.lists(st.text(max_size=4), max_size=5), max_size=30)


@given(texts, texts)
def test_any_words_give_counts_that_their_ids_explain(now: list[list[str]], before: list[list[str]]) -> None:
    ids = list(enumerate(now))
    found = standing_out(ids, list(enumerate(before)), frozenset(), 8, least=1)
    for word in found:
        held = [
            n
            for n, words in ids
            if any(fold(word.text) in map(fold, (phrase, *phrase.split())) for phrase in words)
        ]
        assert sorted(word.ids) == held
    shown = [part for word in found for part in set(fold(word.text).split())]
    assert len(shown) == len(set(shown))


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_the_measure_turns_round_with_its_groups(here: int, there: int, data: st.DataObject) -> None:
    now, before = data.draw(st.integers(0, here)), data.draw(st.integers(0, there))
    assert log_odds(now, here, before, there) == pytest.approx(-log_odds(before, there, now, here))


def _phrases(items: list[Item]) -> list[tuple[int, tuple[str, ...]]]:
    return [(n, keyphrases(item.text, NAMES)) for n, item in enumerate(items)]


def test_delivery_comes_out_as_people_say_it_whatever_is_attached_to_it() -> None:
    lines = [
        "والتوصيل تعبان",
        "زفت بالتوصيل",
        "وش حل للتوصيل",
        "هالتوصيل متى يصير سريع",
        "توصيلهم ما يوصل",
        "فالتوصيل مصيبة",
    ]
    now = [(n, keyphrases(line)) for n, line in enumerate(lines)]
    before = [(100 + n, keyphrases("القهوة باردة والفرع زحمة")) for n in range(40)]
    assert standing_out(now, before, frozenset(), 5)[0].text == "التوصيل"
    assert len(standing_out(now, before, frozenset(), 5)[0].ids) == 6


@pytest.fixture(scope="module")
def world() -> list[Item]:
    return World(END).everything()


def test_the_words_of_the_demos_bad_day_come_out_as_people_say_them(world: list[Item]) -> None:
    angry = [item for item in world if item.about == "own" and item.mood is SentimentLabel.NEGATIVE]
    bad = [item for item in angry if END - BAD_DAY <= item.at < END - BAD_DAY / 2]
    usual = [item for item in angry if item.at < END - BAD_DAY]
    found = [word.text for word in standing_out(_phrases(bad), _phrases(usual), frozenset(), 8)]
    assert "الدفع" in found, "the checkout failed"
    assert not [text for text in found if text.startswith(("وال", "بال", "لل", "فال", "هال"))]


@pytest.mark.parametrize(
    ("topic", "told"), [("late", {"المندوب"}), ("payment", {"الفلوس", "المبلغ"}), ("melted", {"الكيكة"})]
)
def test_what_the_demos_topics_are_about_is_told_in_plain_words(
    world: list[Item], topic: str, told: set[str]
) -> None:
    arabic = [item for item in world if item.language == "ar"]
    of_it = _phrases([item for item in arabic if item.topic == topic])
    rest = _phrases([item for item in arabic if item.topic != topic])
    assert told <= {word.text for word in standing_out(of_it, rest, frozenset(), 8)}

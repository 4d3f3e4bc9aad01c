"""Key phrases: what a text is about, in words that a person would use, in every dialect."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.keyphrases import is_stop_word, keyphrases
from nlp.stems import bare, commonest_form, stem
from nlp.text import fold


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("تأخر علينا التوصيل", "التوصيل"),
        ("والتوصيل تعبان", "التوصيل"),
        ("مشكلتي بالتوصيل", "التوصيل"),
        ("محتاجين حل للتوصيل", "التوصيل"),
        ("توصيلهم بطيء", "التوصيل"),
        ("هالتوصيل ما يمشي", "التوصيل"),
        ("زهقت من التوصيلات", "التوصيل"),
        ("ما وصل طلبي ولا طلباتكم", "الطلب"),
        ("وين المندوب", "المندوب"),
        ("حاولت عالتطبيق", "التطبيق"),
        ("دازو الطلبية ديالي وخايبة التغليف", "التغليف"),
        ("بعتولي فاتورتين غلط والفاتورة عالية", "الفاتورة"),
        ("الموظفين عندهم قليلين ذوق", "الموظفين"),
    ],
)
def test_a_word_is_shown_in_the_form_that_people_use(text: str, phrase: str) -> None:
    assert phrase in keyphrases(text)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("كلمت خدمة العملاء مرتين", "خدمة العملاء"),
        ("مشكلة بخدمة العملاء عندكم", "خدمة العملاء"),
        ("زرنا القرية الشعبية أمس", "القرية الشعبية"),
        ("ارتفعت رسوم التوصيل من جديد", "رسوم التوصيل"),
        ("Their customer service never answers", "customer service"),
        ("why is the delivery fee so high", "delivery fee"),
        ("قرص مضغوط هنا ثم قرص مضغوط هناك", "قرص مضغوط"),
    ],
)
def test_words_that_belong_together_are_one_phrase_and_not_told_apart(text: str, phrase: str) -> None:
    found = keyphrases(text)
    assert found[0] == phrase
    assert not set(phrase.split()) & set(found)


def test_words_joined_by_and_are_no_phrase() -> None:
    assert keyphrases("مناسب للتسوق والترفيه") == ("الترفيه", "التسوق")


def test_forms_of_one_word_are_counted_together() -> None:
    text = "الفرع زحمة، وفروعكم الثانية أحسن من هالفرع، قهوة"
    assert keyphrases(text)[0] == commonest_form("فرع")
    assert keyphrases("Refunds, refund and REFUNDS; screen")[0].lower() in ("refunds", "refund")


@pytest.mark.parametrize(
    "text",
    [
        "هو في هذا وفي على",
        "رائعة ممتاز جدا والله",
        "it's on the way, and you know it",
        "so good!!",
        "",
        "😡 123",
    ],
)
def test_what_carries_no_subject_gives_none(text: str) -> None:
    assert keyphrases(text) == ()


def test_the_names_of_brands_are_left_out_with_all_that_is_attached_to_them() -> None:
    text = "لوزي تأخر ولوزي ما ترد، وبنك الجزيرة أسرع من البنك الثاني"
    found = keyphrases(text, leave_out=("لوزي", "بنك الجزيرة"))
    assert not any("لوزي" in phrase or "جزيرة" in phrase for phrase in found)
    assert "البنك" in found
    assert keyphrases("Lawzy's app and the lawzy app", leave_out=["Lawzy"]) == ("app",)


@pytest.mark.parametrize(
    ("word", "without"),
    [
        ("والتوصيل", ("توصيل", True)),
        ("فبالتوصيل", ("توصيل", True)),
        ("للتوصيل", ("توصيل", True)),
        ("عالتطبيق", ("تطبيق", True)),
        ("وخدمه", ("خدمه", False)),
        ("بسعر", ("سعر", False)),
        ("والده", ("والده", False)),
        ("بالغه", ("بالغه", False)),
        ("عالم", ("عالم", False)),
        ("بطاقه", ("بطاقه", False)),
        ("وقت", ("وقت", False)),
        ("لون", ("لون", False)),
        ("كود", ("كود", False)),
    ],
)
def test_particles_are_told_from_letters_of_the_word(word: str, without: tuple[str, bool]) -> None:
    assert bare(word) == without


@pytest.mark.parametrize(
    ("forms", "one"),
    [
        ("خدمة خدمات الخدمات خدمتكم خدماتهم وخدمتها", "خدمه"),
        ("فرع فروع فروعكم الفرع بالفرع", "فرع"),
        ("موظف موظفين الموظفون موظفينهم", "موظف"),
        ("order orders order's", "order"),
        ("delivery deliveries", "delivery"),
        ("العراقة", "عراقه"),
    ],
)
def test_forms_have_one_stem(forms: str, one: str) -> None:
    assert {stem(fold(form)) for form in forms.split()} == {one}


@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=3))
def test_any_text_gives_few_phrases_and_none_of_them_twice(text: str, names: list[str]) -> None:
    found = keyphrases(text, names)
    assert len(found) <= 6
    assert len(set(found)) == len(found)
    assert all(phrase.strip() and not is_stop_word(fold(phrase)) for phrase in found)


@given(st.text(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئ", max_size=15))
def test_a_stem_is_never_empty_and_its_own_stem_of_known_words(word: str) -> None:
    folded = fold(word)
    assert bool(stem(folded)) == bool(folded)
    plain, _ = bare(folded)
    assert folded.endswith(plain)


@pytest.mark.parametrize("piece", ["و", "ال", "وال", "a'", "@a.", "a.", "http://", "كلمة ", "ـ"])
def test_no_text_takes_long(piece: str) -> None:
    began = process_time()
    keyphrases(piece * 100_000, ["كلمة كلمة", "a"])
    assert process_time() - began < 0.5


def test_it_is_quick() -> None:
    line = "التوصيل تأخر اليوم مع المندوب وما رد علي أحد من خدمة العملاء في الفرع الجديد والسعر مرتفع"
    chance = random.Random(3)
    texts = [" ".join(chance.choices(line.split(), k=17)) for _ in range(2000)]
    keyphrases(texts[0])
    began = process_time()
    for text in texts:
        keyphrases(text)
    assert len(texts) / (process_time() - began) > 2_000, "8,000 a second on a quiet machine"

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.brands import BrandMatcher
from nlp.patterns import BrandRule
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.signals import LANGUAGES, PATTERN_FILES, SignalFinder
from nlp.signals_evidence import Signal, candidates
from nlp.signals_patterns import PatternSet
from nlp.signals_reading import Reading
from storage.records import AspectSentiment, BrandMatch, BrandRole, SentimentLabel, SignalMatch

FINDER = SignalFinder({"Blue Days": ("أيام زرقاء", "#blue_days"), "Nameless": ()})
MATCHER = BrandMatcher(
    [
        BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي")),
        BrandRule("Globex", BrandRole.COMPETITOR, ("Globex", "جلوبكس")),
    ]
)


def found(text: str, sentiment: Opinion | Abstention | None = None) -> dict[str, SignalMatch]:
    matches = FINDER.find(text, "ar" if "ا" in text else "en", MATCHER.find(text), (), sentiment)
    return {match.signal: match for match in matches}


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("بلغي اشتراكي عندكم اليوم", Signal.INTENT_TO_LEAVE),
        ("هقفل حسابي عندكم", Signal.INTENT_TO_LEAVE),
        ("I am closing my account with you", Signal.INTENT_TO_LEAVE),
        ("بدي احجز غرفة", Signal.INTENT_TO_BUY),
        ("ما حدا عم يرد على رسائلي", Signal.IGNORED),
        ("محدش رد عليا من امبارح", Signal.IGNORED),
        ("nobody replied to my emails", Signal.IGNORED),
        ("واش كاين التوصيل لطنجة؟", Signal.QUESTION),
        ("do you deliver to Jeddah?", Signal.QUESTION),
        ("السعر مبالغ فيه", Signal.PRICE_OBJECTION),
        ("قاطعوا هالشركة", Signal.BOYCOTT_CALL),
        ("البطارية انفجرت في يدي", Signal.SAFETY_THREAT),
        ("برفع عليكم قضية", Signal.LEGAL_THREAT),
        ("I will sue you", Signal.LEGAL_THREAT),
        ("أبغى فاتورة باسم الشركة", Signal.CONTRACT_REQUEST),
        ("ياريت تضيفوا خاصية البحث", Signal.FEATURE_REQUEST),
        ("please add a search filter", Signal.FEATURE_REQUEST),
        ("ما قصرتوا والله", Signal.PRAISE),
        ("خدمة سيئة جدا", Signal.COMPLAINT),
    ],
)
def test_a_signal_is_found_with_its_evidence(text: str, signal: Signal) -> None:
    match = found(text)[signal]
    assert 0.5 <= match.confidence <= 1
    assert text[match.start : match.end].strip() == text[match.start : match.end] != ""


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("لن ألغي اشتراكي", Signal.INTENT_TO_LEAVE),
        ("مش هقفل حسابي", Signal.INTENT_TO_LEAVE),
        ("I won't cancel my plan", Signal.INTENT_TO_LEAVE),
        ("almost cancelled my plan", Signal.INTENT_TO_LEAVE),
        ("مو غالي مرة", Signal.PRICE_OBJECTION),
        ("it isn't too expensive", Signal.PRICE_OBJECTION),
        ("غالي شوي بس يستاهل", Signal.PRICE_OBJECTION),
        ("I'm not boycotting them", Signal.BOYCOTT_CALL),
        ("my brother says the food is terrible", Signal.COMPLAINT),
        ("المكان مو مرة سيء", Signal.COMPLAINT),
        ("nearly fell off my chair", Signal.QUALITY_DEFECT),
        ("the court is two streets from here", Signal.LEGAL_THREAT),
        ("Who needs sleep anyway?", Signal.QUESTION),
    ],
)
def test_the_words_of_a_signal_are_not_the_signal(text: str, signal: Signal) -> None:
    assert signal not in found(text)


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        ("أكمي أسرع من جلوبكس", "Acme"),
        ("جلوبكس أرخص من أكمي بكثير", "Globex"),
        ("Acme is slower than Globex", "Globex"),
        ("Globex isn't as good as Acme", "Acme"),
        ("I switched from Acme to Globex", "Globex"),
        ("Acme! I switched from Globex to Acme", "Acme"),
        ("تركت أكمي ورحت جلوبكس", "Globex"),
        ("I prefer Acme over Globex", "Acme"),
        ("Acme vs Globex, any ideas", None),
        ("ما الفرق بين أكمي وجلوبكس", None),
    ],
)
def test_a_comparison_names_the_winner(text: str, winner: str | None) -> None:
    assert found(text)[Signal.COMPARISON].about == winner


@pytest.mark.parametrize(
    ("text", "weakened"),
    [
        ("the food is terrible", False),
        ("my brother says the food is terrible", True),
        ("my brother says it is fine, but the food is terrible", False),
        ("Ask my brother. The food is terrible", False),
    ],
)
def test_what_somebody_else_says_counts_less(text: str, weakened: bool) -> None:
    reading = Reading(text, ())
    (candidate,), _ = candidates(reading, list(PatternSet(PATTERN_FILES).search(reading.marked)))
    assert (candidate.signal, candidate.strength < 0.5) == (Signal.COMPLAINT, weakened)


def test_what_no_brand_is_compared_in_is_no_comparison() -> None:
    assert Signal.COMPARISON not in found("The book is better than the film")


def test_a_review_of_the_brands_own_page_wins_without_naming_it() -> None:
    own = BrandMatch("Acme", BrandRole.OWN, "Acme", None, None, 1.0)
    text = "so much better than Globex"
    (match,) = FINDER.find(text, "en", [own, *MATCHER.find(text)])
    assert (match.signal, match.about) == (Signal.COMPARISON, "Acme")


def test_a_defect_is_of_its_part_and_is_a_complaint() -> None:
    signals = found("الشاشة انكسرت بعد يومين")
    assert signals[Signal.QUALITY_DEFECT].about == "الشاشة"
    assert Signal.COMPLAINT in signals


@pytest.mark.parametrize(
    ("text", "campaign"),
    [
        ("إعلان أيام زرقاء رهيب", "Blue Days"),
        ("#Blue_Days is so boring", "Blue Days"),
        ("شفت إعلان أيام زرقاء أمس", None),
        ("اشترك الآن في أيام زرقاء، أجمل العروض", None),
        ("أحببت هذه الأيام زرقاء السماء", None),
    ],
)
def test_a_campaign_is_responded_to_by_an_opinion(text: str, campaign: str | None) -> None:
    match = found(text).get(Signal.CAMPAIGN_RESPONSE)
    assert (match.about if match else None) == campaign


def test_a_feeling_about_an_experience_is_a_complaint_or_praise_as_sure_as_the_feeling() -> None:
    text = "The staff wandered about"
    sad, glad = (
        Opinion(SentimentLabel.NEGATIVE, -0.8, 0.9),
        Opinion(SentimentLabel.POSITIVE, 0.8, 0.9),
    )
    assert found(text) == {}
    assert found(text, Abstention.UNSURE) == {}
    assert found(text, sad)[Signal.COMPLAINT].confidence == pytest.approx(0.81)
    assert set(found(text, glad)) == {Signal.PRAISE}
    assert found("The sea wandered about", sad) == {}
    aspect = AspectSentiment("quality", SentimentLabel.NEGATIVE, -0.8, 4, 7)
    (match,) = FINDER.find("The sea wandered about", "en", (), (aspect,), sad)
    assert (match.signal, match.start, match.end) == (Signal.COMPLAINT, 0, 22)


def test_other_languages_are_left_alone() -> None:
    assert "fr" not in LANGUAGES
    assert FINDER.find("I will cancel my plan", "fr") == ()


def test_a_word_in_a_link_says_nothing() -> None:
    assert found("https://example.com/boycott-acme-now") == {}


PIECES = """لن ألغي اشتراكي مش غالي جدا أكمي أسرع من جلوبكس، خربت الشاشة؟ #قاطعوا_أكمي السعرررر نار
أيام زرقاء رهيبة I will cancel my account Acme vs Globex broken screen 😡 . ?"""
WORDS = st.sampled_from([*PIECES.split(), "\n"])


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_has_ordered_signals_inside_it(text: str) -> None:
    for opinion in (None, Opinion(SentimentLabel.NEGATIVE, -0.9, 0.95)):
        brands = MATCHER.find(text)
        reading = Reading(text, brands)
        assert len(reading.marked) == len(reading.folded.text)
        matches = FINDER.find(text, "ar", brands, (), opinion)
        assert all(0 <= match.start < match.end <= len(text) for match in matches)
        assert all(0.5 <= match.confidence <= 1 for match in matches)
        assert list(matches) == sorted(matches, key=lambda match: (match.start, match.end, match.signal))


@pytest.mark.parametrize(
    "unit",
    [
        "لا ", "ما أحد ", "not ", "الشاشة انكسرت ", "Acme better than ", "my ", "؟", ". ", "ا", "😡",
        "خدمة سيئة ", "how much ", "أيام زرقاء رهيب ", "قاطعوا ", "ـ", "\ud800", "a" * 50 + " ",
    ],
)  # fmt: skip
def test_no_text_takes_long(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    brands = MATCHER.find(text)
    begun = time.process_time()
    FINDER.find(text, "ar", brands, (), Opinion(SentimentLabel.NEGATIVE, -0.9, 0.95))
    assert time.process_time() - begun < 1

"""Religious and polite formulas of Arabic, by what a customer means with them.

A formula says as a whole what none of its words says: "حسبي الله ونعم الوكيل" is anger, "الله يعطيكم
العافية" is thanks, "السلام عليكم" is neither. Each group gives a text one mark, so that a model which
has met some of its formulas knows them all. The spellings are folded when read; `*` is any ending.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from nlp.text import fold

_GROUPS: dict[str, tuple[str, ...]] = {
    "anger": (
        "حسبي الله", "حسبنا الله", "حسبيا الله", "الله حسيبك*", "الله حسيبهم", "الله وكيلك*", "ربي وكيلك*",
        "وكلت الله", "وكلت عليك* الله", "وكلت عليك* ربي", "وكلت امري", "منك* لله", "منهم لله", "منه لله",
        "الله لا يوفق*", "لا وفق*", "الله لا يبارك*", "لا بارك الله", "الله لا يسامح*", "لا سامح*",
        "الله لا يعطي*", "لا يعطيك* العافيه", "لا يعطيك* عافيه", "الله لا يربح*", "الله لا يكسب*",
        "الله لا يحلل*", "الله لا يهني*", "الله لا يردك*", "الله لا يعافي*", "الله لا يجبر*", "الله لا يشبع*",
        "الله ياخذ*", "الله ياخد*", "ربنا ياخد*", "الله ينتقم", "ربنا ينتقم", "الله يلعن*", "لعنه الله",
        "لعنكم الله", "الله يخرب*", "يخرب بيت*", "الله يخزي*", "الله يسود*", "سود الله", "الله يهد*",
        "الله يقطع*", "الله يحرق*", "الله غالب", "خافوا الله", "خافو الله", "خاف الله", "اتقوا الله",
        "اتقو الله", "ما تخافون الله", "ما تخافوا الله", "حرام عليك*", "ربنا علي الظالم", "الله علي الظالم",
        "الله اكبر عليك*", "اعوذ بالله", "العياذ بالله", "نعوذ بالله", "لا حول", "اللهم ان هذا منكر",
        "اللهم ان هذا لمنكر", "عيب عليك*", "تبا ل*", "سحقا ل*", "بيني وبينك* الله", "اشكيك* لله",
        "اشكيك* ل الله", "نشتكيك* لله", "شكيتك* لله", "الله المستعان", "اخص عليك*", "ذنبنا في رقبت*",
        "خساره فيك*", "قله ذوق", "قله ادب",
    ),
    "thanks": (
        "يعطيك* العافيه", "يعطيك* الف عافيه", "يعطيك* عافيه", "يعطيهم العافيه", "يعطيك* الصحه",
        "يعطيهم الصحه",
        "جزاك* الله", "جزاهم الله", "جزي الله", "الله يجزي*", "الله يجازيك* خير", "الله يجازيك* بخير",
        "بارك الله في*", "الله يبارك*", "ربنا يبارك*", "ربي يبارك*", "اللهم بارك", "تبارك الله",
        "ما شاء الله",
        "ماشاء الله", "ماشاءالله", "مشاء الله", "تسلم ايد*", "تسلم يد*", "تسلم يمين*", "يسلمو*", "يسلم ايد*",
        "يسلم دي*", "الله يسلم*", "سلمت يد*", "سلمت ايد*", "عاشت الايادي", "عاشت ايد*", "بيض الله",
        "الله يبيض*", "ما قصر*", "ماقصر*", "كثر الله", "كتر خير*", "كثر خير*", "كتر الله", "الله يكثر*",
        "الله يسعد*", "الله يوفق*", "ربنا يوفق*", "ربي يوفق*", "الله يحفظ*", "ربنا يحفظ*", "ربي يحفظ*",
        "الله يكرم*", "ربنا يكرم*", "الله يرزق*", "ربنا يرزق*", "ربنا يخلي*", "الله يخلي* لنا", "الله يجبر*",
        "الله يرحم والدي*", "الله يرحم الوالدين", "رحم الله والدي*", "رحم والدي*", "الله ينور*", "في ميزان",
        "كفو", "كفوو", "عفارم", "عاشو", "عاشوا", "ينصر دين*", "الله يعزك*", "الله يفتح*", "ربنا يفتح*",
        "الحمد لله", "الحمدلله", "الف شكر", "شكرا جزيلا", "يكثر خير*", "الله يحيي*", "دمتم", "بالتوفيق",
    ),
    "courtesy": (
        "السلام عليكم", "سلام عليكم", "وعليكم السلام", "صباح الخير", "مساء الخير", "صباح النور", "مساء النور",
        "لو سمحت*", "من فضلك*", "اذا ممكن", "الله يخليك*", "عفاك*", "كل عام وانت*", "كل سنه وانت*",
        "رمضان كريم", "رمضان مبارك", "عيد مبارك", "عيدك* مبارك", "جمعه مباركه", "تقبل الله", "ان شاء الله",
        "انشاء الله", "انشالله", "بسم الله", "صلي علي النبي", "اللهم صل", "استغفر الله", "سبحان الله",
        "اللهم صلي", "رحمه الله عليه", "الله يرحمه", "الله يرحمها", "انا لله",
    ),
}  # fmt: skip
_ANY = "*"
_LONGEST = 5
_STARRED = (3, 4, 5)
"""How long the first words that take any ending are."""

Formula = tuple[tuple[str, ...], str]


@lru_cache(maxsize=1)
def _by_first_word() -> dict[str, list[Formula]]:
    """Return the formulas, words and group, by their first word; the longest first."""
    found: dict[str, list[Formula]] = {}
    for group, phrases in _GROUPS.items():
        for phrase in phrases:
            words = tuple(fold(phrase).split())
            found.setdefault(words[0], []).append((words, group))
    for same_start in found.values():
        same_start.sort(key=lambda formula: -len(formula[0]))
    return found


def formulas(words: Sequence[str]) -> list[str]:
    """Return the group of each formula in a text's folded `words`, in order; none overlaps another.

    The groups are `anger`, `thanks` and `courtesy`. A "و" in front of a formula is not minded.
    """
    found: list[str] = []
    at = 0
    while at < len(words):
        match = _longest(words[at], words[at + 1 : at + _LONGEST])
        if match is None:
            at += 1
            continue
        found.append(match[1])
        at += len(match[0])
    return found


def _longest(first: str, following: Sequence[str]) -> Formula | None:
    for formula in _beginning(first):
        rest = formula[0][1:]
        if len(rest) <= len(following) and all(map(_fits, rest, following)):
            return formula
    return None


@lru_cache(maxsize=50_000)
def _beginning(first: str) -> tuple[Formula, ...]:
    """Return the formulas that may begin with the word `first`, in the order in which they are tried."""
    by_first = _by_first_word()
    return tuple(
        formula
        for word in ((first, first[1:]) if first.startswith("و") else (first,))
        for key in (word, *(word[:size] + _ANY for size in _STARRED if len(word) >= size))
        for formula in by_first.get(key, ())
    )


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith(_ANY) else word == pattern

"""Dates told from now: "3 hours ago", "منذ ساعتين", "il y a 2 jours", "أمس". Pure.

All text here is folded: lower case, plain digits, no accents, marks or hamzas, ه for ة and ي for ى
(`crawlers.dates`).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

_SPANS: Final = {
    timedelta(seconds=1): "s sec secs second seconds seconde secondes ثانيه ثواني ثوان",
    timedelta(minutes=1): "m mn min mins minute minutes دقيقه دقايق د",
    timedelta(hours=1): "h hr hrs hour hours heure heures ساعه ساعات س",
    timedelta(days=1): "d day days j jour jours يوم يوما ايام",
    timedelta(weeks=1): "w wk wks week weeks sem semaine semaines اسبوع اسبوعا اسابيع",
}
_MONTHS: Final = {
    1: "mo mos month months mois شهر شهرا اشهر شهور",
    12: "y yr yrs year years an ans annee annees سنه سنوات سنين عام عاما اعوام",
}
_UNITS: Final[dict[str, timedelta | int]] = {
    word: unit for table in (_SPANS, _MONTHS) for unit, words in table.items() for word in words.split()
}
# Arabic has a form of its own for two of a thing, and needs no number for one or two.
_DUALS: Final[dict[str, timedelta | int]] = {
    **dict.fromkeys(("ثانيتين", "ثانيتان"), timedelta(seconds=2)),
    **dict.fromkeys(("دقيقتين", "دقيقتان"), timedelta(minutes=2)),
    **dict.fromkeys(("ساعتين", "ساعتان"), timedelta(hours=2)),
    **dict.fromkeys(("يومين", "يومان"), timedelta(days=2)),
    **dict.fromkeys(("اسبوعين", "اسبوعان"), timedelta(weeks=2)),
    **dict.fromkeys(("شهرين", "شهران"), 2),
    **dict.fromkeys(("سنتين", "سنتان", "عامين", "عامان"), 24),
}
_ALONE: Final = ("ثانيه", "دقيقه", "ساعه", "يوم", "اسبوع", "شهر", "سنه", "عام")
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        (
            "a an one un une",
            "two deux",
            "three trois ثلاث ثلاثه",
            "four quatre اربع اربعه",
            "five cinq خمس خمسه",
            "six ست سته",
            "seven sept سبع سبعه",
            "eight huit ثمان ثماني ثمانيه",
            "nine neuf تسع تسعه",
            "ten dix عشر عشره",
        ),
        start=1,
    )
    for word in words.split()
}
_DAYS_BACK: Final = {
    **dict.fromkeys(("today", "aujourd'hui", "اليوم"), 0),
    **dict.fromkeys(("yesterday", "hier", "امس", "البارحه"), 1),
    **dict.fromkeys(("avant-hier", "اول امس", "اول من امس"), 2),
}
_NOW: Final = frozenset({"now", "just now", "a l'instant", "maintenant", "الان"})


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_COUNTED: Final = rf"(?:\d{{1,4}}\s?|(?:{_any(_NUMBERS)})\s)(?:من ال)?(?:{_any(_UNITS)})(?!\w)\.?"
_ONE: Final = rf"(?:{_any(_ALONE)})(?:\s(?:واحده?))?(?!\w)"
_AMOUNT: Final = rf"(?:{_COUNTED}|(?:{_any(_DUALS)})(?!\w)|{_ONE})"
_SUM: Final = rf"(?P<sum>{_AMOUNT}(?:(?:\s?(?:،|,|و|and|et)\s?|\s){_AMOUNT}){{0,3}})"
# After one thing without a number nothing else may be said: "منذ عام 2020" is no year ago.
_END: Final = r"(?=\s*(?:$|[^\w\s]))"
_AGO: Final = (
    re.compile(rf"(?<!\w)(?:منذ|قبل)\s(?:حوالي\s|نحو\s|اكثر من\s)?{_SUM}{_END}"),
    re.compile(
        rf"(?<!\w)(?:منذ|قبل)\s(?:حوالي\s|نحو\s|اكثر من\s)?(?P<sum>{_COUNTED}|(?:{_any(_DUALS)})(?!\w))"
    ),
    re.compile(rf"(?<!\w){_SUM}\sago(?!\w)"),
    re.compile(rf"(?<!\w)il y a\s(?:environ\s|plus de\s)?{_SUM}"),
    # As social networks shorten it.
    re.compile(r"^(?P<sum>\d{1,3}\s?(?:s|m|mn|min|h|hr|hrs|d|j|w|wk|sem|mo|y|yr|an|ans|س|د))$"),
)
_PART: Final = re.compile(
    rf"(?:(?P<number>\d{{1,4}})\s?|(?P<word>{_any(_NUMBERS)})\s)?"
    rf"(?:من ال)?(?P<unit>{_any((*_UNITS, *_DUALS))})(?!\w)"
)
_FILLERS: Final = re.compile(r"(?<!\w)(?:at|a|le|الساعه|في|عند|علي|تمام)(?!\w)|[,،|·.:()\-]|\s(?=\s)")


def time_ago(folded: str, now: datetime) -> datetime | None:
    """Return the time that lies as long before `now` as `folded` says, or None where it does not say.

    It is as exact as what is written: "3 weeks ago" may be days off. A month and a year are those of the
    calendar.
    """
    if folded in _NOW:
        return now
    for pattern in _AGO:
        if (found := pattern.search(folded)) is not None:
            return _before(now, found["sum"])
    return None


def day_back(folded: str, now: datetime) -> datetime | None:
    """Return the midnight of the day that `folded` is a word for (today, yesterday), in the zone of `now`.

    Nothing else may stand there: "اليوم السابع" is a newspaper.
    """
    word = " ".join(_FILLERS.sub(" ", folded).split()) if folded != "avant-hier" else folded
    back = _DAYS_BACK.get(word)
    if back is None:
        return None
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)


def _before(now: datetime, written: str) -> datetime | None:
    moment, months = now, 0
    try:
        for part in _PART.finditer(written):
            unit = _UNITS.get(part["unit"]) or _DUALS[part["unit"]]
            count = int(part["number"] or _NUMBERS.get(part["word"] or "", 1))
            if isinstance(unit, int):
                months += count * unit
            else:
                moment -= count * unit
        return _months_before(moment, months)
    except (ValueError, OverflowError):
        return None


def _months_before(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))

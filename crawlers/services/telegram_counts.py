"""Counts as Telegram's pages shorten them: "436.6K", "12 345", and the same in other languages. Pure."""

from __future__ import annotations

import re

from crawlers.dates import plain_digits

_LARGEST = 10**13
_NUMBER = re.compile(r"\d{1,15}(?:[.,\u00a0\u2009\u202f' ]\d{1,15}){0,5}")
_FACTORS = {
    1_000: "k к tsd tys тыс тис mil rb ألف الف آلاف الاف هزار",
    1_000_000: "m м mln млн mio mn jt مليون ملايين میلیون ملیون",
    1_000_000_000: "b g bn млрд mrd mld مليار مليارات میلیارد بلیون",
}
_FACTOR_OF = {word: factor for factor, words in _FACTORS.items() for word in words.split()}
_WORD = re.compile(r"\s{0,3}([^\W\d_]+)")
_THOUSANDS = re.compile(r"[.,\u00a0\u2009\u202f' ](?=\d{3}(?!\d))")


def short_count(written: object) -> int | None:
    """Return the whole number that a shortened count stands for, or None where there is none.

    `"436.6K"` is 436,600, `"3.1M"` 3,100,000, `"12 345"` and `"12,345"` are 12,345, `"٤٣٦٫٦ ألف"` is 436,600.
    The first number counts; what follows it is a factor or, like `subscribers`, of no account.
    """
    if isinstance(written, bool) or not isinstance(written, str | int):
        return None
    text = plain_digits(str(written)[:100]).replace("\u200f", "").replace("\u200e", "")
    found = _NUMBER.search(text)
    if found is None:
        return None
    word = _WORD.match(text, found.end())
    factor = _FACTOR_OF.get(word[1].casefold(), 1) if word else 1
    value = _scaled(found[0], factor)
    return value if value is not None and value <= _LARGEST else None


def _scaled(number: str, factor: int) -> int | None:
    """Return `number` times `factor`; only a number that is shortened has a fraction."""
    if factor > 1 and (parts := re.fullmatch(r"(\d+)[.,](\d{1,3})", number)):
        return round(float(f"{parts[1]}.{parts[2]}") * factor)
    digits = _THOUSANDS.sub("", number)
    return int(digits) * factor if digits.isdecimal() else None

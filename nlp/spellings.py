"""How a brand's name is written by others, and where the same letters mean something else.

Only what brand matching does not already see through is proposed: letter case, hamza, ta marbuta, ya,
tatweel, diacritics, Persian letters, attached particles, lengthened letters and joined hashtags are
folded there (`nlp.text`, `nlp.boundaries`), so that a list of such variants would only be long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from nlp import gazetteer, vocabulary
from nlp.everyday_words import LISTS, is_everyday_word
from nlp.text import fold
from nlp.transliteration import is_arabic, is_loanword, to_arabic, to_arabizi, to_latin
from nlp.wordlists import read_lists

ALREADY_MATCHED = (
    "letter case, hyphens, hamza and ta marbuta, diacritics, attached particles (وفبكل, الـ), "
    "lengthened letters, #hashtags of the name"
)
_SHORT = 3
"""A name of so few Latin letters is a part of many words and abbreviations."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SECTOR_WORDS = {
    True: ("شركة", "تطبيق", "فرع", "طلب", "توصيل", "متجر", "عرض", "خدمة العملاء"),
    False: ("app", "order", "delivery", "branch", "store", "customer service", "account", "offer"),
}


class SpellingKind(StrEnum):
    """How a spelling was come by."""

    NAME = "name"
    ARABIC = "in Arabic"
    LATIN = "in Latin"
    ARABIZI = "Arabizi"
    SPACING = "spaced otherwise"
    HANDLE = "handle"
    TAG = "hashtag"
    SEEN = "seen in mentions"


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way to write the name. `doubt` says why to look twice before taking it, None where nothing does.

    `seen` counts the stored mentions that have it, None where none were looked at; `example` is one.
    """

    text: str
    kind: SpellingKind
    doubt: str | None = None
    seen: int | None = None
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Trap:
    """Where a spelling is not the brand: a line for the option `exclude`, or a reason for `require_any`.

    `phrase` is what to exclude, None where only words nearby can tell; `certain` is False for a phrase
    that was merely met often, and wants a person's look.
    """

    spelling: str
    why: str
    phrase: str | None = None
    certain: bool = True
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is proposed for a name: spellings, likeliest first by kind, traps, and words that must be near."""

    name: str
    spellings: tuple[Spelling, ...]
    traps: tuple[Trap, ...]
    require_any: tuple[str, ...]
    case_sensitive: bool


def suggest(name: str, known: Sequence[str] = (), count: int = 5) -> Suggestion:
    """Return spellings and traps of a name: those of known names, and `count` by rule for each script.

    `known` are the spellings that are configured already; they are looked at for traps, and not proposed
    again.
    """
    name = " ".join(name.split())
    found: dict[str, Spelling] = {}
    for spelling in (*(Spelling(one, SpellingKind.NAME) for one in (name, *known)), *_spellings(name, count)):
        found.setdefault(fold(spelling.text).strip(), spelling)
    spellings = tuple(found.values())
    traps = tuple(trap for spelling in spellings for trap in _traps(spelling))
    scripts = {is_arabic(trap.spelling) for trap in traps if trap.phrase is None}
    require = tuple(word for arabic in (True, False) if arabic in scripts for word in _SECTOR_WORDS[arabic])
    return Suggestion(name, spellings, traps, require, _is_short(name))


def _traps(spelling: Spelling) -> Iterator[Trap]:
    """Yield the traps of a spelling; of a doubtful one only the phrases, since the doubt is told already."""
    if spelling.kind is not SpellingKind.LATIN or spelling.doubt is None:
        yield from (trap for trap in traps_of(spelling.text) if trap.phrase or spelling.doubt is None)


def traps_of(spelling: str) -> Iterator[Trap]:
    """Yield what else a spelling means: known phrases, an everyday word, a name, a place, too few letters."""
    folded = fold(spelling).strip()
    phrases = _phrases().get(folded, ())
    yield from (Trap(spelling, "means something else there", phrase) for phrase in phrases)
    bare = folded.removeprefix("ال")
    if folded in LISTS["names"] or bare in LISTS["names"]:
        yield Trap(spelling, "is a given name too")
    elif folded in _places() or bare in _places():
        yield Trap(spelling, "is a place too")
    elif is_everyday_word(spelling) or (phrases and " " not in folded):
        yield Trap(spelling, "is an everyday word too")
    if _is_short(spelling):
        yield Trap(spelling, "is so short that it stands in abbreviations and other words")


def _spellings(name: str, count: int) -> Iterator[Spelling]:
    yield from (Spelling(text, SpellingKind.SPACING) for text in _spacings(name))
    yield from _known(name)
    if is_arabic(name):
        for text in to_latin(name, count):
            yield Spelling(text.title(), SpellingKind.LATIN, _doubt(text))
        yield from (Spelling(text, SpellingKind.ARABIZI) for text in to_arabizi(name, 2))
        return
    arabic = to_arabic(name, count)
    for rank, text in enumerate(arabic):
        # The likeliest may well be an everyday word; that a less likely one is the brand's is doubtful.
        yield Spelling(text, SpellingKind.ARABIC, _doubt(text) if rank else None)
    for text in _spaced_in_arabic(name, arabic):
        yield Spelling(text, SpellingKind.SPACING)
    handle = re.sub(r"\W", "", fold(name))
    if len(handle) > _SHORT:
        yield Spelling(f"@{handle}", SpellingKind.HANDLE)


def _known(name: str) -> Iterator[Spelling]:
    """Yield the spellings of a name that is known already, but those that hold it ("Saudi Aramco")."""
    inside = f" {gazetteer.key(name)} "
    for text in gazetteer.load().spellings_of(name):
        if inside not in f" {gazetteer.key(text)} ":
            yield Spelling(text, SpellingKind.ARABIC if is_arabic(text) else SpellingKind.LATIN)


def _spacings(name: str) -> Iterator[str]:
    """Yield a name of several words as one, and one of joined words parted; hyphens count as spaces."""
    words = re.split(r"[\s\-]+", name)
    if len(words) > 1:
        yield "".join(words)
        return
    parts = _CAMEL.split(name)
    if len(parts) > 1:
        yield " ".join(parts)
    elif re.match(r"(?i)al[^aeiou\W\d]\w{3,}", name) and name.lower() not in vocabulary.latin():
        yield f"{name[:2]} {name[2:].title()}"


def _spaced_in_arabic(name: str, joined: Sequence[str]) -> Iterator[str]:
    """Yield the Arabic of a name made of two words, written as two (ستار بوكس) and as one."""
    parts = _two_words(name)
    if parts is not None:
        yield from to_arabic(" ".join(parts), 2)
    yield from (text.replace(" ", "") for text in joined[:2] if " " in text)


def _two_words(name: str) -> tuple[str, str] | None:
    """Return the two words of a compound (Starbucks, YouTube), None where it is none."""
    camel = _CAMEL.split(name)
    if len(camel) == 2:
        return camel[0], camel[1]
    lowered = name.lower()
    for cut in range(3, len(lowered) - 2):
        if is_loanword(lowered[:cut]) and is_loanword(lowered[cut:]):
            return lowered[:cut], lowered[cut:]
    return None


def _doubt(text: str) -> str | None:
    ordinary = vocabulary.arabic() if is_arabic(text) else vocabulary.latin()
    if is_everyday_word(text) or ordinary.is_ordinary(fold(text)):
        return "an everyday word"
    return None


def _is_short(name: str) -> bool:
    return name.isascii() and 0 < sum(map(str.isalnum, name)) <= _SHORT and " " not in name


@lru_cache(maxsize=1)
def _phrases() -> dict[str, tuple[str, ...]]:
    text = files("nlp").joinpath("models", "traps.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, phrases = line.partition(":")
            found[fold(word).strip()] = tuple(phrase.strip() for phrase in phrases.split("|"))
    return found


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    return frozenset(fold(word) for word in read_lists("places.txt")["places"])

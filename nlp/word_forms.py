"""The forms in which a word of a list is met: particles, endings and persons that Arabic writes attached.

A list names a word once; a text has it as "والخدمة", "خدمتهم", "بيردوش". Nothing here knows grammar: a
form counts when what remains after taking known pieces off both ends is in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import product

from nlp.text import fold, squeeze

NOT = "NOT"
"""Stands in a phrase for any word that denies."""
VERB, ANY_ENDING = "~", "*"
LONGEST = 24
"""Code points of the longest word that is taken apart; longer ones are not words."""

_ARTICLES = (
    *("ال", "بال", "كال", "فال", "وال", "عال", "هال", "لل", "بهال", "وهال", "وعال", "وبال", "ولل"),
    *("فلل", "وكال", "لهال"),
)
_LETTERS = ("و", "ف", "ب", "ك", "ل", "وب", "ول", "فب")
_NOUN_ENDINGS = (
    *("ه", "ها", "هم", "هن", "كم", "كن", "ك", "ي", "نا", "ين", "ون", "ات", "هما", "ا"),
    *("تي", "تك", "ته", "تها", "تهم", "تكم", "تنا", "اتهم", "اتكم", "اتها", "اته", "اتنا", "كو", "و"),
)
_CONJUNCTIONS = ("", "و", "ف", "ل")
_PERSONS = (
    *("", "ا", "ي", "ت", "ن", "م", "مت", "من", "ان"),
    *(sign + person for sign in "بهحسكدغ" for person in ("ي", "ت", "ن", "ا", "")),
)
_VERB_STARTS = frozenset("".join(parts) for parts in product(_CONJUNCTIONS, _PERSONS))
_SUBJECTS = ("", "ت", "وا", "و", "ون", "ين", "ي", "نا", "تم", "تو", "توا", "ا", "ات", "ه")
_OBJECTS = ("", "ه", "ها", "هم", "ني", "نا", "ك", "كم", "ي", "لي", "لك", "لنا", "لها", "لهم", "لو", "له")
_VERB_ENDINGS = frozenset("".join(parts) for parts in product(_SUBJECTS, _OBJECTS, ("", "ش")))
_DENIALS = (("ما", "ش"), ("وما", "ش"), ("م", "ش"), ("وم", "ش"), ("ما", ""), ("وما", ""))
_SHORTEST_REST = 3
_ELIDED = frozenset({"l", "d", "j", "n", "s", "c", "qu", "m", "t"})


def folded_forms(word: str) -> Iterator[str]:
    """Yield the folded spellings of a word as written: as it is, or without letters drawn out."""
    folded = fold(word).strip()
    yield folded
    for keep in (1, 2):
        squeezed = squeeze(folded, keep)
        if squeezed != folded:
            yield squeezed


def matching(folded: str, listed: Set[str]) -> set[str]:
    """Return the words of `listed` that the folded word is a form of, in any script."""
    if len(folded) > LONGEST:
        return set()
    found = {folded} & listed
    if is_arabic(folded):
        nouns = set(_noun_stems(folded, known=bool(found)))
        found |= nouns & listed
        found |= {VERB + stem for stem in _verb_stems(folded)} & listed
    else:
        found |= set(_latin_stems(folded)) & listed
    return found | ({folded[:length] + ANY_ENDING for length in range(2, len(folded) + 1)} & listed)


def denied(folded: str, listed: Set[str]) -> set[str]:
    """Return the verbs of `listed` that the word denies in itself: "مايردون", "مبيردوش"."""
    if not _SHORTEST_REST + 2 <= len(folded) <= LONGEST:
        return set()
    for start, end in _DENIALS:
        if folded.startswith(start) and folded.endswith(end):
            inner = folded[len(start) : len(folded) - len(end)]
            found = {VERB + stem for stem in _verb_stems(inner)} & listed
            if found:
                return found
    return set()


def is_arabic(folded: str) -> bool:
    """Return whether a word begins with a letter of the Arabic script."""
    return "\u0600" <= folded[:1] <= "\u08ff"


def _noun_stems(word: str, *, known: bool) -> Iterator[str]:
    """Yield what is left without particles and endings; single letters stay on a word that is `known`."""
    for start in _noun_starts(word, known=known):
        yield start
        for ending in _NOUN_ENDINGS:
            rest = start[: -len(ending)]
            if start.endswith(ending) and len(rest) >= _SHORTEST_REST:
                yield rest
                if rest.endswith("ت"):
                    yield rest[:-1] + "ه"
                elif ending[0] == "ت":
                    yield rest + "ه"


def _noun_starts(word: str, *, known: bool) -> Iterator[str]:
    yield word
    for article in _ARTICLES:
        rest = word[len(article) :]
        if word.startswith(article) and len(rest) >= _SHORTEST_REST - 1:
            yield rest
            yield "ال" + rest
    if known:
        return
    for letters in _LETTERS:
        rest = word[len(letters) :]
        if word.startswith(letters) and len(rest) >= _SHORTEST_REST:
            yield rest


def _verb_stems(word: str) -> Iterator[str]:
    for start in range(min(6, len(word) - 1)):
        if word[:start] not in _VERB_STARTS:
            continue
        for end in range(max(start + 2, len(word) - 7), len(word) + 1):
            if word[end:] in _VERB_ENDINGS:
                yield word[start:end]


def _latin_stems(word: str) -> Iterator[str]:
    head, mark, tail = word.partition("'")
    if mark:
        if head in _ELIDED:
            yield tail
        elif tail == "s":
            yield head
    elif word.endswith("s") and len(word) > _SHORTEST_REST:
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]

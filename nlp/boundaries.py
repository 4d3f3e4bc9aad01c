"""Whether a hit in folded text is a word of its own: the one place for that decision."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from operator import itemgetter
from typing import NamedTuple

from nlp.patterns import Form, Key
from nlp.text import Folded, fold_mapped

_ARTICLE = "ال"
_LINK = re.compile(r"(?:https?://|www\.)[^\s]*", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.@])@\w+(?:\.\w+)*")
_TAG = re.compile(r"#\w+")
_WORD = re.compile(r"[^\s_]+")
_LONGEST_WORD = 60

_PARTICLES = {
    prefix: confidence
    for conjunctions in ("", "و", "ف")
    for particle, confidence in (
        ("", 0.98), ("ب", 0.95), ("ك", 0.9), ("ل", 0.95), ("ال", 0.85), ("بال", 0.85), ("كال", 0.8),
        ("لل", 0.85),
    )
    for prefix in (conjunctions + particle,)
    if prefix
}  # fmt: skip
"""Attached particles before a name, and how sure a match after each of them is."""
_SPOKEN_ON = {"ع": 0.85, "وع": 0.85}
"""Spoken for على before any name; not before a short one, where it may be a letter of another word."""
_SHORTEST_AFTER_ON = 4
_COLLOQUIAL = {"ع": 0.9, "ه": 0.9, "وع": 0.9, "وه": 0.9}
"""Particles that only stand before the article: عالـ, هالـ."""
_BEFORE_LAM = {"": 0.95, "و": 0.95, "ف": 0.95}
_WHOLE, _IN_TAG, _IN_HANDLE = 1.0, 0.95, 0.8
_LONGEST_PREFIX = max(map(len, _PARTICLES)) + 1


class Field:
    """A folded text and what is needed to judge hits in it, found once and only if asked.

    `folded` is `fold(original)`, squeezed to `keep` of each repeated letter where `keep` is given.
    """

    __slots__ = ("_handles", "_keep", "_links", "_mapped", "_tags", "_words", "original", "text")

    def __init__(self, original: str, folded: str, keep: int | None = None) -> None:
        self.original = original
        self.text = folded
        self._keep = keep
        self._mapped: Folded | None = None
        self._links = _spans(_LINK, folded) if "http" in folded or "www." in folded else []
        self._handles = _spans(_HANDLE, folded) if "@" in folded else []
        self._tags = _spans(_TAG, folded) if "#" in folded else []
        self._words: list[int] | None = None

    @property
    def mapped(self) -> Folded:
        """The map back to the original, made when a hit is judged to stand and not before."""
        if self._mapped is None:
            mapped = fold_mapped(self.original)
            self._mapped = mapped if self._keep is None else mapped.squeezed(self._keep)
        return self._mapped

    def word_at(self, position: int) -> int:
        """Return how many words stand before `position` of the folded text."""
        if self._words is None:
            self._words = [word.start() for word in _WORD.finditer(self.text)]
        return max(0, bisect_right(self._words, position) - 1)

    def link_at(self, start: int) -> bool:
        """Return whether `start` is inside a link."""
        return _covering(self._links, start) is not None

    def handle_at(self, start: int) -> tuple[int, int] | None:
        """Return the span of the @handle around `start`, if there is one."""
        return _covering(self._handles, start)

    def tag_at(self, start: int) -> tuple[int, int] | None:
        """Return the span of the #tag around `start`, if there is one."""
        return _covering(self._tags, start)

    def camel_joint(self, position: int) -> bool:
        """Return whether the original goes from a small letter or digit to a capital at `position`."""
        before = self.original[self.mapped.starts[position - 1]]
        after = self.original[self.mapped.starts[position]]
        return after.isupper() and not before.isupper()


class Standing(NamedTuple):
    """Where in the folded text a hit stands as a word, and how sure that is, 0…1."""

    start: int
    end: int
    confidence: float


def standing(field: Field, start: int, end: int, key: Key) -> Standing | None:
    """Return where the name of `key`, hit at folded[start:end], stands, or None if it is not a word there."""
    if field.link_at(start):
        return None
    if key.form is Form.GLOB:
        return _as_glob(field, start, end, key.glob)
    confidence = _stands_alone(field, start, end, key)
    return None if confidence is None else Standing(start, end, confidence)


def _stands_alone(field: Field, start: int, end: int, key: Key) -> float | None:
    handle = field.handle_at(start)
    if key.form is Form.HANDLE or handle is not None:
        return _as_handle(handle, start, end, key)
    tag = field.tag_at(start)
    if key.form is Form.WHOLE_TAG:
        return _WHOLE if tag == (start, end) else None
    if key.form is Form.TAG and tag is None:
        return None
    if not _ends(field, end, in_tag=tag is not None):
        return None
    confidence = _beginning(field, start, key, in_tag=tag is not None)
    return min(confidence, _IN_TAG) if confidence is not None and tag is not None else confidence


def _as_glob(field: Field, start: int, end: int, glob: str) -> Standing | None:
    """Try the whole word around a hit, then without each particle that it may begin with."""
    if field.handle_at(start) is not None:
        return None
    text = field.text
    while start > 0 and is_word(text[start - 1]) and end - start <= _LONGEST_WORD:
        start -= 1
    while end < len(text) and is_word(text[end]) and end - start <= _LONGEST_WORD:
        end += 1
    word = text[start:end]
    if len(word) > _LONGEST_WORD:
        return None
    if fits(glob, word):
        return Standing(start, end, _WHOLE)
    for prefix, confidence in _PARTICLES.items():
        if word.startswith(prefix) and fits(glob, word[len(prefix) :]):
            return Standing(start + len(prefix), end, confidence)
    return None


def fits(glob: str, word: str) -> bool:
    """Return whether `*` (any letters, or none) and `?` (one) make `glob` into `word`.

    Going back only to the last star is enough, so the work is at most the product of the two lengths,
    both of which are bounded here.
    """
    at = star = 0
    resume = -1
    position = 0
    while position < len(word):
        if at < len(glob) and glob[at] == "*":
            star, resume = at, position
            at += 1
        elif at < len(glob) and glob[at] in ("?", word[position]):
            at += 1
            position += 1
        elif resume >= 0:
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return not glob[at:].strip("*")


def is_word(character: str) -> bool:
    """Return whether a folded character is part of a word (letters and digits, of scripts with spaces)."""
    return character.isalnum() and not _runs_on(character)


def _as_handle(handle: tuple[int, int] | None, start: int, end: int, key: Key) -> float | None:
    if handle is None or handle[1] != end:
        return None
    if key.form is Form.HANDLE:
        return _WHOLE if handle[0] == start else None
    return _IN_HANDLE if handle[0] == start - 1 and key.form is not Form.AFTER_LAM else None


def _ends(field: Field, end: int, *, in_tag: bool) -> bool:
    text = field.text
    if end >= len(text) or not is_word(text[end]) or not is_word(text[end - 1]):
        return True
    if _is_arabic(text[end]) != _is_arabic(text[end - 1]):
        return True
    return in_tag and field.camel_joint(end)


def _beginning(field: Field, start: int, key: Key, *, in_tag: bool) -> float | None:
    text = field.text
    begin = start
    while begin > 0 and start - begin <= _LONGEST_PREFIX and is_word(text[begin - 1]):
        begin -= 1
    prefix = text[begin:start]
    if key.form is Form.AFTER_LAM:
        return _BEFORE_LAM.get(prefix)
    if not prefix or not is_word(text[start]):
        return _WHOLE
    if in_tag and field.camel_joint(start):
        return _WHOLE
    if not _is_arabic(prefix[-1]):
        return _WHOLE if _is_arabic(text[start]) else None
    has_article = key.text.startswith(_ARTICLE)
    if has_article and prefix.endswith(_ARTICLE):
        return None
    if has_article and prefix in _COLLOQUIAL:
        return _COLLOQUIAL[prefix]
    if prefix in _SPOKEN_ON and len(key.text) >= _SHORTEST_AFTER_ON and _is_arabic(text[start]):
        return _SPOKEN_ON[prefix]
    return _PARTICLES.get(prefix)


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def _covering(spans: list[tuple[int, int]], position: int) -> tuple[int, int] | None:
    if not spans:
        return None
    index = bisect_right(spans, position, key=itemgetter(0)) - 1
    span = spans[max(0, index)]
    return span if span[0] <= position < span[1] else None


def _is_arabic(character: str) -> bool:
    return "\u0600" <= character <= "\u08ff"


def _runs_on(character: str) -> bool:
    """Return whether the script of a letter writes words without spaces between them."""
    if character < "\u0e00":
        return False
    return unicodedata.category(character) == "Lo" and (
        "\u0e00" <= character <= "\u0eff"
        or "\u3040" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
    )

"""What stands around a name in a text: the words on either side, and how they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlp.everyday_words import LISTS
from nlp.text import fold
from nlp.wordlists import read_lists

_ARABIZI = read_lists("language-words.txt")["arabizi"] - LISTS["english"]
_NUMERAL_WORD = re.compile(r"\b(?:[a-z]+[2357](?:[a-z]|\b)|[2357][a-z]{3,})")
_REACH = 120
"""Code points on either side that are read."""
_NEAR = 9
"""Words on either side that are read."""
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]")
_BREAKS = frozenset('.!?؟,،;؛:\n()[]"“”«»|/…-–—')
_AT = "@"
_FRENCH_AT = re.compile(r"\s[àÀ]\s")
"""French "at", which folds to the English article."""
_HEADLINE = 3
"""From this number of words on, capitals at most of them are a headline's."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A name as written and the folded words around it, nearest first; "" stands for a break or an end.

    `attached` is what Arabic writes before it in the same word. `capitals` tells whether other words
    nearby begin with a capital, `headline` whether most do, `arabic` whether most letters are Arabic,
    `arabizi` whether the words are Arabic in Latin letters.
    """

    written: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    attached: str
    in_tag: bool
    capitals: bool
    headline: bool
    arabic: bool
    arabizi: bool

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Surroundings:
        """Return the surroundings of text[start:end], from 120 code points on either side."""
        left, right = text[max(0, start - _REACH) : start], text[end : end + _REACH]
        left = _FRENCH_AT.sub(" at ", left)
        attached = re.search(r"[^\W\d_]*\Z", fold(left))
        prefix = attached[0] if attached and len(attached[0]) <= 4 and not attached[0].isascii() else ""
        earlier = _words(fold(left)[: len(fold(left)) - len(prefix)])[::-1]
        around = left + right
        inner = [word for word in around.split()[1:] if word[0].isalpha()]
        capitals = sum(word[0].isupper() for word in inner)
        arabic = sum("\u0620" <= character <= "\u06ff" for character in around)
        latin = sum(character.isascii() and character.isalpha() for character in around)
        return cls(
            written=text[start:end],
            before=tuple(earlier[:_NEAR]),
            after=tuple(_words(fold(right))[:_NEAR]),
            attached=prefix,
            in_tag=bool(re.search(r"#\w*\Z", left)),
            capitals=capitals > 0,
            headline=len(inner) >= _HEADLINE and capitals > len(inner) / 2,
            arabic=arabic > latin,
            arabizi=_is_arabizi(fold(around)),
        )


def _words(folded: str) -> list[str]:
    return ["" if token in _BREAKS else token for token in _TOKEN.findall(folded) if token != _AT]


def _is_arabizi(folded: str) -> bool:
    return bool(_NUMERAL_WORD.search(folded)) or len(_ARABIZI.intersection(folded.split())) > 1

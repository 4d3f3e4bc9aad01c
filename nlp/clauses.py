"""Words, marks and clauses of a text, in any script, with offsets of the text as it is.

A clause ends at a full stop and its kin, at a line break, after emoji, and before a word at which the
thought turns ("but", لكن). Commas and "and" are joints: whether a clause is cut there depends on what
stands on both sides, which is for the caller to decide.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from nlp.aspect_words import WORD

MOST_TOKENS = 2_500
"""Words and marks of a text that are read; more than any post or review, and a good part of an article."""

_TOKEN = re.compile(
    rf"(?P<link>(?:https?://|www\.)\S*|@\w+)|(?P<word>{WORD})"
    r"|(?P<stop>[.!?؟؛;…\n])|(?P<comma>[,،:()\[\]\"«»“”|/–—])"
)
_FIRST_EMOJI = "\u2600"


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    EMOJI = auto()
    STOP = auto()
    COMMA = auto()


_ENDING = (Kind.STOP, Kind.EMOJI)
_KINDS = {"word": Kind.WORD, "stop": Kind.STOP, "comma": Kind.COMMA}


class Token(NamedTuple):
    """A word, emoji or mark at `start`…`end`, code points of the text."""

    kind: Kind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a text: its tokens `first`…`last` (exclusive), and those of them that begin at a joint."""

    first: int
    last: int
    joints: tuple[int, ...]


def tokens_of(text: str) -> list[Token]:
    """Return the words, emoji and marks of `text` in order, at most 2,500; links and handles are left out."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = _KINDS.get(match.lastgroup or "")
        if kind is None:
            continue
        if len(found) >= MOST_TOKENS:
            break
        word = match[0]
        start, end = match.span()
        if end - start == 1 and word >= _FIRST_EMOJI and not word.isalnum():
            kind = Kind.EMOJI
        found.append(Token(kind, word, start, end))
    return found


def clauses_of(tokens: Sequence[Token], turns: Sequence[int], joins: Sequence[int]) -> list[Clause]:
    """Return the clauses of the tokens, none of them empty.

    `turns` are the tokens that begin a contrast, `joins` those that are or carry an "and".
    """
    joints = set(joins) | {place + 1 for place, token in enumerate(tokens) if token.kind is Kind.COMMA}
    ordered = sorted(joints)
    clauses: list[Clause] = []
    first = 0
    for end in _ends(tokens, frozenset(turns)):
        if end > first:
            inside = ordered[bisect_right(ordered, first) : bisect_left(ordered, end)]
            clauses.append(Clause(first, end, tuple(inside)))
        first = end
    return clauses


def _ends(tokens: Sequence[Token], turns: frozenset[int]) -> Iterator[int]:
    """Yield where clauses end: after stops and runs of emoji, before turns, and at the end."""
    for place, token in enumerate(tokens):
        if place in turns:
            yield place
        following = tokens[place + 1].kind if place + 1 < len(tokens) else None
        if token.kind in _ENDING and following not in _ENDING:
            yield place + 1
    yield len(tokens)

"""Boolean queries: the language, its parser, and what a query finds among the places of its terms.

    (acme OR أكمي*) AND (phone NEAR/5 "customer service") NOT "acme looney tunes"

Operators are in capitals. NEAR/n binds tightest, then NOT, then AND, which may be left out, then OR. A
term is a word, a phrase in quotes, a #tag (the whole tag), an @handle, or a word with `*` (any letters,
or none) and `?` (one letter). A query holds at most 200 terms, and 40 operators inside one another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

from lark import Lark, Token, Transformer_NonRecursive, UnexpectedCharacters, UnexpectedToken
from lark.exceptions import UnexpectedInput, VisitError

from nlp.errors import BrandConfigError
from nlp.query_nodes import Adjacent, Both, Either, Near, Negation, Node, Place, Places, Term
from nlp.text import fold

MOST_TERMS = 200
DEEPEST = 40
FARTHEST = 100
"""The largest n of NEAR/n, in words."""

_GRAMMAR = r"""
start: either
?either: both (_OR both)*
?both: part (_AND? part)*
?part: NOT part -> negation
     | near
?near: near NEAR atom -> nearness
     | atom
?atom: WORD -> word
     | PHRASE -> phrase
     | "(" either ")"
_OR.2: /OR(?![^\s()"“”«»])/
_AND.2: /AND(?![^\s()"“”«»])/
NOT.2: /NOT(?![^\s()"“”«»])/
NEAR.2: /NEAR\/\d{1,3}(?![^\s()"“”«»])/
PHRASE: /"[^"]*"|“[^”]*”|«[^»]*»/
WORD: /[^\s()"“”«»]+/
%ignore /\s+/
"""
_NAMES = {
    "WORD": "a word", "PHRASE": "a phrase in quotes", "NOT": "NOT", "LPAR": "(", "RPAR": ")", "_AND": "AND",
    "_OR": "OR", "NEAR": "NEAR/5", "$END": "the end",
}  # fmt: skip
_LOWER_CASE = re.compile(r"(?:and|or|not|near(?:/\d+)?)\Z", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W_]{2}")
_GLOB = re.compile(r"[\w*?]+\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: its terms as written, without quotes, and what must hold of them."""

    terms: tuple[str, ...]
    root: Node

    def evidence(self, places: Places) -> Sequence[Place]:
        """Return the places of the first term that must stand, in order; none where the query fails."""
        return sorted(self.root.evidence(places) or ())


def parse(brand: str, text: str) -> Query:
    """Return the parsed query of a brand.

    Raises BrandConfigError, with the column (and the line, where there are several) counted from 1, for
    a mistake in writing, for a wildcard without two letters or digits beside one another, for a query
    that could hold in a text with none of its terms, and for one beyond the limits.
    """
    builder = _Builder()
    try:
        part = builder.transform(_parser().parse(text))
        _require_positive(part)
    except VisitError as error:
        if not isinstance(error.orig_exc, _Mistake):
            raise
        mistake = error.orig_exc
    except _Mistake as error:
        mistake = error
    except UnexpectedInput as error:
        mistake = _unexpected(error, text)
    else:
        return Query(tuple(builder.terms), part.node)
    raise BrandConfigError(brand, "query", f"{_position(text, mistake.at)}: {mistake}") from mistake


def is_wildcard(term: str) -> bool:
    """Return whether a term of a query has a `*` or `?`; neither is sought as a character."""
    return "*" in term or "?" in term


class _Mistake(Exception):
    """What is wrong in a query, and at which offset of it."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at


class _Part(NamedTuple):
    """A node with what is checked while a query is built; `positive` if it needs some term to stand."""

    node: Node
    at: int
    depth: int
    positive: bool


class _Builder(Transformer_NonRecursive[Token, _Part]):
    """Builds the nodes from the leaves up; every check that the grammar cannot make is made here."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[str, int] = {}

    def word(self, children: list[Token]) -> _Part:
        token = children[0]
        if _LOWER_CASE.match(token):
            form = "NEAR/5" if token.lower().startswith("near") else token.upper()
            raise _Mistake(
                token.start_pos or 0, f'an operator is written {form}; put "{token}" in quotes for the word'
            )
        if token.startswith("-"):
            raise _Mistake(token.start_pos or 0, "write NOT before a word instead of -")
        return self._leaf(self._term(str(token), token.start_pos or 0), token)

    def phrase(self, children: list[Token]) -> _Part:
        token = children[0]
        at, words = token.start_pos or 0, token[1:-1].split()
        if not is_wildcard(token):
            return self._leaf(self._term(" ".join(words), at), token)
        return self._leaf(Adjacent(tuple(self._term(word, at) for word in words)), token)

    def negation(self, children: list[Token | _Part]) -> _Part:
        token, part = cast("tuple[Token, _Part]", tuple(children))
        return self._node(Negation(part.node), (part,), positive=False)._replace(at=token.start_pos or 0)

    def nearness(self, children: list[Token | _Part]) -> _Part:
        left, token, right = cast("tuple[_Part, Token, _Part]", tuple(children))
        distance = int(token[5:])
        if not 1 <= distance <= FARTHEST:
            raise _Mistake(token.start_pos or 0, f"NEAR takes 1 to {FARTHEST} words, such as NEAR/5")
        for side in (left, right):
            if not _has_place(side.node):
                raise _Mistake(
                    side.at, "NEAR stands between words, phrases, or an OR of these in parentheses"
                )
        return self._node(Near(left.node, right.node, distance), (left, right), positive=True)

    def both(self, children: list[_Part]) -> _Part:
        positive = any(part.positive for part in children)
        return self._node(Both(tuple(part.node for part in children)), children, positive)

    def either(self, children: list[_Part]) -> _Part:
        for part in children:
            _require_positive(part)
        return self._node(Either(tuple(part.node for part in children)), children, positive=True)

    def start(self, children: list[_Part]) -> _Part:
        return children[0]

    def _node(self, node: Node, children: Sequence[_Part], positive: bool) -> _Part:
        depth = 1 + max(part.depth for part in children)
        if depth > DEEPEST:
            raise _Mistake(
                children[0].at, f"more than {DEEPEST} operators inside one another; write it flatter"
            )
        return _Part(node, children[0].at, depth, positive)

    def _leaf(self, node: Node, token: Token) -> _Part:
        return _Part(node, token.start_pos or 0, 0, True)

    def _term(self, written: str, at: int) -> Term:
        problem = _problem_of(written)
        if problem:
            raise _Mistake(at, problem)
        index = self.terms.setdefault(written, len(self.terms))
        if index >= MOST_TERMS:
            raise _Mistake(at, f"more than {MOST_TERMS} terms; split the brand in two")
        return Term(index)


def _problem_of(term: str) -> str | None:
    folded = fold(term)
    if not any(character.isalnum() for character in folded):
        return f"{term!r} has no letter or digit"
    if not is_wildcard(term):
        return None
    if not _GLOB.match(folded):
        return f"{term!r}: a word with * or ? holds only letters and digits beside them"
    if not _LETTERS.search(folded):
        return f"{term!r}: a word with * or ? needs two letters or digits beside one another"
    return None


def _has_place(node: Node) -> bool:
    if isinstance(node, Either):
        return all(_has_place(part) for part in node.parts)
    return isinstance(node, Term | Adjacent | Near)


def _require_positive(part: _Part) -> None:
    if not part.positive:
        raise _Mistake(part.at, "NOT alone finds every other text; join it by AND to what must stand")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic")


def _unexpected(error: UnexpectedInput, text: str) -> _Mistake:
    at = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedCharacters):
        return _Mistake(at, f"the quote {text[at]} is not closed")
    expected = error.expected if isinstance(error, UnexpectedToken) else set()
    names = [name for key, name in _NAMES.items() if key in expected]
    wanted = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
    token = getattr(error, "token", None)
    if token is None or token.type == "$END":
        return _Mistake(len(text), f"the query ends where {wanted} was expected")
    return _Mistake(at, f"found {str(token)!r} where {wanted} was expected")


def _position(text: str, at: int) -> str:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"line {line}, column {column}" if "\n" in text else f"column {column}"

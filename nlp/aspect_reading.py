"""A text read with the lexicon: which aspects it names, what judges, what is denied, where it turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nlp.aspect_words import Lexicon, Node, Role, Sense, WordKeys
from nlp.clauses import Clause, Kind, Token, clauses_of, tokens_of
from nlp.word_forms import NOT

_NEARBY = 10
"""How many words away the condition of a phrase may stand."""
_LONGEST_PHRASE = 8
_DENIAL_REACH = 3
"""How many words after it a denial still reaches ("not a very good …")."""
_DENIED_PRAISE, _DENIED_BLAME = -0.8, -0.6
"""What remains of praise and of blame that is denied: "not good" is bad, "not bad" is not quite good."""
_NO_WORD = WordKeys(frozenset(), frozenset(), False, False)


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the lexicon at the tokens `first`…`last` (exclusive), in one of its senses."""

    first: int
    last: int
    sense: Sense


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judging word or phrase at the tokens `first`…`last` (exclusive): +1 or -1, less when denied."""

    first: int
    last: int
    sign: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: tokens, clauses, and hits by what they do, each in order."""

    tokens: list[Token]
    clauses: list[Clause]
    aspects: list[Hit]
    judgements: list[Judgement]
    touchpoints: list[Hit]
    questions: list[Hit]
    denials: frozenset[int]
    judging: frozenset[int]

    def span(self, hit: Hit) -> tuple[int, int]:
        """Return where a hit begins and ends in the text, in code points."""
        return self.tokens[hit.first].start, self.tokens[hit.last - 1].end

    def signed(self, hit: Hit) -> float:
        """Return what a hit says by itself, -1…1: turned round and weaker where it is denied just before.

        A denial reaches over three words, but not over a mark or another judging word: "not cheap, good"
        praises.
        """
        sign = float(hit.sense.sign)
        for place in range(hit.first, max(-1, hit.first - _DENIAL_REACH - 1), -1):
            if place in self.denials:
                return sign * (_DENIED_PRAISE if sign > 0 else _DENIED_BLAME)
            if place == 0 or self.tokens[place - 1].kind is not Kind.WORD or place - 1 in self.judging:
                break
        return sign


def read(text: str, lexicon: Lexicon, *, without_aspects: bool = False) -> Reading | None:
    """Return the reading of `text`, or None where no aspect is named, unless that is wanted too."""
    tokens = tokens_of(text)
    words = [
        lexicon.look_up(token.text) if token.kind in (Kind.WORD, Kind.EMOJI) else _NO_WORD for token in tokens
    ]
    if not without_aspects and not any(word.leads for word in words):
        return None
    by_role: dict[Role, list[Hit]] = {role: [] for role in Role}
    for hit in _Scan(lexicon.root, words).hits():
        by_role[hit.sense.role].append(hit)
    if not without_aspects and not by_role[Role.ASPECT]:
        return None
    joins = [hit.first for hit in by_role[Role.CONJUNCTION]]
    joins += [place for place, word in enumerate(words) if word.joined]
    # At the end of a clause such a word means something else: "كاش بس؟" asks for cash only.
    turns = [
        hit.first
        for hit in by_role[Role.CONTRAST]
        if hit.last < len(tokens) and tokens[hit.last].kind is Kind.WORD
    ]
    opinions = by_role[Role.OPINION]
    reading = Reading(
        tokens,
        clauses_of(tokens, turns, joins),
        by_role[Role.ASPECT],
        [],
        by_role[Role.TOUCHPOINT],
        by_role[Role.QUESTION],
        frozenset(hit.last for hit in by_role[Role.NEGATION]),
        frozenset(place for hit in opinions for place in range(hit.first, hit.last)),
    )
    reading.judgements.extend(Judgement(hit.first, hit.last, reading.signed(hit)) for hit in opinions)
    return reading


class _Scan:
    """Finds the phrases of the trie in the words of one text, the longest at each place."""

    def __init__(self, root: Node, words: list[WordKeys]) -> None:
        self._root = root
        self._words = words

    def hits(self) -> Iterator[Hit]:
        """Yield the hits in order; hits of one phrase in several senses stand at the same place."""
        place = 0
        while place < len(self._words):
            word = self._words[place]
            step = 1
            if word.keys or word.denied:
                found = self._longest(place)
                yield from found
                step = max((hit.last - place for hit in found), default=1)
            place += step

    def _longest(self, place: int) -> list[Hit]:
        ends = sorted(self._ends(self._root, place, 0), key=lambda found: -found[0])
        if not ends and self._words[place].denied:
            return self._denied_in_itself(place)
        around: frozenset[str] | None = None
        kept: list[Hit] = []
        for last, sense in ends:
            if kept and last < kept[0].last:
                break
            if sense.nearby or sense.unless:
                around = self._around(place, last) if around is None else around
                if not sense.holds(around):
                    continue
            if not any(hit.sense.role is sense.role and hit.sense.name == sense.name for hit in kept):
                kept.append(Hit(place, last, sense))
            elif sense.sign:
                kept = [
                    hit if hit.sense.sign or hit.sense.name != sense.name else Hit(place, last, sense)
                    for hit in kept
                ]
        return kept

    def _denied_in_itself(self, place: int) -> list[Hit]:
        """Return the judgement of a word that carries its denial ("معجبنيش"), turned round."""
        senses = [
            sense
            for key in sorted(self._words[place].denied)
            if key in self._root.following
            for sense in self._root.following[key].senses
            if sense.role is Role.OPINION
        ]
        return [Hit(place, place + 1, Sense(Role.OPINION, sign=-sense.sign)) for sense in senses[:1]]

    def _ends(self, node: Node, place: int, length: int) -> Iterator[tuple[int, Sense]]:
        if place >= len(self._words) or length >= _LONGEST_PHRASE:
            return
        word = self._words[place]
        for following in self._steps(node, word):
            for sense in following.senses:
                yield place + 1, sense
            if following.following:
                yield from self._ends(following, place + 1, length + 1)

    def _steps(self, node: Node, word: WordKeys) -> Iterator[Node]:
        for key in word.keys:
            if key in node.following:
                yield node.following[key]
        if word.denied and NOT in node.following:
            after = node.following[NOT].following
            for key in word.denied:
                if key in after:
                    yield after[key]

    def _around(self, place: int, last: int) -> frozenset[str]:
        near = self._words[max(0, place - _NEARBY) : last + _NEARBY]
        return frozenset().union(*(word.keys for word in near))

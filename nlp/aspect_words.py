"""The words by which parts of a customer's experience, judgements and turns of thought are recognised.

The lists are text files beside the models; their marks are explained at the top of aspects-ar.txt.
Phrases are held in a trie over the words of the lists, so that a text costs one look-up a word however
long the lists are; in which forms a word is met is decided by `nlp.word_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from importlib.resources import files

from nlp.text import fold
from nlp.word_forms import ANY_ENDING, NOT, VERB, denied, folded_forms, matching

FILES = ("aspects-ar.txt", "aspects-latin.txt", "aspects-opinions.txt")
OPINION = "OPINION"
"""Among the words that must stand nearby: any word that judges."""

WORD = (
    r"\d[\d.,٫٬]*\d|[^\W_]+(?:[\u0300-\u036f\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u200b-\u200f\ufeff]+[^\W_]*)*"
    r"(?:['’ʼ`][^\W_]+)*|[\u2600-\u27bf\u2b50\U0001f300-\U0001faff]"
)
"""A word with its marks and invisible joints, a number, or an emoji."""
_WORD = re.compile(WORD)
_CONDITION = re.compile(r" ([?!]) ")
_BLOCKED, _WHOLE = "blocked", "whole"
"""Headings of words that are never forms of others: not at all, or only themselves."""
_REMEMBERED = 100_000


class Role(Enum):
    """What a word or phrase does in a sentence."""

    ASPECT = auto()
    OPINION = auto()
    NEGATION = auto()
    CONTRAST = auto()
    CONJUNCTION = auto()
    TOUCHPOINT = auto()
    QUESTION = auto()
    NOTHING = auto()


_ROLES = {
    "+": Role.OPINION,
    "-": Role.OPINION,
    "negation": Role.NEGATION,
    "contrast": Role.CONTRAST,
    "and": Role.CONJUNCTION,
    "question": Role.QUESTION,
    "none": Role.NOTHING,
    "affirmed": Role.NOTHING,
}
_SIGNS = {"+": 1, "-": -1}


@dataclass(frozen=True, slots=True)
class Sense:
    """What a phrase means: for an aspect its name and touchpoint, for what judges a sign, +1 or -1.

    `nearby` are words of which one must stand near the phrase if there are any, `unless` words of which
    none may, both as words of the lexicon.
    """

    role: Role
    name: str = ""
    sign: int = 0
    touchpoint: str | None = None
    nearby: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()

    def holds(self, around: frozenset[str] | set[str]) -> bool:
        """Return whether the phrase means this among the listed words `around` it."""
        return not (self.unless & around) and (not self.nearby or bool(self.nearby & around))


@dataclass(slots=True)
class Node:
    """A place in the trie: the words that may follow, and the senses of the phrase that ends here."""

    following: dict[str, Node] = field(default_factory=dict)
    senses: list[Sense] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WordKeys:
    """The listed words that a word of a text is a form of.

    `denied` are those that it denies in itself ("مبيردوش"). `leads` tells that an aspect may begin here;
    `joined` that the word has "and" attached.
    """

    keys: frozenset[str]
    denied: frozenset[str]
    leads: bool
    joined: bool


class Lexicon:
    """The shipped lists and a customer's own words. Read once; look-ups are remembered."""

    def __init__(self, extra: Mapping[str, Sequence[str]]) -> None:
        self.root = Node()
        self._kept_apart: dict[str, set[str]] = {_BLOCKED: set(), _WHOLE: set()}
        self._listed: set[str] = {NOT}
        self._deniers: set[str] = set()
        self._judges: set[str] = set()
        self._leading: set[str] = set()
        self._seen: dict[str, WordKeys] = {}
        for name in FILES:
            self._read(files("nlp").joinpath("models", name).read_text(encoding="utf-8"))
        for aspect, phrases in extra.items():
            for phrase in phrases:
                self._add([fold(word) for word in _WORD.findall(phrase)], Sense(Role.ASPECT, aspect))
        self._leading = {key for key, node in self.root.following.items() if _has_aspect(node)}

    def look_up(self, word: str) -> WordKeys:
        """Return what the word as written in a text is a form of."""
        found = self._seen.get(word)
        if found is None:
            found = self._analyse(word)
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[word] = found
        return found

    def _analyse(self, word: str) -> WordKeys:
        keys: set[str] = set()
        inner: set[str] = set()
        folded = ""
        for folded in folded_forms(word):
            if folded in self._kept_apart[_BLOCKED]:
                continue
            if folded in self._kept_apart[_WHOLE]:
                keys |= {folded} & self._listed
                continue
            if not keys:
                inner |= denied(folded, self._listed)
            keys |= matching(folded, self._listed) - inner
        if keys & self._deniers:
            keys.add(NOT)
        if (keys | inner) & self._judges:
            keys.add(OPINION)
        leads = bool((keys | inner) & self._leading) or (bool(inner) and NOT in self._leading)
        joined = folded.startswith("و") and bool(keys) and folded not in self._listed
        return WordKeys(frozenset(keys), frozenset(inner), leads, joined)

    def _read(self, text: str) -> None:
        heading = ""
        for line in text.splitlines():
            if line.startswith("["):
                heading = line.strip("[] ")
            elif not line or line.startswith("#"):
                continue
            elif heading in self._kept_apart:
                self._kept_apart[heading].update(fold(word) for word in line.split())
            else:
                self._read_line(line, _sense_of(heading))

    def _read_line(self, line: str, sense: Sense) -> None:
        phrases, nearby, unless = _parts(line)
        self._listed |= (nearby | unless) - {OPINION}
        conditioned = replace(sense, nearby=nearby, unless=unless)
        for phrase in phrases:
            self._add(words_of(phrase), conditioned)

    def _add(self, words: Sequence[str], sense: Sense) -> None:
        if not words:
            return
        node = self.root
        for word in words:
            node = node.following.setdefault(word, Node())
        node.senses.append(sense)
        self._listed.update(words)
        if len(words) == 1 and sense.role is Role.NEGATION:
            self._deniers.add(words[0])
        if len(words) == 1 and sense.role is Role.OPINION:
            self._judges.add(words[0])


def words_of(phrase: str) -> list[str]:
    """Return the words of a phrase of a list, folded, with their marks."""
    words: list[str] = []
    for part in phrase.split():
        if part in (NOT, OPINION):
            words.append(part)
            continue
        folded = [fold(found) for found in _WORD.findall(part)]
        if part.startswith(VERB) and folded:
            folded[0] = VERB + folded[0]
        if part.endswith(ANY_ENDING) and folded:
            folded[-1] += ANY_ENDING
        words.extend(folded)
    return words


def _sense_of(heading: str) -> Sense:
    """Return what the words under a heading mean: "price -", "@leave", "payment @get_help", "contrast"."""
    parts = heading.split()
    name = parts[0]
    if name in _ROLES:
        return Sense(_ROLES[name], sign=_SIGNS.get(name, 0))
    if name.startswith("@"):
        return Sense(Role.TOUCHPOINT, touchpoint=name[1:])
    sign = next((_SIGNS[part] for part in parts[1:] if part in _SIGNS), 0)
    touchpoint = next((part[1:] for part in parts[1:] if part.startswith("@")), None)
    return Sense(Role.ASPECT, name, sign, touchpoint)


def _parts(line: str) -> tuple[list[str], frozenset[str], frozenset[str]]:
    """Return a line's phrases, the words of which one must be near, and those of which none may be."""
    phrases, *conditions = _CONDITION.split(line)
    wanted: dict[str, list[str]] = {"?": [], "!": []}
    for mark, words in zip(conditions[::2], conditions[1::2], strict=True):
        wanted[mark].extend(word for entry in words.split(",") for word in words_of(entry))
    return phrases.split(","), frozenset(wanted["?"]), frozenset(wanted["!"])


def _has_aspect(node: Node) -> bool:
    return any(sense.role is Role.ASPECT for sense in node.senses) or any(
        _has_aspect(following) for following in node.following.values()
    )

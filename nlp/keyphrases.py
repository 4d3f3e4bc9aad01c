"""What a text is about in a few words of its own, each in the form in which people would say it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from nlp.stems import bare, commonest_form, is_noun, stem
from nlp.text import fold
from nlp.wordlists import read_lists

VERSION = "keyphrases-2"

_MOST = 6
_CLIP = 5_000
_REPEATED = 2
"""How often a pair of words must come to count as a phrase, if nothing else tells that it is one."""
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+")
_SIGNS = ("@", "http", "www.")
"""One of these stands in any noise; looking for them costs less than the pattern."""
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:['’\u064b-\u0652\u0670ـ](?=[^\W\d_])[^\W_]*)*[\u064b-\u0652]*")
_BREAK = re.compile(r"[.,;:!?؟،؛\n\r()\[\]{}\"“”«»…|/\\]+")
_MARKS = re.compile("[\u064b-\u0652\u0670ـ]")
_ARTICLE = "ال"
_SHORTEST = {True: 2, False: 3}
"""Fewest letters of a content word in ASCII (False) and in other scripts (True)."""
_VERB = re.compile(r"(?:[بهحكسم]?[يتنا])\w{3,}(?:ون|وا|ني|لي|لك|لهم|ش)$|[بهح][يتن]\w{3,}$")
"""A verb by its looks: what somebody does, not what it is about."""
_RELATIVE = re.compile(r"\w{2}يه?$")
"""An adjective by its looks, as in القرية الشعبية."""
_PAIR = 1.5

STOP_WORDS = frozenset(fold(word) for words in read_lists("stopwords.txt").values() for word in words)
_ATTACHED = ("و", "ف", "ب", "ل", "ك")
_ARABIC, _ENGLISH = read_lists("keyphrases-ar.txt"), read_lists("keyphrases-en.txt")
_WEAK = frozenset(fold(word) for lists in (_ARABIC, _ENGLISH) for word in lists["weak"])
_BEFORE = _ARABIC["attached"]
"""What may be attached to a name."""
_HEADS = frozenset(stem(fold(word)) for word in _ARABIC["heads"])
_ENGLISH_HEADS = frozenset(stem(word) for word in _ENGLISH["heads"])


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as far as phrases need it: its stem, how to write it, and how likely a subject it is.

    `attached` tells that a particle other than the article stood before it, `plain` is without any.
    """

    stem: str
    written: str
    plain: str
    has_article: bool
    attached: bool
    weight: float


def is_stop_word(folded: str) -> bool:
    """Return whether a folded word carries no subject, also with a particle attached ("وفي")."""
    return folded in STOP_WORDS or (folded[:1] in _ATTACHED and len(folded) > 2 and folded[1:] in STOP_WORDS)


def keyphrases(text: str, leave_out: Iterable[str] = ()) -> tuple[str, ...]:
    """Return up to six words or pairs of words that `text` is about, best first.

    The forms of a word are counted together and shown in the commonest: particles are taken off
    ("والتوصيل", "توصيلهم" → "التوصيل"). Pairs count where they come more than once, and where they are a
    noun with what it belongs to ("خدمة العملاء", "delivery fee"). `leave_out` holds what is known anyway,
    such as the names of brands as they are written in the text.
    """
    names = {tuple(_spelt(name)) for name in leave_out} - {()}
    written: dict[str, list[str]] = {}
    weights: dict[str, float] = {}
    for run in _runs(text, names):
        for word in run:
            written.setdefault(word.stem, []).append(word.written)
            weights[word.stem] = max(word.weight, weights.get(word.stem, 0.0))
        for one, two in pairwise(run):
            pair = f"{one.stem} {two.stem}"
            written.setdefault(pair, []).append(f"{one.written} {two.written}")
            weights[pair] = max(_bond(one, two), weights.get(pair, 0.0))
    counts = {phrase: len(forms) for phrase, forms in written.items()}
    return tuple(_shown(phrase, written[phrase]) for phrase in _ranked(counts, weights)[:_MOST])


def _ranked(counts: dict[str, int], weights: dict[str, float]) -> list[str]:
    pairs = [p for p in counts if " " in p and (weights[p] or counts[p] >= _REPEATED)]
    said: dict[str, int] = {}
    for pair in pairs:
        for part in pair.split(" "):
            said[part] = max(said.get(part, 0), counts[pair])
    kept = [p for p in counts if " " not in p and counts[p] > said.get(p, 0)] + pairs
    return sorted(kept, key=lambda phrase: (-counts[phrase] - weights[phrase], -len(phrase), phrase))


def _runs(text: str, names: set[tuple[str, ...]]) -> Iterator[list[_Word]]:
    """Yield the runs of content words between punctuation, stop words and names."""
    longest = max(map(len, names), default=0)
    text = text[:_CLIP]
    if any(sign in text for sign in _SIGNS):
        text = _NOISE.sub(" ", text)
    for sentence in _BREAK.split(text):
        found = [_read(word) for word in _WORD.findall(sentence)]
        named = _named([_spelling(word) for word in found], names, longest) if longest else ()
        run: list[_Word] = []
        for place, word in enumerate(found):
            subject = word.weight > 0 and place not in named
            # What "and" or "for" stands before belongs to no phrase with the word before it.
            if run and (word.attached or not subject):
                yield run
                run = []
            if subject:
                run.append(word)
        if run:
            yield run


def _named(spellings: list[str], names: set[tuple[str, ...]], longest: int) -> set[int]:
    """Return the places of words that are a name, also with particles before its first word."""
    found: set[int] = set()
    for start, first in enumerate(spellings):
        for size in range(1, longest + 1):
            rest = tuple(spellings[start + 1 : start + size])
            if any((first[cut:], *rest) in names for cut in range(4) if not cut or first[:cut] in _BEFORE):
                found.update(range(start, start + size))
    return found


def _spelling(word: _Word) -> str:
    return word.stem if word.plain.isascii() else word.plain


def _spelt(name: str) -> Iterator[str]:
    return (_spelling(_read(word)) for word in _WORD.findall(name))


@lru_cache(maxsize=100_000)
def _read(word: str) -> _Word:
    folded = fold(word)
    arabic = not folded.isascii()
    plain, has_article = bare(folded) if arabic else (folded, False)
    common = stem(folded)
    attached = arabic and folded != (_ARTICLE + plain if has_article else plain)
    weak = {folded, plain, common} & _WEAK or is_stop_word(folded) or is_stop_word(plain)
    if weak or min(len(folded), len(plain)) < _SHORTEST[arabic]:
        return _Word(common, word, plain, has_article, attached, 0.0)
    if not arabic:
        return _Word(common, word.lower() if word.istitle() else word, folded, False, False, 0.6)
    noun = has_article or is_noun(common)
    weight = 1.0 if noun else 0.1 if _VERB.match(folded) else 0.5
    written = _without_particles(word, folded, plain, has_article)
    return _Word(common, written, plain, has_article, attached, weight)


def _without_particles(word: str, folded: str, plain: str, has_article: bool) -> str:
    """Return the word as written, but without marks and without what `bare` took off; the article stays."""
    letters = unicodedata.normalize("NFKC", _MARKS.sub("", word))
    rest = letters[len(folded) - len(plain) :] if len(letters) == len(folded) else plain
    return _ARTICLE + rest if has_article else rest


def _bond(one: _Word, two: _Word) -> float:
    """Return how much more two words side by side say than one of them, 0 where they are no one thing."""
    if two.plain.isascii():
        together = two.stem in _ENGLISH_HEADS and one.stem != two.stem and not one.stem.endswith("ly")
        return _PAIR if together else 0.0
    if not two.has_article or one.stem == two.stem:
        return 0.0
    if one.has_article:
        return _PAIR if _RELATIVE.search(two.plain) and is_noun(one.stem) else 0.0
    return _PAIR if one.stem in _HEADS else 0.0


def _shown(phrase: str, forms: list[str]) -> str:
    [(commonest, _)] = Counter(forms).most_common(1)
    return commonest if " " in phrase else commonest_form(phrase) or commonest

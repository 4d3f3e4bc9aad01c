"""Everyday words that are brands too (زين, كريم, طلبات, Zoom, Target, Orange): which of the two is meant.

A look at the words around adds up evidence in log-odds, as naive Bayes does, with weights set by hand
in one table: what a name completes ("شبكة زين", "Zoom app"), words of buying and of service nearby, who
bears the name ("يا كريم"), what the word says as a word ("زين جدا", "orange juice"), letter case, tags,
and what else is named in the text. The sum becomes a confidence by the logistic function.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from nlp.text import fold
from nlp.wordlists import read_lists

THRESHOLD = 0.5
"""From this confidence on, a match is one."""
FLOOR = 0.1
"""Below this confidence, no entity label would make it one."""

_LISTS = {
    name: frozenset(fold(word) for word in words) for name, words in read_lists("everyday-words.txt").items()
}
_TRAPS = {fold(name[4:]): words for name, words in _LISTS.items() if name.startswith("not ")}
_TRAPS_BESIDE = {fold(name[7:]): words for name, words in _LISTS.items() if name.startswith("beside ")}
_EVERYDAY = frozenset[str]().union(
    *(_LISTS[name] for name in ("adjectives", "nouns", "names", "english", "french", "arabizi"))
)
_ARABIZI = read_lists("language-words.txt")["arabizi"] - _LISTS["english"]
_NUMERAL_WORD = re.compile(r"\b(?:[a-z]+[2357](?:[a-z]|\b)|[2357][a-z]{3,})")
_ARTICLE = "ال"
_REACH = 120
"""Code points on either side that are read."""
_NEAR = 9
"""Words on either side that are read."""
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]")
_BREAKS = frozenset('.!?؟,،;؛:\n()[]"“”«»|/…-–—')
_AT = "@"
_PREFIXES = (
    "وبال",
    "وال",
    "فال",
    "بال",
    "كال",
    "ولل",
    "عال",
    "هال",
    "ال",
    "لل",
    "و",
    "ف",
    "ب",
    "ك",
    "ل",
    "ع",
)
_SUFFIXES = ("هم", "ها", "كم", "نا", "ات", "ين", "وا", "ه", "ي", "ك", "ت", "و")
_SHORTEST_STEM = 3
_TO_ME = ("تني", "وني", "تنا", "تلي", "ولي", "تلنا", "ولنا")
"""How an Arabic verb ends that a company, or its people, did to the writer: خذلتني, سرقولي."""
_SHORTEST_DEED = 5
_TOUCHED = frozenset(("i", "me", "my", "us", "our", "we", "the", "a", "mine", "customers", "people"))
"""Who or what a company does something to: "Chase declined my card"."""
_HEADLINE = 3
"""From this number of words on, capitals at most of them are a headline's."""

_PRIOR = -1.2
_WEIGHTS = {
    "seldom a word": 1.4,
    "service, one word": 1.3,
    "service, two words": 2.1,
    "service, more": 2.6,
    "head": 2.2,
    "people of": 1.2,
    "used": 1.8,
    "deed": 1.6,
    "called so": -3.0,
    "country": 1.8,
    "preposition": 0.7,
    "comparison": 0.9,
    "person": -3.2,
    "full name": -2.6,
    "trap, beside": -4.0,
    "trap, near": -2.2,
    "as an adjective": -1.8,
    "after its subject": -2.6,
    "with an object": -1.8,
    "as a noun": -2.0,
    "in construct": -1.6,
    "with the article": -2.5,
    "attached preposition": 0.6,
    "other script": 2.4,
    "borrowed": 1.6,
    "capital inside": 2.2,
    "capital at the start": 0.3,
    "small among capitals": -1.2,
    "small": -0.8,
    "verb": -1.8,
    "determiner": -1.6,
    "determiner, capital": -0.5,
    "possessive": 1.0,
    "hashtag": 2.0,
    "brand named otherwise": 3.0,
    "rival named": 1.3,
    "rival perhaps named": 0.6,
}
"""What each sign adds to the log-odds that the brand is meant; set by hand, in steps of a tenth."""
_LABEL_WEIGHTS = {"ORG": 1.5, "PRODUCT": 1.0, "PERSON": -2.5, "LOC": -1.5, "EVENT": -1.0}
_SURE = 0.99


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


def is_everyday_word(alias: str) -> bool:
    """Return whether an alias is, folded, an everyday word or a given name of our lists.

    Tags, handles and names of several words are not; an article before an Arabic one is not looked at.
    """
    folded = fold(alias).strip()
    return folded in _EVERYDAY or folded.removeprefix(_ARTICLE) in _EVERYDAY


def likelihood(name: Surroundings, *, supported: bool, rivals: bool, doubtful_rivals: bool = False) -> float:
    """Return how likely, 0…1, an everyday word is the brand where it stands.

    `supported` tells that the brand is named otherwise in the text (another alias, a product, its handle,
    one of its `require_any` words), `rivals` that another brand is, `doubtful_rivals` that another is by
    an everyday word.
    """
    signs = list(_signs(name))
    if supported:
        signs.append("brand named otherwise")
    if rivals:
        signs.append("rival named")
    elif doubtful_rivals:
        signs.append("rival perhaps named")
    return _logistic(_PRIOR + sum(_WEIGHTS[sign] for sign in signs))


def second_look(confidence: float, label: str | None, *, same_source: bool) -> float:
    """Return the confidence, 0…1, in an everyday word once more is known of it.

    `label` is that of the entity found at its place, if one was; `same_source` tells that the source is
    about the brand, which settles it.
    """
    if same_source:
        return max(confidence, _SURE)
    weight = _LABEL_WEIGHTS.get(label or "", 0.0)
    if not weight:
        return confidence
    bounded = min(max(confidence, 1e-3), 1 - 1e-3)
    return _logistic(math.log(bounded / (1 - bounded)) + weight)


def _logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _signs(name: Surroundings) -> Iterator[str]:
    word = fold(name.written)
    yield from _service(name)
    yield from _neighbours(name)
    yield from _person(name)
    yield from _trap(word, name)
    if word in _LISTS["rare"]:
        yield "seldom a word"
    if word.isascii():
        yield from _latin(name)
    else:
        yield from _arabic_word(word if word in _EVERYDAY else word.removeprefix(_ARTICLE), name)
    if name.in_tag:
        yield "hashtag"


def _service(name: Surroundings) -> Iterator[str]:
    near = {
        stem for word in (*name.before, *name.after) if (stem := _in("service", word) or _in("heads", word))
    }
    if near:
        yield ("service, one word", "service, two words", "service, more")[min(len(near), 3) - 1]
    if any(_in("comparison", word) for word in (*name.before[:2], *name.after[:1])):
        yield "comparison"


def _neighbours(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if not name.attached:
        if _in("people", before):
            yield "called so" if _is_definite(before) else "people of"
        elif _is_head(before):
            yield "head"
        elif _in("uses", before):
            yield "used"
        elif before in _LISTS["prepositions"]:
            yield "preposition"
    if _among(_LISTS["countries"], after):
        yield "country"
    elif _completes(after):
        yield "head"


def _person(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if before in _LISTS["person-before"] or after in _LISTS["person-after"]:
        yield "person"
    elif _is_name(before.removeprefix("ل")) or _is_name(after):
        yield "full name"


def _trap(word: str, name: Surroundings) -> Iterator[str]:
    bare = word.removeprefix(_ARTICLE)
    beside = _TRAPS_BESIDE.get(word) or _TRAPS_BESIDE.get(bare) or frozenset()
    traps = _TRAPS.get(word) or _TRAPS.get(bare) or frozenset()
    neighbours = (_first(name.before), _first(name.after))
    if beside.intersection(neighbours) or any(
        _among(traps, near) for near in (*name.before[:2], *name.after[:2])
    ):
        yield "trap, beside"
    elif any(_among(traps, near) for near in (*name.before[2:6], *name.after[2:6])):
        yield "trap, near"


def _arabic_word(word: str, name: Surroundings) -> Iterator[str]:
    if name.attached.endswith((_ARTICLE, "لل")):
        yield "with the article"
    elif name.attached in ("ب", "ل", "ف", "ع", "وب", "ول"):
        yield "attached preposition"
    after = _first(name.after)
    if word in _LISTS["verbs"] and not _first(name.before) and _is_definite(after):
        yield "with an object"
    elif word in _LISTS["adjectives"]:
        yield from _adjective(name)
    elif word in _LISTS["nouns"]:
        yield from _noun(name)
    if word not in _LISTS["names"] and len(after) >= _SHORTEST_DEED and after.endswith(_TO_ME):
        yield "deed"


def _adjective(name: Surroundings) -> Iterator[str]:
    before = _first(name.before)
    if _is_definite(before) or _is_possessed(before):
        yield "after its subject"
    elif before in _LISTS["adjective-before"] or (
        _first(name.after) in _LISTS["adjective-after"] and not _is_head(before)
    ):
        yield "as an adjective"


def _noun(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if before in _LISTS["noun-before"] or before.isdigit() or after in _LISTS["noun-after"]:
        yield "as a noun"
    elif _is_definite(after) and not _among(_LISTS["countries"], after):
        yield "in construct"


def _does_something(after: tuple[str, ...], farthest: int) -> bool:
    """Return whether a verb of what companies do to a customer follows within so many words."""
    return any(
        (verb.endswith("ed") or verb in _LISTS["deeds"]) and not _TOUCHED.isdisjoint(after[index + 1 : 6])
        for index, verb in enumerate(after[:farthest])
    )


def _latin(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if name.arabic:
        yield "other script"
        return
    capital = name.written[0].isupper()
    if capital:
        inside = before and not name.headline and not name.written.isupper()
        yield "capital inside" if inside else "capital at the start"
    elif name.arabizi and fold(name.written) not in _LISTS["arabizi"]:
        yield "borrowed"
    else:
        yield "small among capitals" if name.capitals else "small"
    if _does_something(name.after, farthest=4 if capital else 1):
        yield "deed"
    if after == "'":
        yield "possessive"
    elif _completes(after):
        return
    elif before in _LISTS["determiners"]:
        yield "determiner, capital" if capital and before not in _LISTS["indefinite"] else "determiner"
    elif before in _LISTS["verb-before"] and not capital:
        yield "verb"


def _words(folded: str) -> list[str]:
    return ["" if token in _BREAKS else token for token in _TOKEN.findall(folded) if token != _AT]


def _first(words: tuple[str, ...]) -> str:
    return words[0] if words else ""


def _is_head(word: str) -> bool:
    """Return whether an Arabic name that follows at once would complete this noun."""
    listed = _in("heads", word) or _in("goods", word)
    return bool(listed) and not _is_definite(word) and not _is_possessed(word)


def _completes(word: str) -> bool:
    """Return whether an English noun after a name makes it a company's ("Zoom app")."""
    return word.isascii() and (word in _LISTS["heads"] or word in _LISTS["goods"])


def _is_arabizi(folded: str) -> bool:
    return bool(_NUMERAL_WORD.search(folded)) or len(_ARABIZI.intersection(folded.split())) > 1


def _is_name(word: str) -> bool:
    # علي and على are the same word once folded, and the second is far more frequent.
    return word in _LISTS["names"] and word not in _LISTS["prepositions"]


def _is_definite(word: str) -> bool:
    """Return whether a word has the article."""
    bare = word[1:] if word[:1] in ("و", "ف", "ب", "ك") else word
    return len(word) > 4 and (bare.startswith((_ARTICLE, "لل")) or word.startswith("لل"))


def _is_possessed(word: str) -> bool:
    return len(word) > 4 and word.endswith(("هم", "ها", "كم", "هن"))


def _in(listed: str, word: str) -> str:
    """Return the form of a word that a list holds, or nothing where it holds none."""
    return _stem_in(listed, word) if word else ""


def _among(words: frozenset[str], word: str) -> bool:
    return bool(word) and any(stem in words for stem in _stems(word))


@lru_cache(maxsize=50_000)
def _stem_in(listed: str, word: str) -> str:
    return next((stem for stem in _stems(word) if stem in _LISTS[listed]), "")


@lru_cache(maxsize=50_000)
def _stems(word: str) -> tuple[str, ...]:
    """Return a word and what is left of it without the particles and pronouns that Arabic attaches."""
    if word.isascii():
        return (word,)
    bare = [word]
    bare += [word[len(p) :] for p in _PREFIXES if word.startswith(p) and len(word) - len(p) >= _SHORTEST_STEM]
    stems = [
        form.removesuffix(suffix)
        for form in bare
        for suffix in ("", *_SUFFIXES)
        if form.endswith(suffix) and len(form) - len(suffix) >= _SHORTEST_STEM
    ]
    # Ta marbuta turns into ta before a pronoun: شبكتهم.
    return tuple(dict.fromkeys((*bare, *stems, *(stem[:-1] + "ه" for stem in stems if stem.endswith("ت")))))

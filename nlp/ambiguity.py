"""Everyday words that are brands too (زين, كريم, طلبات, Zoom, Target, Orange): which of the two is meant.

A look at the words around adds up evidence in log-odds, as naive Bayes does, with weights set by hand
in one table: what a name completes ("شبكة زين", "Zoom app"), words of buying and of service nearby, who
bears the name ("يا كريم"), what the word says as a word ("زين جدا", "orange juice"), letter case, tags,
and what else is named in the text. The sum becomes a confidence by the logistic function.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nlp.everyday_words import (
    ARTICLE,
    EVERYDAY,
    LISTS,
    completes,
    is_among,
    is_definite,
    is_head,
    is_name,
    is_possessed,
    listed_form,
)
from nlp.surroundings import Surroundings
from nlp.text import fold

THRESHOLD = 0.5
"""From this confidence on, a match is one."""
FLOOR = 0.1
"""Below this confidence, no entity label would make it one."""

_TRAPS = {fold(name[4:]): words for name, words in LISTS.items() if name.startswith("not ")}
_TRAPS_BESIDE = {fold(name[7:]): words for name, words in LISTS.items() if name.startswith("beside ")}
_TO_ME = ("تني", "وني", "تنا", "تلي", "ولي", "تلنا", "ولنا")
"""How an Arabic verb ends that a company, or its people, did to the writer: خذلتني, سرقولي."""
_SHORTEST_DEED = 5
_SHORT = 3
"""Up to this length, a name and a particle often are another word: فنون, كابل."""
_TOUCHED = frozenset(("i", "me", "my", "us", "our", "we", "the", "a", "mine", "customers", "people"))
"""Who or what a company does something to: "Chase declined my card"."""

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
    "short and attached": -2.5,
    "other script": 2.4,
    "borrowed": 1.6,
    "capital inside": 2.2,
    "capital at the start": 0.3,
    "small among capitals": -1.2,
    "small": -0.5,
    "verb": -1.8,
    "determiner": -1.6,
    "determiner, capital": -1.1,
    "possessive": 1.0,
    "hashtag": 2.0,
    "brand named otherwise": 3.0,
    "rival named": 1.3,
    "rival perhaps named": 0.6,
}
"""What each sign adds to the log-odds that the brand is meant; set by hand, in steps of a tenth."""
_LABEL_WEIGHTS = {"ORG": 1.5, "PRODUCT": 1.0, "PERSON": -2.5, "LOC": -1.5, "EVENT": -1.0}
_SURE = 0.99


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
    if word in LISTS["rare"]:
        yield "seldom a word"
    if word.isascii():
        yield from _latin(name)
    else:
        yield from _arabic_word(word if word in EVERYDAY else word.removeprefix(ARTICLE), name)
    if name.in_tag and word not in LISTS["verbs"]:
        yield "hashtag"


def _service(name: Surroundings) -> Iterator[str]:
    near = {
        stem
        for word in (*name.before, *name.after)
        if (stem := listed_form("service", word) or listed_form("heads", word))
    }
    if near:
        yield ("service, one word", "service, two words", "service, more")[min(len(near), 3) - 1]
    if any(listed_form("comparison", word) for word in (*name.before[:2], *name.after[:1])):
        yield "comparison"


def _neighbours(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if not name.attached:
        if listed_form("people", before):
            yield "called so" if is_definite(before) else "people of"
        elif is_head(before):
            yield "head"
        elif listed_form("uses", before):
            yield "used"
        elif before in LISTS["prepositions"]:
            yield "preposition"
    if is_among(LISTS["countries"], after):
        yield "country"
    elif completes(after):
        yield "head"


def _person(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if before in LISTS["person-before"] or after in LISTS["person-after"]:
        yield "person"
    elif is_name(before.removeprefix("ل")) or is_name(after):
        yield "full name"


def _trap(word: str, name: Surroundings) -> Iterator[str]:
    bare = word.removeprefix(ARTICLE)
    beside = _TRAPS_BESIDE.get(word) or _TRAPS_BESIDE.get(bare) or frozenset()
    traps = _TRAPS.get(word) or _TRAPS.get(bare) or frozenset()
    neighbours = (_first(name.before), _first(name.after))
    # What stands before a preposition does not qualify what stands after it.
    earlier = name.before[: 1 if neighbours[0] in LISTS["prepositions"] else 2]
    if beside.intersection(neighbours) or any(is_among(traps, near) for near in (*earlier, *name.after[:2])):
        yield "trap, beside"
    elif any(is_among(traps, near) for near in (*name.before[2:6], *name.after[2:6])):
        yield "trap, near"


def _arabic_word(word: str, name: Surroundings) -> Iterator[str]:
    if name.attached.endswith((ARTICLE, "لل")):
        yield "with the article"
    elif name.attached in ("ب", "ل", "ف", "ع", "وب", "ول"):
        yield "attached preposition"
    if name.attached in ("ف", "ك") and len(word) <= _SHORT:
        yield "short and attached"
    after = _first(name.after)
    if word in LISTS["verbs"] and not _first(name.before) and is_definite(after):
        yield "with an object"
    elif word in LISTS["adjectives"] and name.attached.lstrip("وف") not in ("ب", "ل"):
        yield from _adjective(name)
    elif word in LISTS["nouns"]:
        yield from _noun(name)
    if word not in LISTS["names"] and len(after) >= _SHORTEST_DEED and after.endswith(_TO_ME):
        yield "deed"


def _adjective(name: Surroundings) -> Iterator[str]:
    before = _first(name.before)
    if before in LISTS["equates"]:
        return
    if is_definite(before) or is_possessed(before):
        yield "after its subject"
    elif before in LISTS["adjective-before"] or (
        _first(name.after) in LISTS["adjective-after"] and not is_head(before)
    ):
        yield "as an adjective"


def _noun(name: Surroundings) -> Iterator[str]:
    before, after = _first(name.before), _first(name.after)
    if before in LISTS["noun-before"] or before.isdigit() or after in LISTS["noun-after"]:
        yield "as a noun"
    elif after.startswith(ARTICLE) and is_definite(after) and not is_among(LISTS["countries"], after):
        yield "in construct"


def _does_something(after: tuple[str, ...], farthest: int) -> bool:
    """Return whether a verb of what companies do to a customer follows within so many words."""
    return any(
        (verb.endswith("ed") or verb in LISTS["deeds"]) and not _TOUCHED.isdisjoint(after[index + 1 : 6])
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
    elif name.arabizi and fold(name.written) not in LISTS["arabizi"]:
        yield "borrowed"
    elif not name.arabizi:
        yield "small among capitals" if name.capitals else "small"
    if after in LISTS["objects"] or _does_something(name.after, farthest=4 if capital else 1):
        yield "deed"
    if after == "'":
        yield "possessive"
    elif completes(after):
        return
    elif before in LISTS["determiners"]:
        yield "determiner, capital" if capital and before not in LISTS["indefinite"] else "determiner"
    elif before in LISTS["verb-before"] and not capital:
        yield "verb"


def _first(words: tuple[str, ...]) -> str:
    return words[0] if words else ""

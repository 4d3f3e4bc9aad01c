"""What stored mentions say about the spellings of a name: how often each is met, and what was not thought of.

Near spellings are found by deletion (Garbe's symmetric delete): two words within one edit of each other
share a form with one letter left out, so that no word is compared with all spellings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

from nlp import vocabulary
from nlp.everyday_words import LISTS, is_everyday_word
from nlp.spellings import Spelling, SpellingKind, Suggestion, Trap
from nlp.text import fold
from nlp.wordlists import read_lists

_CLIP = 2_000
_LINK = re.compile(r"https?://\S*|www\.\S*")
_TOKEN = re.compile(r"[@#]?\w+(?:'\w+)*")
_PARTICLES = ("وبال", "وال", "فال", "بال", "كال", "ولل", "ال", "لل", "و", "ف", "ب", "ك", "ل")
_ENDINGS = ("ي", "ك", "ه", "ها", "نا", "كم", "هم", "ين", "ات", "ون", "s", "'s")
_SHORTEST, _SHORTEST_FOR_TWO, _SHORTEST_IN_TAG = 5, 9, 4
"""Letters of a word that may be another by one typing error, by two, and of a name within a hashtag."""
_FEWEST, _MOST = 2, 8
_TRAP_SHARE, _FEWEST_IN_TRAP = 0.08, 4
"""What share of a spelling's mentions, and how many, must have the same word beside it to be remarked."""
_EXAMPLE = 60

Known = Mapping[str, Spelling]


@dataclass(slots=True)
class _Sightings:
    """In how many texts each was met: words, tags and handles, spellings, and (spelling, phrase) pairs."""

    words: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    spellings: Counter[str] = field(default_factory=Counter)
    phrases: Counter[tuple[str, str]] = field(default_factory=Counter)


def observe(suggestion: Suggestion, texts: Sequence[str]) -> Suggestion:
    """Return the suggestion with counts from texts, further spellings met there, and traps met there.

    A text is read to 2,000 code points and counts once for each spelling. Words met only once, and
    everyday words, are not taken for spellings.
    """
    folded = [_LINK.sub(" ", fold(text[:_CLIP])) for text in texts]
    known = {fold(one.text).strip(): one for one in suggestion.spellings}
    seen = _look(folded, known)
    counted = [replace(one, seen=seen.spellings[key]) for key, one in known.items()]
    counted.sort(key=lambda one: (one.kind is not SpellingKind.NAME, -(one.seen or 0)))
    more = [
        replace(one, example=_example(fold(one.text), texts, folded))
        for one in (*_near(seen, known), *_tags(seen, known))
    ]
    traps = [
        replace(trap, seen=sum(fold(trap.phrase) in text for text in folded)) if trap.phrase else trap
        for trap in suggestion.traps
    ]
    listed = {fold(trap.phrase) for trap in traps if trap.phrase}
    return replace(
        suggestion,
        spellings=(*counted, *more),
        traps=(*traps, *(trap for trap in _contexts(seen) if trap.phrase not in listed)),
    )


def distance(one: str, other: str) -> int:
    """Return how many letters must be left out, put in, replaced or swapped to make one of the other."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _look(folded: Sequence[str], known: Known) -> _Sightings:
    seen = _Sightings()
    longest = max((key.count(" ") + 1 for key in known), default=1)
    for text in folded:
        tokens = _TOKEN.findall(text)
        words = [token for token in tokens if token[0] not in "@#"]
        tags = {token for token in tokens if token[0] in "@#"}
        places = list(_places(words, known, longest))
        seen.words.update(set(words))
        seen.tags.update(tags)
        seen.spellings.update({key for _, _, key in places} | (tags & known.keys()))
        seen.phrases.update({pair for place in places for pair in _beside(words, *place)})
    return seen


def _places(words: Sequence[str], known: Known, longest: int) -> Iterator[tuple[int, int, str]]:
    """Yield (first, end, spelling) wherever a spelling stands, with or without particles before it."""
    for first in range(len(words)):
        for end in range(min(len(words), first + longest), first, -1):
            phrase = " ".join(words[first:end])
            key = next((form for form in _bare(phrase) if form in known), None)
            if key is not None:
                yield first, end, key
                break


def _bare(phrase: str) -> Iterator[str]:
    yield phrase
    if not phrase.isascii():
        yield from (phrase.removeprefix(particle) for particle in _PARTICLES if phrase.startswith(particle))


def _beside(words: Sequence[str], first: int, end: int, key: str) -> Iterator[tuple[str, str]]:
    if first > 0 and words[first - 1] not in _telling_words():
        yield key, f"{words[first - 1]} {key}"
    if end < len(words) and words[end] not in _telling_words():
        yield key, f"{key} {words[end]}"


def _contexts(seen: _Sightings) -> Iterator[Trap]:
    """Yield the phrases in which a spelling is met so often that it may be something else's name."""
    often = [
        (count, key, phrase)
        for (key, phrase), count in seen.phrases.items()
        if count >= max(_FEWEST_IN_TRAP, _TRAP_SHARE * seen.spellings[key])
    ]
    for count, key, phrase in sorted(often, reverse=True)[:_MOST]:
        yield Trap(key, "is met often; is it the brand?", phrase, certain=False, seen=count)


def _near(seen: _Sightings, known: Known) -> Iterator[Spelling]:
    """Yield the words that are a typing error away from a spelling, the most frequent first."""
    targets: dict[str, set[str]] = {}
    for key in known:
        if " " not in key and len(key) >= _SHORTEST and not is_everyday_word(key):
            for form in _deletions(key):
                targets.setdefault(form, set()).add(key)
    found = 0
    for word, count in seen.words.most_common():
        if count < _FEWEST or found == _MOST:
            return
        if len(word) < _SHORTEST or _is_known(word, known):
            continue
        keys = {key for form in _deletions(word) for key in targets.get(form, ())}
        if any(distance(word, key) <= _allowed(word, key) for key in keys):
            found += 1
            yield Spelling(word, SpellingKind.SEEN, "look at the example first", count)


def _tags(seen: _Sightings, known: Known) -> Iterator[Spelling]:
    """Yield the tags and handles that begin or end with the name where matching would not find it."""
    names = {key.replace(" ", "") for key in known if len(key) >= _SHORTEST_IN_TAG and key[0] not in "@#"}
    found = 0
    for tag, count in seen.tags.most_common():
        if count < _FEWEST or found == _MOST:
            return
        parts = tag[1:].split("_")
        plain = "".join(parts)
        if tag in known or not any(plain.startswith(name) or plain.endswith(name) for name in names):
            continue
        if tag[0] == "#" and (plain in names or names & set(parts)):
            continue
        found += 1
        kind = SpellingKind.HANDLE if tag[0] == "@" else SpellingKind.TAG
        yield Spelling(tag, kind, "look at the example first", count)


def _is_known(word: str, known: Known) -> bool:
    """Return whether a word is a spelling but for particles and endings, or a word of its own."""
    stems = {form.removesuffix(ending) for form in _bare(word) for ending in ("", *_ENDINGS)}
    if stems & known.keys() or is_everyday_word(word):
        return True
    return word.isascii() and word in vocabulary.latin()


def _deletions(word: str) -> set[str]:
    """Return a word with no, one and, if it is long, two letters left out."""
    most = 2 if len(word) >= _SHORTEST_FOR_TWO - 1 else 1
    return {
        "".join(letter for at, letter in enumerate(word) if at not in gone)
        for count in range(most + 1)
        for gone in combinations(range(len(word[:24])), count)
    }


def _allowed(word: str, key: str) -> int:
    return 2 if min(len(word), len(key)) >= _SHORTEST_FOR_TWO else 1


def _example(wanted: str, texts: Sequence[str], folded: Sequence[str]) -> str | None:
    pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
    for text, plain in zip(texts, folded, strict=True):
        if wanted in plain and (found := pattern.search(plain)):
            # Folding and links change lengths: a cut around the same place is near enough to show.
            start = max(0, found.start() - _EXAMPLE // 2)
            return " ".join(text[start : start + 2 * _EXAMPLE].split())
    return None


@lru_cache(maxsize=1)
def _telling_words() -> frozenset[str]:
    """Return the words beside a name that make no trap: function words, and words of trade and service."""
    trade = (LISTS[name] for name in ("service", "heads", "people", "prepositions", "comparison"))
    function = (fold(word) for listed in read_lists("stopwords.txt").values() for word in listed)
    return frozenset().union(*trade, function)

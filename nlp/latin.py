"""Which of the languages in Latin letters a text is in: commonest words first, py3langid where they fail.

A short post has too few letters for statistics of letters, but most posts hold a word or two of the
hundreds that each language uses most.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import exp, log, sqrt
from typing import Any

from nlp.wordlists import read_lists

LISTED = ("en", "fr", "es", "de", "tr", "it", "pt", "nl", "id")

_PLAIN_WORDS = 3
_PLAIN_SHARE = 0.4
_RIVAL_SHARE = 0.25
_WORD_STRENGTH = 2.5
_FIRST_BONUS = 0.5
_HINT_BONUS = 1.5
_STRANGE_WORDS = 3
_STRANGE_SHARE = 0.6
_STRANGE_RIVAL_SHARE = 0.34
_MIXED_WORDS = 3
_MIXED_SHARE = 0.25

Choice = tuple[str, float, tuple[str, float] | None]


class LatinLanguages:
    """Tells apart the configured languages in Latin letters; py3langid is loaded when first needed."""

    def __init__(self, configured: Sequence[str]) -> None:
        self._configured = tuple(configured)
        lists = read_lists("language-words.txt")
        self._international = lists["international"]
        self._languages_of: dict[str, tuple[str, ...]] = {}
        for language in LISTED:
            for word in lists[language] - self._international:
                self._languages_of[word] = (*self._languages_of.get(word, ()), language)
        self._choice_set = frozenset(self._configured)

    def lists(self, word: str) -> bool:
        """Return whether `word`, in lower case, is one of the commonest of a configured language."""
        return not self._choice_set.isdisjoint(self._languages_of.get(word, ()))

    def identify(self, sample: str, words: Sequence[str], hint: str | None) -> Choice | None:
        """Return the language of `sample`, how sure that is (0…1), and the second language and its share.

        `words` are the sample's in lower case. A language that is not configured is answered only where
        most of the words are its own. None where no configured language is in Latin letters.
        """
        choices = self._choices
        if not choices or not words:
            return None
        hits = dict.fromkeys(LISTED, 0)
        for word in words:
            for language in self._languages_of.get(word, ()):
                hits[language] += 1
        evidence = {language: hits.get(language, 0) for language in choices}
        stranger = self._stranger(hits, max(evidence.values()), len(words))
        if stranger is not None:
            return stranger, hits[stranger] / len(words), None
        if len(choices) == 1:
            return choices[0], max(0.6, evidence[choices[0]] / len(words)), None
        best = max(choices, key=evidence.__getitem__)
        own = evidence[best]
        rival = max(evidence[language] for language in choices if language != best)
        if own >= max(_PLAIN_WORDS, _PLAIN_SHARE * len(words)) and rival <= _RIVAL_SHARE * own:
            return best, 0.99, None
        tells = not self._international.issuperset(words)
        language, chance = self._weigh(sample if tells else "", evidence, len(words), hint)
        return language, chance, self._second(words, language, choices)

    def _stranger(self, hits: dict[str, int], known: int, total: int) -> str | None:
        """Return the language that is not configured and plainly spoken, if any."""
        best = max(hits, key=hits.__getitem__)
        found = hits[best]
        if best in self._choice_set or found < max(_STRANGE_WORDS, _STRANGE_SHARE * total):
            return None
        return best if known <= _STRANGE_RIVAL_SHARE * found else None

    def _weigh(
        self, sample: str, evidence: dict[str, int], total: int, hint: str | None
    ) -> tuple[str, float]:
        """Return the likeliest language: py3langid's chances, the words found, what is declared.

        An empty `sample` has nothing for py3langid to go by.
        """
        ranked = self._langid.rank(sample) if sample else [(language, 1.0) for language in self._choices]
        scores = {
            language: log(max(chance, 1e-6)) + _WORD_STRENGTH * evidence[language] / sqrt(total)
            for language, chance in ranked
        }
        declared = hint.split("-")[0].lower() if hint else None
        if declared in scores:
            scores[declared] += _HINT_BONUS
        else:
            scores[self._choices[0]] += _FIRST_BONUS
        best = max(scores, key=scores.__getitem__)
        return best, 1 / sum(exp(score - scores[best]) for score in scores.values())

    def _second(
        self, words: Sequence[str], language: str, choices: Sequence[str]
    ) -> tuple[str, float] | None:
        """Return the language, other than `language`, that alone lists enough of the words."""
        counts = dict.fromkeys(choices, 0)
        for word in words:
            listing = self._languages_of.get(word, ())
            if language not in listing:
                for other in listing:
                    if other in counts:
                        counts[other] += 1
        best = max(counts, key=counts.__getitem__)
        share = counts[best] / len(words)
        return (best, share) if counts[best] >= _MIXED_WORDS and share >= _MIXED_SHARE else None

    @cached_property
    def _langid(self) -> Any:
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Langid

        langid = Langid.from_model_file(MODEL_FILE, norm_probs=True)
        langid.set_languages(list(self._choices))
        return langid

    @cached_property
    def _choices(self) -> tuple[str, ...]:
        """The configured languages that can be told: listed ones, and those that py3langid knows."""
        if self._choice_set <= set(LISTED):
            return self._configured
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Langid

        known = set(Langid.from_model_file(MODEL_FILE).nb_classes)
        return tuple(language for language in self._configured if language in known)

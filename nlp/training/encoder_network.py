"""The encoder as a torch module: multilingual-e5-small's body with four heads on it."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlp.dialect import DIALECTS
from nlp.encoder_heads import TAGS
from nlp.sentiment.opinion import LABELS
from nlp.training.encoder_weights import Weights, dequantize


class Layer(nn.Module):
    """One transformer layer of BERT's kind (Devlin et al. 2019): normalised after each half."""

    def __init__(self, width: int, inner: int, heads: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=epsilon)
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.last_norm = nn.LayerNorm(width, eps=epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the states [texts, pieces, width] after this layer; `mask` is added to the scores."""
        texts, pieces, width = states.shape

        def split(projected: Tensor) -> Tensor:
            return projected.view(texts, pieces, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = split(self.query(states)), split(self.key(states)), split(self.value(states))
        scores = query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + mask
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(texts, pieces, width)
        states = self.norm(states + self.dropout(self.mix(mixed)))
        inner = functional.gelu(self.widen(states))
        return cast(Tensor, self.last_norm(states + self.dropout(self.narrow(inner))))


class Network(nn.Module):
    """Body and heads. Word embeddings are frozen: they stay in the 4-bit blocks they came in."""

    def __init__(self, weights: Weights, kept: list[int], dropout: float = 0.1) -> None:
        super().__init__()
        words = dequantize(weights.scales[kept], weights.quarters[kept])
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(words), freeze=True)
        tensors = weights.tensors
        width, inner = words.shape[1], tensors["l0.fi.w"].shape[0]
        self.places = nn.Parameter(_tensor(tensors["emb.pos"] + tensors["emb.type"][:width]))
        self.norm = nn.LayerNorm(width, eps=weights.epsilon)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            Layer(width, inner, weights.heads, weights.epsilon, dropout) for _ in range(weights.layers)
        )
        self._load(tensors)
        self.sentiment = nn.Linear(width, len(LABELS))
        self.dialect = nn.Linear(width, len(DIALECTS))
        self.tags = nn.Linear(width, len(TAGS))
        self.polarity = nn.Linear(width, len(LABELS))
        self.gate = nn.Linear(width, 1)
        nn.init.zeros_(self.gate.weight)  # training starts from the mean that the body was made for

    def _load(self, tensors: dict[str, NDArray[Any]]) -> None:
        names = {"query": "q", "key": "k", "value": "v", "mix": "ao", "norm": "aln", "widen": "fi",
                 "narrow": "fo", "last_norm": "oln"}  # fmt: skip
        _fill(self.norm, tensors, "emb.ln")
        for index, layer in enumerate(self.layers):
            for part, stored in names.items():
                _fill(getattr(layer, part), tensors, f"l{index}.{stored}")

    def body(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """Return the states [texts, pieces, width]; `mask` is 1 for a piece, 0 for padding."""
        states = self.dropout(self.norm(embedded + self.places[: embedded.shape[1]]))
        added = (1.0 - mask[:, None, None, :]) * -1e4
        for layer in self.layers:
            states = layer(states, added)
        return states

    def read(self, embedded: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the logits of sentiment and dialect [texts, …], tags and polarity [texts, pieces, …]."""
        states = self.body(embedded, mask)
        pull = self.gate(states)[:, :, 0] + (1.0 - mask) * -1e4
        pooled = (states * pull.softmax(dim=1)[:, :, None]).sum(dim=1)
        pooled = self.dropout(pooled)
        return self.sentiment(pooled), self.dialect(pooled), self.tags(states), self.polarity(states)

    def forward(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return what `read` returns, from the ids of the pieces [texts, pieces]."""
        return self.read(self.words(pieces), mask)


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def _fill(part: nn.Module, tensors: dict[str, NDArray[Any]], name: str) -> None:
    with torch.no_grad():
        cast(nn.Parameter, part.weight).copy_(_tensor(tensors[f"{name}.w"]))
        cast(nn.Parameter, part.bias).copy_(_tensor(tensors[f"{name}.b"]))

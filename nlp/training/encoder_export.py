"""The trained encoder as one ONNX file: word embeddings in 4 bits, matrices in 8, the rest in 32.

The graph is written node by node, with the fused operators of ONNX Runtime, so that the file depends on
no exporter. It reads one text at a time: activations are quantised by the largest of them, and a text's
answer must not hang on its neighbours in a batch. Before each matrix, channels that run high are scaled
down and the matrix's columns up by as much (Xiao et al., "SmoothQuant", 2023): one scale then fits all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from nlp.training.encoder_weights import BLOCK, Weights

Array = NDArray[Any]
_MICROSOFT = "com.microsoft"
_SMOOTHNESS = 0.8
_SMALLEST = 1e-5


class Graph:
    """Nodes and constants of an ONNX graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._names = 0

    def constant(self, value: Array | np.generic) -> str:
        """Add a constant and return its name."""
        name = self._name("c")
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def four_bits(self, packed: NDArray[np.uint8], shape: tuple[int, int]) -> str:
        """Add a constant of 4-bit numbers, two a byte, the lower half first; zero stands for −8."""
        name = self._name("q")
        signed = (packed ^ 0x88).tobytes()
        self.constants.append(helper.make_tensor(name, TensorProto.INT4, shape, signed, raw=True))
        return name

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        output = self._name(kind.lower())
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def split(self, value: str, parts: int) -> list[str]:
        """Add a split of the last dimension into equal parts and return their names."""
        outputs = [self._name("part") for _ in range(parts)]
        self.nodes.append(helper.make_node("Split", [value], outputs, axis=-1, num_outputs=parts))
        return outputs

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"


class Exporter:
    """Writes one network. `state` holds its parameters by name; `largest` the largest input, by channel,
    that each matrix met on real texts (`nlp.training.encoder.largest_inputs`).
    """

    def __init__(
        self, state: Mapping[str, Array], largest: Mapping[str, Array], weights: Weights, kept: list[int]
    ) -> None:
        self._graph = Graph()
        self._state, self._largest = state, largest
        self._weights, self._kept = weights, kept

    def write(self, path: Path) -> None:
        """Write the file. Input: `pieces` [1, pieces] of int64. Outputs, all logits: `sentiment` [1, 3],
        `tags` [1, pieces, 9] and `polarity` [1, pieces, 3]. The head for dialects taught the body and stays
        behind: the linear model tells them better.
        """
        states = self._embeddings()
        for index in range(self._weights.layers):
            states = self._layer(f"layers.{index}.", states)
        outputs = self._heads(states)
        named = [helper.make_node("Identity", [value], [name]) for name, value in outputs.items()]
        graph = helper.make_graph(
            [*self._graph.nodes, *named],
            "marsad-encoder",
            [helper.make_tensor_value_info("pieces", TensorProto.INT64, [1, "pieces"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self._graph.constants,
        )
        domains = [helper.make_opsetid("", 21), helper.make_opsetid(_MICROSOFT, 1)]
        path.write_bytes(helper.make_model(graph, opset_imports=domains, ir_version=10).SerializeToString())

    def _embeddings(self) -> str:
        """Add the look-up of the words in their 4-bit blocks, the places, and their normalisation."""
        graph, kept = self._graph, self._kept
        quarters = self._weights.quarters[kept]
        numbers = np.concatenate((quarters & 15, quarters >> 4), axis=2).reshape(len(kept), -1)
        packed = (numbers[:, ::2] | numbers[:, 1::2] << 4).astype(np.uint8)
        words = graph.node(
            "GatherBlockQuantized",
            graph.four_bits(packed, (len(kept), numbers.shape[1])),
            "pieces",
            graph.constant(self._weights.scales[kept].astype(np.float32)),
            domain=_MICROSOFT,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )
        one, two, zero = (graph.constant(np.array([at])) for at in (1, 2, 0))
        length = graph.node("Slice", graph.node("Shape", "pieces"), one, two)
        places = graph.node("Slice", graph.constant(self._state["places"]), zero, length, zero)
        scale, bias = self._constants("norm.weight", "norm.bias")
        return graph.node(
            "LayerNormalization", graph.node("Add", words, places), scale, bias, axis=-1,
            epsilon=self._weights.epsilon,
        )  # fmt: skip

    def _layer(self, at: str, states: str) -> str:
        graph = self._graph
        query, key, value = graph.split(
            self._matrix(states, *(f"{at}{one}" for one in ("query", "key", "value"))), 3
        )
        mixed = graph.node(
            "MultiHeadAttention", query, key, value, domain=_MICROSOFT, num_heads=self._weights.heads
        )
        states = self._normalized(states, self._matrix(mixed, f"{at}mix"), f"{at}norm")
        inner = graph.node("Gelu", self._matrix(states, f"{at}widen"))
        return self._normalized(states, self._matrix(inner, f"{at}narrow"), f"{at}last_norm")

    def _matrix(self, states: str, *names: str) -> str:
        """Add `states @ weight.T + bias` in 8 bits, for the parts of that name side by side."""
        graph = self._graph
        weight = np.concatenate([self._state[f"{name}.weight"] for name in names])
        bias = np.concatenate([self._state[f"{name}.bias"] for name in names])
        widest = np.maximum(self._largest[names[0]], _SMALLEST) ** _SMOOTHNESS
        smooth = widest / np.maximum(np.abs(weight).max(axis=0), _SMALLEST) ** (1 - _SMOOTHNESS)
        states = graph.node("Mul", states, graph.constant((1 / smooth).astype(np.float32)))
        weight = weight * smooth
        scales = np.maximum(np.abs(weight).max(axis=1), _SMALLEST) / 127
        numbers = np.clip(np.rint(weight / scales[:, None]), -127, 127).astype(np.int8)
        return graph.node(
            "DynamicQuantizeMatMul",
            states,
            graph.constant(numbers.T),
            graph.constant(scales.astype(np.float32)),
            graph.constant(np.zeros(len(weight), np.int8)),
            graph.constant(bias),
            domain=_MICROSOFT,
        )

    def _normalized(self, states: str, added: str, name: str) -> str:
        scale, bias = self._constants(f"{name}.weight", f"{name}.bias")
        return self._graph.node(
            "SkipLayerNormalization", states, added, scale, bias, domain=_MICROSOFT,
            epsilon=self._weights.epsilon,
        )  # fmt: skip

    def _heads(self, states: str) -> dict[str, str]:
        graph = self._graph
        second = graph.constant(np.array([1]))
        pull = graph.node("Squeeze", self._head("gate", states), graph.constant(np.array([2])))
        shares = graph.node("Unsqueeze", graph.node("Softmax", pull, axis=-1), second)
        pooled = graph.node("Squeeze", graph.node("MatMul", shares, states), second)
        inputs = {"sentiment": pooled, "tags": states, "polarity": states}
        return {name: self._head(name, value) for name, value in inputs.items()}

    def _head(self, name: str, states: str) -> str:
        weight, bias = self._state[f"{name}.weight"].T, self._state[f"{name}.bias"]
        product = self._graph.node("MatMul", states, self._graph.constant(weight))
        return self._graph.node("Add", product, self._graph.constant(bias))

    def _constants(self, *names: str) -> list[str]:
        return [self._graph.constant(self._state[name]) for name in names]

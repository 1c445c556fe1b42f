"""A graph under construction, and the operations that several networks need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require

if TYPE_CHECKING:
    from numpy import ndarray


@dataclass
class GraphBuilder:
    """A graph under construction: nodes and constant arrays; values are referred to by name."""

    nodes: list[Any] = field(default_factory=list)
    arrays: dict[str, ndarray] = field(default_factory=dict)

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add a node. Returns the name of its first output."""
        helper = require("onnx.helper", purpose="writing ONNX")
        name = f"{kind.lower()}_{len(self.nodes)}"
        names = [name, *(f"{name}_{place}" for place in range(1, outputs))]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return name

    def array(self, values: Any, name: str | None = None) -> str:
        """Add a constant."""
        name = name or f"constant_{len(self.arrays)}"
        self.arrays[name] = np.ascontiguousarray(values)
        return name

    def number(self, value: float) -> str:
        """Add a single float."""
        return self.array(np.float32(value))

    def axes(self, *places: int) -> str:
        """Add a list of whole numbers."""
        return self.array(np.array(places, np.int64))

    def linear(self, x: str, weights: Mapping[str, ndarray], at: str) -> str:
        """A linear layer of PyTorch over the last axis."""
        product = self.op("MatMul", x, self.array(weights[f"{at}.weight"].T))
        return self.op("Add", product, self.array(weights[f"{at}.bias"]))

    def conv(self, x: str, weights: Mapping[str, ndarray], at: str) -> str:
        """A convolution over (texts, channels, length) that keeps the length."""
        kernel = weights[f"{at}.weight"]
        padding = kernel.shape[2] - 1
        pads = [padding // 2, padding - padding // 2]
        return self.op("Conv", x, self.array(kernel), self.array(weights[f"{at}.bias"]), pads=pads)

    def cast(self, x: str, kind: str) -> str:
        """The values of `x` as another type, by ONNX's name for it."""
        types = require("onnx", purpose="writing ONNX").TensorProto
        return self.op("Cast", x, to=int(getattr(types, kind)))

    def mean(self, block: str) -> str:
        """(texts, length, width), padded with zeros, to (texts, width): the mean over words."""
        many = self.cast(self.op("Unsqueeze", "lengths", self.axes(1)), "FLOAT")
        total = self.op("ReduceSum", block, self.axes(1), keepdims=0)
        return self.op("Div", total, self.op("Max", many, self.number(1)))

    def norm(self, x: str, weights: Mapping[str, ndarray], at: str) -> str:
        """A layer normalization of PyTorch over the last axis."""
        scale, bias = self.array(weights[f"{at}.weight"]), self.array(weights[f"{at}.bias"])
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)

    def places(self) -> str:
        """(length,) int64: the places of words in the longest text, from 0."""
        length = self.op("Gather", self.op("Shape", "ids"), self.array(np.int64(1)))
        return self.op("Range", self.array(np.int64(0)), length, self.array(np.int64(1)))

    def mask(self, lengths: str) -> str:
        """(texts, length, 1) float32: 1 for words, 0 for padding."""
        stands = self.op("Less", self.places(), self.op("Unsqueeze", lengths, self.axes(1)))
        return self.op("Unsqueeze", self.cast(stands, "FLOAT"), self.axes(2))

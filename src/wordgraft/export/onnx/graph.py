"""Networks as ONNX graphs, written node by node.

The graphs are small and independent of PyTorch's own exporter. An LSTM receives the lengths of its
texts, so that padding does not affect its backward direction.

Inputs, all int64:
    ids      (texts, length)   rows of words; an id of `rows + i` means word `i` of `parts`
    lengths  (texts,)          words per text
    parts    (unknown, most)   out-of-vocabulary words as rows, whose mean they are; 0 pads
    casing   (texts, length)   for networks that read the case of words
    letters  (texts, length, letters)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import OutputError
from wordgraft.table.quantization import stored_as

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

OPSET, IR_VERSION = 18, 10
_LOWEST = np.float32(-3e38)


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


@dataclass(frozen=True)
class GraphPlan:
    """The structure of a network, as its file describes it.

    Attributes:
        name: `bag`, `linear`, `cnn`, `bilstm` or `bilstm-crf`.
        per_word: whether it tags words instead of classifying texts.
        multi: whether a text may have several labels.
        casing, letters: whether it reads the case and the letters of words.
    """

    name: str
    per_word: bool
    multi: bool = False
    casing: bool = False
    letters: bool = False


NETWORKS = ("bag", "linear", "cnn", "bilstm", "bilstm-crf")


def build(
    plan: GraphPlan,
    rows: Float32[ndarray, "rows dims"],
    weights: Mapping[str, ndarray],
    *,
    int8: bool,
) -> GraphBuilder:
    """The graph of a network over these rows; its output is `logits` or `probabilities`.

    Args:
        rows: all rows that `ids` and `parts` can refer to.
        weights: of body and head, by PyTorch's names.
        int8: store each row as one byte per number and one scale.
    """
    if plan.name not in NETWORKS:
        raise OutputError(
            f"network {plan.name!r} cannot be exported to ONNX; those that can: "
            f"{', '.join(NETWORKS)}"
        )
    graph = GraphBuilder()
    body = "body.body." if plan.casing or plan.letters else "body."
    block = _words(graph, rows, int8=int8)
    if plan.casing or plan.letters:
        joined = [block]
        if plan.casing:
            table = graph.array(weights["body.parts.0.table.weight"])
            joined.append(graph.op("Gather", table, "casing"))
        if plan.letters:
            joined.append(_letters(graph, weights, f"body.parts.{int(plan.casing)}."))
        block = graph.op("Mul", graph.op("Concat", *joined, axis=2), _mask(graph, "lengths"))
    features = _BODIES[plan.name](graph, block, weights, body, plan.per_word)
    logits = graph.linear(features, weights, "head.linear")
    if plan.per_word:
        graph.op("Identity", logits)
        graph.nodes[-1].output[0] = "logits"
    else:
        activation = "Sigmoid" if plan.multi else "Softmax"
        graph.op(activation, logits, **({} if plan.multi else {"axis": 1}))
        graph.nodes[-1].output[0] = "probabilities"
    return graph


def _mask(graph: GraphBuilder, lengths: str) -> str:
    """(texts, length, 1) float32: 1 for words, 0 for padding."""
    length = graph.op("Gather", graph.op("Shape", "ids"), graph.array(np.int64(1)))
    places = graph.op("Range", graph.array(np.int64(0)), length, graph.array(np.int64(1)))
    stands = graph.op("Less", places, graph.op("Unsqueeze", lengths, graph.axes(1)))
    return graph.op("Unsqueeze", graph.op("Cast", stands, to=_float()), graph.axes(2))


def _words(graph: GraphBuilder, rows: Float32[ndarray, "rows dims"], *, int8: bool) -> str:
    """(texts, length, dims): the row of each word, or the mean of an OOV word's parts."""
    vectors, scales = stored_as("int8" if int8 else "float32", rows)
    matrix = graph.array(vectors, "rows")
    scale = None if scales is None else graph.array(scales[:, None], "scales")

    def taken(ids: str) -> str:
        rows_of_ids = graph.op("Gather", matrix, ids)
        if scale is None:
            return rows_of_ids
        wide = graph.op("Cast", rows_of_ids, to=_float())
        return graph.op("Mul", wide, graph.op("Gather", scale, ids))

    number, zero = graph.array(np.int64(len(rows))), graph.array(np.int64(0))
    unknown = graph.op("GreaterOrEqual", "ids", number)
    known = taken(graph.op("Where", unknown, zero, "ids"))
    real = graph.op("Cast", graph.op("Greater", "parts", zero), to=_float())
    many = graph.op("ReduceSum", real, graph.axes(1), keepdims=1)
    total = graph.op("ReduceSum", taken("parts"), graph.axes(1), keepdims=0)
    means = graph.op("Div", total, graph.op("Max", many, graph.number(1)))
    place = graph.op("Where", unknown, graph.op("Sub", "ids", number), zero)
    borrowed = graph.op("Gather", means, place)
    return graph.op("Where", graph.op("Unsqueeze", unknown, graph.axes(2)), borrowed, known)


def _letters(graph: GraphBuilder, weights: Mapping[str, ndarray], at: str) -> str:
    """(texts, length, filters): the maximum of each filter over the letters of each word."""
    embedded = graph.op("Gather", graph.array(weights[f"{at}table.weight"]), "letters")
    shape = graph.op("Shape", "letters")
    dims = weights[f"{at}table.weight"].shape[1]
    longest = graph.op("Slice", shape, graph.axes(2), graph.axes(3), graph.axes(0))
    flat = graph.op(
        "Reshape", embedded, graph.op("Concat", graph.axes(-1), longest, graph.axes(dims), axis=0)
    )
    filtered = graph.conv(graph.op("Transpose", flat, perm=[0, 2, 1]), weights, f"{at}filters")
    best = graph.op("ReduceMax", graph.op("Relu", filtered), graph.axes(2), keepdims=0)
    texts = graph.op("Slice", shape, graph.axes(0), graph.axes(2), graph.axes(0))
    return graph.op("Reshape", best, graph.op("Concat", texts, graph.axes(-1), axis=0))


def _mean(graph: GraphBuilder, block: str) -> str:
    many = graph.op("Cast", graph.op("Unsqueeze", "lengths", graph.axes(1)), to=_float())
    # Padding is a row of zeros.
    total = graph.op("ReduceSum", block, graph.axes(1), keepdims=0)
    return graph.op("Div", total, graph.op("Max", many, graph.number(1)))


def _linear(graph: GraphBuilder, block: str, *_: Any) -> str:
    return _mean(graph, block)


def _bag(graph: GraphBuilder, block: str, weights: Mapping[str, ndarray], at: str, *_: Any) -> str:
    return graph.op("Relu", graph.linear(_mean(graph, block), weights, f"{at}layers.1"))


def _cnn(
    graph: GraphBuilder, block: str, weights: Mapping[str, ndarray], at: str, per_word: bool
) -> str:
    across = graph.op("Transpose", block, perm=[0, 2, 1])
    widths = sum(name.startswith(f"{at}filters.") for name in weights) // 2
    filtered = [
        graph.op("Relu", graph.conv(across, weights, f"{at}filters.{place}"))
        for place in range(widths)
    ]
    features = graph.op("Transpose", graph.op("Concat", *filtered, axis=1), perm=[0, 2, 1])
    if per_word:
        return features
    # Filters' outputs are never negative, so padding with zeros cannot be the maximum.
    return graph.op(
        "ReduceMax", graph.op("Mul", features, _mask(graph, "lengths")), graph.axes(1), keepdims=0
    )


def _bilstm(
    graph: GraphBuilder, block: str, weights: Mapping[str, ndarray], at: str, per_word: bool
) -> str:
    hidden = weights[f"{at}lstm.weight_hh_l0"].shape[1]

    def both(name: str) -> ndarray:
        """PyTorch's gates (input, forget, cell, output) in ONNX's order, both directions."""
        parts = [weights[f"{at}lstm.{name}_l0{end}"] for end in ("", "_reverse")]
        return np.stack([part.reshape(4, hidden, -1)[[0, 3, 1, 2]] for part in parts])

    biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    # An empty text is treated as one word of zeros.
    lengths = graph.op("Max", "lengths", graph.array(np.int64(1)))
    states = graph.op(
        "LSTM",
        graph.op("Transpose", block, perm=[1, 0, 2]),
        graph.array(both("weight_ih").reshape(2, 4 * hidden, -1)),
        graph.array(both("weight_hh").reshape(2, 4 * hidden, -1)),
        graph.array(biases.reshape(2, 8 * hidden)),
        graph.op("Cast", lengths, to=require("onnx", purpose="writing ONNX").TensorProto.INT32),
        direction="bidirectional",
        hidden_size=hidden,
    )
    # (length, directions, texts, hidden) to (texts, length, directions * hidden)
    turned = graph.op("Transpose", states, perm=[2, 0, 1, 3])
    features = graph.op("Reshape", turned, graph.array(np.array([0, 0, 2 * hidden], np.int64)))
    if per_word:
        return features
    stands = graph.op("Greater", _mask(graph, lengths), graph.number(0.5))
    read = graph.op("Where", stands, features, graph.array(_LOWEST))
    return graph.op("ReduceMax", read, graph.axes(1), keepdims=0)


def _float() -> int:
    return int(require("onnx", purpose="writing ONNX").TensorProto.FLOAT)


_BODIES = {
    "linear": _linear,
    "bag": _bag,
    "cnn": _cnn,
    "bilstm": _bilstm,
    "bilstm-crf": _bilstm,
}

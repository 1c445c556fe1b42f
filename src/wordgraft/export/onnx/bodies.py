"""The bodies of networks as ONNX nodes: from the words' vectors to features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.export.onnx.builder import GraphBuilder

if TYPE_CHECKING:
    from numpy import ndarray

_LOWEST = np.float32(-3e38)
HEADS = 4  # of a transformer's attention: its weights do not show it


def _linear(graph: GraphBuilder, block: str, *_: Any) -> str:
    return graph.mean(block)


def _bag(graph: GraphBuilder, block: str, weights: Mapping[str, ndarray], at: str, *_: Any) -> str:
    return graph.op("Relu", graph.linear(graph.mean(block), weights, f"{at}layers.1"))


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
        "ReduceMax", graph.op("Mul", features, graph.mask("lengths")), graph.axes(1), keepdims=0
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
        graph.cast(lengths, "INT32"),
        direction="bidirectional",
        hidden_size=hidden,
    )
    # (length, directions, texts, hidden) to (texts, length, directions * hidden)
    turned = graph.op("Transpose", states, perm=[2, 0, 1, 3])
    features = graph.op("Reshape", turned, graph.array(np.array([0, 0, 2 * hidden], np.int64)))
    if per_word:
        return features
    stands = graph.op("Greater", graph.mask(lengths), graph.number(0.5))
    read = graph.op("Where", stands, features, graph.array(_LOWEST))
    return graph.op("ReduceMax", read, graph.axes(1), keepdims=0)


def _transformer(
    graph: GraphBuilder, block: str, weights: Mapping[str, ndarray], at: str, per_word: bool
) -> str:
    # A text without words attends to one place of padding: attention to nothing would be NaN.
    attended = graph.mask(graph.op("Max", "lengths", graph.array(np.int64(1))))
    # (texts, heads, from, to): added to the scores; nothing to those of words.
    across = graph.op("Unsqueeze", graph.op("Transpose", attended, perm=[0, 2, 1]), graph.axes(1))
    penalty = graph.op("Mul", graph.op("Sub", graph.number(1), across), graph.array(_LOWEST))
    width = weights[f"{at}into.weight"].shape[0]
    hidden = graph.op("Add", graph.linear(block, weights, f"{at}into"), _positions(graph, width))
    layers = sum(name.endswith("self_attn.in_proj_weight") for name in weights)
    for layer in range(layers):
        part = f"{at}layers.layers.{layer}."
        normed = graph.norm(hidden, weights, f"{part}norm1")
        mixed = _attention(graph, normed, penalty, weights, f"{part}self_attn.")
        hidden = graph.op("Add", hidden, mixed)
        normed = graph.norm(hidden, weights, f"{part}norm2")
        wide = _gelu(graph, graph.linear(normed, weights, f"{part}linear1"))
        hidden = graph.op("Add", hidden, graph.linear(wide, weights, f"{part}linear2"))
    features = graph.norm(hidden, weights, f"{at}layers.norm")
    if per_word:
        return features
    return graph.mean(graph.op("Mul", features, graph.mask("lengths")))


def _positions(graph: GraphBuilder, width: int) -> str:
    """(length, width): sines and cosines in turn, as `networks.transformer` adds them."""
    rates = np.exp(np.arange(0, width, 2, dtype=np.float32) * np.float32(-np.log(10_000) / width))
    places = graph.op("Unsqueeze", graph.cast(graph.places(), "FLOAT"), graph.axes(1))
    angles = graph.op("Mul", places, graph.array(np.repeat(rates, 2)[:width]))
    even = graph.array(np.arange(width) % 2 == 0)
    return graph.op("Where", even, graph.op("Sin", angles), graph.op("Cos", angles))


def _attention(
    graph: GraphBuilder, block: str, penalty: str, weights: Mapping[str, ndarray], at: str
) -> str:
    """(texts, length, width): a mix of the words for each word."""
    width = weights[f"{at}out_proj.weight"].shape[0]
    dims = width // HEADS
    projected = graph.op("MatMul", block, graph.array(weights[f"{at}in_proj_weight"].T))
    projected = graph.op("Add", projected, graph.array(weights[f"{at}in_proj_bias"]))

    def heads(start: int, perm: list[int]) -> str:
        part = graph.op(
            "Slice", projected, graph.axes(start), graph.axes(start + width), graph.axes(2)
        )
        part = graph.op("Reshape", part, graph.axes(0, 0, HEADS, dims))
        return graph.op("Transpose", part, perm=perm)

    query, key = heads(0, [0, 2, 1, 3]), heads(width, [0, 2, 3, 1])
    scores = graph.op("Mul", graph.op("MatMul", query, key), graph.number(dims**-0.5))
    shares = graph.op("Softmax", graph.op("Add", scores, penalty), axis=3)
    mixed = graph.op("MatMul", shares, heads(2 * width, [0, 2, 1, 3]))
    joined = graph.op("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.linear(
        graph.op("Reshape", joined, graph.axes(0, 0, width)), weights, f"{at}out_proj"
    )


def _gelu(graph: GraphBuilder, x: str) -> str:
    # ONNX has no operator for it before opset 20.
    erf = graph.op("Erf", graph.op("Mul", x, graph.number(2**-0.5)))
    return graph.op(
        "Mul",
        graph.op("Mul", x, graph.number(0.5)),
        graph.op("Add", erf, graph.number(1)),
    )


# Each takes the words' vectors (texts, length, dims), zeros where there is no word, the network's
# weights, where the names of the body's weights begin, and whether words are tagged.
BODIES = {
    "linear": _linear,
    "bag": _bag,
    "cnn": _cnn,
    "bilstm": _bilstm,
    "bilstm-crf": _bilstm,
    "transformer": _transformer,
}

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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import OutputError
from wordgraft.export.onnx.bodies import BODIES
from wordgraft.export.onnx.builder import GraphBuilder
from wordgraft.table.quantization import stored_as

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

OPSET, IR_VERSION = 18, 10


@dataclass(frozen=True)
class GraphPlan:
    """The structure of a network, as its file describes it.

    Attributes:
        name: one of `BODIES`.
        per_word: whether it tags words instead of classifying texts.
        multi: whether a text may have several labels.
        casing, letters: whether it reads the case and the letters of words.
    """

    name: str
    per_word: bool
    multi: bool = False
    casing: bool = False
    letters: bool = False


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
    if plan.name not in BODIES:
        raise OutputError(
            f"network {plan.name!r} cannot be exported to ONNX; those that can: {', '.join(BODIES)}"
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
        block = graph.op("Mul", graph.op("Concat", *joined, axis=2), graph.mask("lengths"))
    features = BODIES[plan.name](graph, block, weights, body, plan.per_word)
    logits = graph.linear(features, weights, "head.linear")
    if plan.per_word:
        graph.op("Identity", logits)
        graph.nodes[-1].output[0] = "logits"
    else:
        activation = "Sigmoid" if plan.multi else "Softmax"
        graph.op(activation, logits, **({} if plan.multi else {"axis": 1}))
        graph.nodes[-1].output[0] = "probabilities"
    return graph


def _words(graph: GraphBuilder, rows: Float32[ndarray, "rows dims"], *, int8: bool) -> str:
    """(texts, length, dims): the row of each word, or the mean of an OOV word's parts."""
    vectors, scales = stored_as("int8" if int8 else "float32", rows)
    matrix = graph.array(vectors, "rows")
    scale = None if scales is None else graph.array(scales[:, None], "scales")

    def taken(ids: str) -> str:
        rows_of_ids = graph.op("Gather", matrix, ids)
        if scale is None:
            return rows_of_ids
        wide = graph.cast(rows_of_ids, "FLOAT")
        return graph.op("Mul", wide, graph.op("Gather", scale, ids))

    number, zero = graph.array(np.int64(len(rows))), graph.array(np.int64(0))
    unknown = graph.op("GreaterOrEqual", "ids", number)
    known = taken(graph.op("Where", unknown, zero, "ids"))
    real = graph.cast(graph.op("Greater", "parts", zero), "FLOAT")
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

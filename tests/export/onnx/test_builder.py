"""The operations of a graph, computed by onnxruntime and by NumPy."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper

from wordgraft.export.onnx.builder import GraphBuilder
from wordgraft.export.onnx.graph import IR_VERSION, OPSET

LENGTHS = np.array([2, 0])
BLOCK = np.float32([[[1, 3], [5, 4], [0, 0]], [[0, 0], [0, 0], [0, 0]]])


def values_of(graph: GraphBuilder, *floats: str, whole: str = "") -> list[np.ndarray]:
    """The values of these names, the one of whole numbers last."""
    names = dict.fromkeys(floats, TensorProto.FLOAT) | ({whole: TensorProto.INT64} if whole else {})
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [None] * dims)
        for name, dims in (("ids", 2), ("lengths", 1))
    ]
    outputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in names.items()]
    arrays = [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "test", inputs, outputs, arrays),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    ids = np.zeros((2, 3), np.int64)
    return [np.asarray(value) for value in session.run([*names], {"ids": ids, "lengths": LENGTHS})]


def test_words_and_padding() -> None:
    graph = GraphBuilder()
    block = graph.array(BLOCK)
    names = graph.mask("lengths"), graph.mean(block)
    mask, mean, places = values_of(graph, *names, whole=graph.places())
    assert mask[:, :, 0].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert places.tolist() == [0, 1, 2]
    assert mean.tolist() == [[3, 3.5], [0, 0]]


def test_layers_by_the_names_of_their_weights() -> None:
    weights = {
        "out.weight": np.float32([[1, -1], [2, 0], [0, 1]]),
        "out.bias": np.float32([0, 1, 0]),
        "norm.weight": np.float32([2, 3]),
        "norm.bias": np.float32([0, 1]),
        "filters.weight": np.float32([[[1, 10], [0, 0]]]),
        "filters.bias": np.float32([0.5]),
    }
    graph = GraphBuilder()
    block = graph.array(BLOCK[:1])
    names = (
        graph.linear(block, weights, "out"),
        graph.norm(block, weights, "norm"),
        graph.conv(graph.op("Transpose", block, perm=[0, 2, 1]), weights, "filters"),
    )
    linear, norm, conv = values_of(graph, *names)
    assert linear[0, 0].tolist() == [-2, 3, 3]
    # (1, 3) is one below and one above its mean.
    assert_allclose(norm[0, 0], [-2, 4], atol=1e-4)
    assert conv[0, 0].tolist() == [51.5, 5.5, 0.5]

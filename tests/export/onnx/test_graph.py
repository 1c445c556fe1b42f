"""ONNX graphs, computed by onnxruntime and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from wordgraft.errors import OutputError
from wordgraft.export.onnx.graph import IR_VERSION, OPSET, GraphBuilder, GraphPlan, build

ROWS = np.float32([[0, 0], [1, -1], [2, 0], [0, 4]])
WEIGHTS = {
    "head.linear.weight": np.float32([[1, 0], [0, 1], [1, 1]]),
    "head.linear.bias": np.float32([0, 0, 1]),
}
# Two words; a word whose parts are rows 2 and 3, and one of row 1; no word.
IDS = np.array([[2, 3], [4, 5], [0, 0]])
INPUTS = {
    "ids": IDS,
    "lengths": np.array([2, 2, 0]),
    "parts": np.array([[2, 3], [1, 0]]),
}
MEANS = np.float32([[1, 2], [1, 0.5], [0, 0]])


def run(graph: GraphBuilder, output: str) -> np.ndarray:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    names = {"ids": 2, "lengths": 1, "parts": 2}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [None] * dims)
        for name, dims in names.items()
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    arrays = [onnx.numpy_helper.from_array(array, name) for name, array in graph.arrays.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "test", inputs, outputs, arrays),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.asarray(session.run([output], INPUTS)[0])


@pytest.mark.parametrize("multi", [False, True])
def test_a_linear_network_classifies_the_mean_of_the_rows(multi: bool) -> None:
    graph = build(GraphPlan("linear", per_word=False, multi=multi), ROWS, WEIGHTS, int8=False)
    logits = MEANS @ WEIGHTS["head.linear.weight"].T + WEIGHTS["head.linear.bias"]
    if multi:
        expected = 1 / (1 + np.exp(-logits))
    else:
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert_allclose(run(graph, "probabilities"), expected, rtol=1e-5)


def test_rows_of_one_byte_are_multiplied_by_their_scales() -> None:
    plan = GraphPlan("linear", per_word=False)
    whole = run(build(plan, ROWS, WEIGHTS, int8=False), "probabilities")
    graph = build(plan, ROWS, WEIGHTS, int8=True)
    assert graph.arrays["rows"].dtype == np.int8
    assert_allclose(graph.arrays["scales"][:, 0], [0, 1 / 127, 2 / 127, 4 / 127], atol=1e-6)
    # Each row's largest number is exact in int8, and the other is 0 or its negative.
    assert_allclose(run(graph, "probabilities"), whole, rtol=1e-5)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(OutputError, match="network 'x' cannot be exported to ONNX; those that can"):
        build(GraphPlan("x", per_word=False), ROWS, WEIGHTS, int8=False)

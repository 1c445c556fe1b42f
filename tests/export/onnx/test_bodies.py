"""The bodies of graphs compute what PyTorch computes from the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper

from wordgraft.export.onnx.bodies import BODIES, HEADS
from wordgraft.export.onnx.builder import GraphBuilder
from wordgraft.export.onnx.graph import IR_VERSION, OPSET
from wordgraft.networks import NETWORKS, transformer
from wordgraft.networks.inputs import Sequences

DIMS, HIDDEN = 6, 16
LENGTHS = np.array([3, 1, 0, 5])


def run_body(name: str, weights: dict[str, np.ndarray], block: np.ndarray, per_word: bool) -> Any:
    graph = GraphBuilder()
    output = BODIES[name](graph, graph.array(block, "block"), weights, "body.", per_word)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [None] * dims)
        for name, dims in (("ids", 2), ("lengths", 1))
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    arrays = [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "test", inputs, outputs, arrays),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    ids = np.zeros(block.shape[:2], np.int64)
    return session.run([output], {"ids": ids, "lengths": LENGTHS})[0]


@pytest.mark.parametrize("per_word", [False, True])
@pytest.mark.parametrize("name", [*BODIES])
def test_a_body_gives_the_features_of_pytorch(name: str, per_word: bool) -> None:
    kind = NETWORKS[name]
    if not (kind.words if per_word else kind.texts):
        pytest.skip(f"{name} does not do this")
    generator = torch.Generator().manual_seed(0)
    options = {"per_word": per_word} if kind.words else {}
    body = kind.body(DIMS, hidden=HIDDEN, dropout=0.5, generator=generator, **options).eval()
    with torch.no_grad():  # norms and biases start at one and zero, which hides them
        for weights in body.parameters():
            weights += torch.randn(weights.shape, generator=generator) / 10
    vectors = torch.randn(int(LENGTHS.sum()), DIMS, generator=generator)
    with torch.inference_mode():
        expected = body(Sequences(vectors, torch.from_numpy(LENGTHS)), {}).numpy()
    mask = np.arange(LENGTHS.max()) < LENGTHS[:, None]
    block = np.zeros((*mask.shape, DIMS), np.float32)
    block[mask] = vectors.numpy()
    weights = {f"body.{name}": array.numpy() for name, array in body.state_dict().items()}
    features = run_body(name, weights, block, per_word)
    assert_allclose(features[mask] if per_word else features, expected, atol=2e-6)


def test_every_network_has_a_body_and_a_transformer_its_heads() -> None:
    assert {*BODIES} == {*NETWORKS}
    assert HEADS == transformer.HEADS

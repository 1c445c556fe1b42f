"""Hidden states are those of transformers, on the same weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file
from transformers import AutoModel

from wordgraft.build import build_table
from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel, equal_length_batches
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError
from wordgraft.vocabulary import Vocabulary

each_architecture = pytest.mark.parametrize("name", tiny.ARCHITECTURES)
Tiny = Callable[[str], Path]


@each_architecture
@pytest.mark.parametrize("layers", [(0,), (1,), (2,), (3,), (0, 1, 2, 3), (0, 2)], ids=str)
def test_hidden_states_are_those_of_transformers(
    tiny_checkpoint: Tiny, name: str, layers: tuple[int, ...]
) -> None:
    folder = tiny_checkpoint(name)
    checkpoint = open_checkpoint(folder)
    rng = np.random.default_rng(0)
    usable = np.setdiff1d(np.arange(checkpoint.tokenizer.size), [checkpoint.tokenizer.pad_id])
    rows = [rng.choice(usable, length).tolist() for length in (5, 9, 5, 3, 9)]
    model = AutoModel.from_pretrained(folder).eval()
    seen = []
    for batch, hidden in EncoderModel(checkpoint, layers=layers, device="cpu").encode(
        Ragged.of(rows)
    ):
        seen += batch.tolist()
        ids = torch.tensor([rows[place] for place in batch])
        with torch.inference_mode():
            theirs = model(ids, output_hidden_states=True).hidden_states
        assert set(hidden) == set(layers)
        for layer in layers:
            assert_allclose(hidden[layer], theirs[layer], atol=1e-5, err_msg=f"layer {layer}")
    assert sorted(seen) == [0, 1, 2, 3, 4]


@each_architecture
def test_batches_side_by_side_are_those_one_after_the_other(
    tiny_checkpoint: Tiny, name: str
) -> None:
    encoder = EncoderModel(open_checkpoint(tiny_checkpoint(name)), layers=[1, 3], device="cpu")
    rng = np.random.default_rng(0)
    rows = [rng.integers(5, 60, length).tolist() for length in rng.integers(1, 9, 60)]
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            assert encoder.at_once == threads
            found.append([*encoder.encode(Ragged.of(rows))])
    finally:
        torch.set_num_threads(before)
    assert len(found[0]) > 2
    for (batch, alone), (same, beside) in zip(*found, strict=True):
        assert_array_equal(batch, same)
        assert [*alone] == [*beside] == [1, 3]
        for layer in alone:
            assert_allclose(beside[layer], alone[layer], rtol=1e-5, atol=1e-6)


def test_the_real_minilm(minilm: str) -> None:
    checkpoint = open_checkpoint(minilm)
    model = AutoModel.from_pretrained(checkpoint.folder).eval()
    assert_array_equal(
        checkpoint.word_embeddings(), model.get_input_embeddings().weight.detach().numpy()
    )
    ids = checkpoint.tokenizer.tokenizer.encode("A grafted bud takes.").ids
    with torch.inference_mode():
        theirs = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    _, ours = next(EncoderModel(checkpoint, layers=(3, 6), device="cpu").encode(Ragged.of([ids])))
    assert_allclose(ours[3], theirs[3], atol=1e-5)
    assert_allclose(ours[6], theirs[6], atol=1e-5)


@pytest.mark.parametrize("setting", ["num_hidden_groups", "inner_group_num"])
def test_an_albert_of_several_groups_is_not_cut(tmp_path: Path, setting: str) -> None:
    from transformers import AlbertConfig, AlbertModel

    shared = dict(hidden_size=32, num_attention_heads=4, intermediate_size=64, embedding_size=16)
    config = AlbertConfig(vocab_size=40, num_hidden_layers=4, **shared, **{setting: 2})
    torch.manual_seed(0)
    model = AlbertModel(config).eval()
    model.save_pretrained(tmp_path)
    ids = [2, 7, 9, 3]
    with torch.inference_mode():
        theirs = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    checkpoint = open_checkpoint(tmp_path)
    _, ours = next(EncoderModel(checkpoint, layers=(4,), device="cpu").encode(Ragged.of([ids])))
    assert_allclose(ours[4], theirs[-1], atol=1e-5)
    with pytest.raises(CheckpointError, match=f"has {setting} 2, expected 1 .* last layer, 4"):
        EncoderModel(checkpoint, layers=(2,))


def test_weights_that_lack_a_layer_are_refused(tiny_checkpoint: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint("bert"), tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 4}))
    with pytest.raises(CheckpointError, match=r"lacks \d+ of its encoder's weights"):
        EncoderModel(open_checkpoint(folder), layers=(4,))


def test_nan_in_the_weights_is_named(bert: Path) -> None:
    tensors = load_file(bert / "model.safetensors")
    name = "encoder.layer.0.output.dense.bias"
    tensors[name][0] = np.nan
    save_file(tensors, bert / "model.safetensors", {"format": "pt"})
    checkpoint = open_checkpoint(bert)
    with pytest.raises(CheckpointError, match=f"NaN or infinite values in {name}"):
        build_table(checkpoint, Vocabulary.from_words(["a"], checkpoint))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_hidden_layers": "six"}, "num_hidden_layers is 'six', expected a whole number"),
        ({"num_attention_heads": 5}, "transformers cannot load its weights with its config.json"),
        ({"intermediate_size": 48}, "transformers cannot load its weights with its config.json"),
    ],
)
def test_a_configuration_that_contradicts_the_weights(
    bert: Path, settings: dict[str, object], message: str
) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | settings))
    checkpoint = open_checkpoint(bert)
    with pytest.raises(CheckpointError, match=message):
        build_table(checkpoint, Vocabulary.from_words(["a"], checkpoint))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "moon"}, "device 'moon' cannot be used by this torch"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used by this torch"),
        (
            {"dtype": "int8"},
            "encoder dtype is 'int8', expected one of auto, float32, bfloat16, float16",
        ),
        ({"dtype": "nothing"}, "encoder dtype is 'nothing', expected one of auto"),
    ],
)
def test_devices_and_precisions_there_are_not(
    bert: Path, options: dict[str, str], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        EncoderModel(open_checkpoint(bert), layers=[1], **options)


def test_batches_hold_sequences_of_one_length_and_few_tokens() -> None:
    lengths = np.array([2, 3, 2, 0, 3, 2, 3])
    batches = [batch.tolist() for batch in equal_length_batches(lengths, 6)]
    assert batches == [[1, 4], [6], [0, 2, 5]]

"""What transformers' own classes answer with the weights that were saved for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from encoder_inputs import DISTINCT, TEXTS, inputs_of, pieces_of
from numpy.testing import assert_allclose
from torch import Generator

from wordgraft.checkpoint import open_checkpoint
from wordgraft.networks.as_transformers import as_transformers
from wordgraft.networks.encoder import EachWord, EncoderRows, Pooling
from wordgraft.networks.heads import ClassHead
from wordgraft.networks.network import Network

Tiny = Callable[[str], Path]
LABELS = ["down", "flat", "up"]


def network_of(folder: Path, body: str, words: str = "first") -> Network:
    rows = EncoderRows(open_checkpoint(folder), words=words)
    made = (
        EachWord(rows.dims, dropout=0.1, norm_eps=rows.norm_eps)
        if body == "words"
        else Pooling(rows.dims, body, dropout=0.1, norm_eps=rows.norm_eps)
    )
    head = ClassHead(rows.dims, 3, generator=Generator().manual_seed(0))
    return Network(rows, made, head).eval()


@pytest.mark.parametrize("how", ["cls", "mean"])
@pytest.mark.parametrize("name", DISTINCT)
def test_sequence_classifiers_answer_as_the_network_does(
    name: str, how: str, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    network = network_of(checkpoint.folder, how)
    model, reason = as_transformers(network, LABELS)
    if how == "mean" and name in ("albert", "mpnet", "deberta_v2"):
        assert reason is not None
        assert "cannot be made to average" in reason
        return
    assert reason is None
    model.save_pretrained(tmp_path)
    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert loaded.config.id2label == dict(enumerate(LABELS))
    inputs = inputs_of(checkpoint, TEXTS)
    longest = int(inputs.lengths.max())
    block = torch.full((len(TEXTS), longest), checkpoint.tokenizer.pad_id)
    mask = torch.arange(longest) < inputs.lengths[:, None]
    block[mask] = inputs.ids
    with torch.inference_mode():
        found = loaded(input_ids=block, attention_mask=mask.long()).logits
        expected = network(inputs)
    assert float(expected.std()) > 0.1
    assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("name", DISTINCT)
def test_token_classifiers_answer_at_the_first_piece(
    name: str, tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    network = network_of(checkpoint.folder, "words")
    model, reason = as_transformers(network, LABELS)
    assert reason is None
    model.save_pretrained(tmp_path)
    loaded = transformers.AutoModelForTokenClassification.from_pretrained(tmp_path).eval()
    pieces = pieces_of(checkpoint, ["the unhappiest bank"])
    counts = checkpoint.tokenizer.word_pieces(["the", "unhappiest", "bank"])
    start, end = checkpoint.tokenizer.specials
    ids = torch.tensor([[*start, *counts.ids.tolist(), *end]])
    with torch.inference_mode():
        found = loaded(input_ids=ids).logits[0, len(start) + counts.offsets[:-1]]
        expected = network(pieces)
    assert_allclose(found, expected, atol=1e-4)


def test_what_has_no_class_says_why(tiny_checkpoint: Tiny) -> None:
    folder = tiny_checkpoint("bert")
    for body, words, message in [
        ("attention", "first", "no attention over a text's tokens"),
        ("words", "mean", "tag the first piece of a word, not the mean"),
    ]:
        network = network_of(folder, body, words)
        model, reason = as_transformers(network, LABELS)
        assert message in str(reason)
        assert model is network.rows.model


def test_the_saved_encoder_gives_the_vectors_of_its_own_layers(
    tiny_checkpoint: Tiny, tmp_path: Path
) -> None:
    """The layer that averages is no layer of the encoder."""
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    network = network_of(checkpoint.folder, "mean")
    model, _ = as_transformers(network, LABELS)
    model.save_pretrained(tmp_path)
    for file in checkpoint.folder.glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    saved = open_checkpoint(tmp_path)
    assert (saved.layers, saved.isolated_layer(), saved.is_fine_tuned) == (3, 3, True)
    rows = EncoderRows(saved).eval()
    inputs = inputs_of(checkpoint, TEXTS)
    with torch.inference_mode():
        assert_allclose(rows(inputs).vectors, network.rows(inputs).vectors, atol=1e-6)

"""The encoder as rows: the same states as transformers gives, whatever the batch looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from encoder_inputs import DISTINCT, TEXTS, inputs_of, pieces_of
from numpy.testing import assert_allclose

from wordgraft.checkpoint import open_checkpoint
from wordgraft.networks.encoder import EncoderRows, Pooling, of_similar_length
from wordgraft.networks.inputs import Sequences

Tiny = Callable[[str], Path]


@pytest.mark.parametrize("name", DISTINCT)
def test_padded_texts_get_the_states_that_transformers_gives_each_alone(
    name: str, tiny_checkpoint: Tiny
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    rows = EncoderRows(checkpoint).eval()
    reference = transformers.AutoModel.from_pretrained(checkpoint.folder).eval()
    with torch.inference_mode():
        found = rows(inputs_of(checkpoint, TEXTS)).vectors
        alone = [
            reference(input_ids=inputs_of(checkpoint, [text]).ids[None]).last_hidden_state[0]
            for text in TEXTS
        ]
    assert_allclose(found, torch.cat(alone), atol=2e-5)


@pytest.mark.parametrize("how", ["first", "last", "mean"])
def test_a_word_gets_its_first_last_or_mean_piece(how: str, tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    rows = EncoderRows(checkpoint, words=how).eval()
    with torch.inference_mode():
        found = rows(pieces_of(checkpoint, ["unhappiest bank growing"])).vectors
        states = rows(inputs_of(checkpoint, ["unhappiest bank growing"])).vectors
    counts = checkpoint.tokenizer.word_pieces(["unhappiest", "bank", "growing"]).lengths
    assert counts.max() > 2
    starts = 1 + np.cumsum(counts) - counts
    expected = {
        "first": states[starts],
        "last": states[starts + counts - 1],
        "mean": torch.stack(
            [states[s : s + n].mean(0) for s, n in zip(starts, counts, strict=True)]
        ),
    }
    assert_allclose(found, expected[how], atol=1e-5)


def test_words_of_several_texts_are_read_apart(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    rows = EncoderRows(checkpoint).eval()
    with torch.inference_mode():
        together = rows(pieces_of(checkpoint, [TEXTS[0], "", TEXTS[1]]))
        alone = [rows(pieces_of(checkpoint, [text])).vectors for text in (TEXTS[0], TEXTS[1])]
    assert together.lengths.tolist() == [5, 0, 3]
    assert_allclose(together.vectors, torch.cat(alone), atol=1e-5)


def test_a_text_longer_than_the_encoder_reads_is_cut_between_words(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    assert checkpoint.max_tokens == 64
    rows = EncoderRows(checkpoint).eval()
    with torch.inference_mode():
        found = rows(pieces_of(checkpoint, ["the bank " * 100])).vectors
        window = rows(pieces_of(checkpoint, ["the bank " * 31])).vectors
    assert found.shape == (200, 32)
    assert_allclose(found[:62], window, atol=1e-5)
    assert_allclose(found[62:124], window, atol=1e-5)


def test_windows_do_not_depend_on_the_other_texts_of_a_batch(tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    rows, text = EncoderRows(checkpoint).eval(), "the bank " * 50
    with torch.inference_mode():
        alone = rows(pieces_of(checkpoint, [text])).vectors
        beside = rows(pieces_of(checkpoint, ["unhappiest " + "growing" * 6, text])).vectors
    assert_allclose(beside[-100:], alone, atol=1e-5)


@pytest.mark.parametrize("name", DISTINCT)
def test_depth_follows_the_layers(name: str, tiny_checkpoint: Tiny) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint(name))
    rows = EncoderRows(checkpoint)
    depths: dict[int, int] = {}
    for parameter, values in rows.named_parameters():
        depth = rows.depth_of(parameter)
        depths[depth] = depths.get(depth, 0) + values.numel()
    layers = 1 if name == "albert" else 3
    assert sorted(depths) == list(range(layers + 1))
    embedding = checkpoint.word_embeddings().size
    assert depths[0] >= embedding
    assert max(depths[layer] for layer in range(1, layers + 1)) < embedding + 20_000


def test_poolings_against_numbers_by_hand() -> None:
    vectors = torch.tensor([[1.0, 3.0], [3.0, 9.0], [0.0, 5.0]])
    words = Sequences(vectors, torch.tensor([2, 1]))
    assert Pooling(2, "cls", dropout=0)(words, {}).tolist() == [[1, 3], [0, 5]]
    # Means are (2, 6) and (0, 5): two values normalised are -1 and 1.
    assert_allclose(Pooling(2, "mean", dropout=0)(words, {}), [[-1, 1], [-1, 1]], atol=1e-4)
    attention = Pooling(2, "attention", dropout=0)
    same = attention(words, {}).detach()
    assert_allclose(same, Pooling(2, "mean", dropout=0)(words, {}), atol=1e-5)
    wide = Sequences(torch.eye(3), torch.tensor([3]))
    looking = Pooling(3, "attention", dropout=0)
    with torch.no_grad():
        looking.query[1] = 50.0
    assert_allclose(
        looking(wide, {}).detach(),
        torch.nn.functional.layer_norm(torch.eye(3)[1:2], (3,)),
        atol=1e-4,
    )


def test_texts_of_like_length_go_together() -> None:
    assert of_similar_length([5, 5, 5]) == [[0, 1, 2]]
    assert sorted(map(sorted, of_similar_length([5, 20, 5, 21]))) == [[0, 2], [1, 3]]
    lengths = np.random.default_rng(0).integers(3, 80, 64).tolist()
    groups = of_similar_length(lengths)
    assert sorted(text for group in groups for text in group) == list(range(64))
    places = sum(len(group) * max(lengths[text] for text in group) for group in groups)
    assert 1 - sum(lengths) / places <= 0.05
    assert len(groups) < 20


def test_a_gpu_reads_batches_whole_while_little_of_all_is_padding(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    rows = EncoderRows(open_checkpoint(tiny_checkpoint("bert"))).train()
    gpu, whole = torch.device("cuda"), [[0, 1, 2, 3]]
    sizes = [10, 10, 10, 14]
    assert sorted(map(sorted, rows.groups(sizes, torch.device("cpu")))) == [[0, 1, 2], [3]]
    assert len(rows.groups(sizes, gpu)) == 2  # 12 of 56 places: nothing was read yet to make up
    rows.tokens_read, rows.places_read = 490, 500
    assert rows.groups(sizes, gpu) == whole  # 22 of 556
    rows.tokens_read, rows.places_read = 480, 500
    assert len(rows.groups(sizes, gpu)) == 2  # 32 of 556

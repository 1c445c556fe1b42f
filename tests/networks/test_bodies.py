"""Every body and head: what stands beside a text must not change it, and tags obey their scheme."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from tables import random_table
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wordgraft.grafts.torch import embedding
from wordgraft.networks import NETWORKS, Network, build
from wordgraft.networks.build import Shape
from wordgraft.networks.heads import ClassHead, LabelHead, TagHead, forbidden
from wordgraft.networks.input_features import CASING, LETTERS, LayerMix
from wordgraft.networks.inputs import Inputs, Sequences, padded
from wordgraft.networks.rows import EmbeddingRows, FeatureRows

TABLE = random_table(40, 6)
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
FOR_TEXTS = [name for name, kind in NETWORKS.items() if kind.texts]
FOR_WORDS = [name for name, kind in NETWORKS.items() if kind.words]


def network(name: str, *, per_word: bool, seed: int = 0, joins: bool = False) -> Network:
    shape = Shape(name, 6, 1, 16, 0.3, per_word, casing=joins, letters=joins, seed=seed)
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    if per_word:
        learned = NETWORKS[name].crf
        return build(
            rows, shape, lambda width, rng: TagHead(width, TAGS, learned=learned, generator=rng)
        )
    return build(rows, shape, lambda width, rng: ClassHead(width, 3, generator=rng))


def inputs(texts: list[list[int]], *, joins: bool = False) -> Inputs:
    flat = torch.tensor([id for text in texts for id in text], dtype=torch.int64)
    extras = {CASING: flat % 8, LETTERS: flat[:, None] % 30 + torch.arange(24)} if joins else {}
    return Inputs(flat, torch.tensor([len(text) for text in texts]), extras)


def logits(net: Network, texts: list[list[int]]) -> np.ndarray:
    with torch.inference_mode():
        return net.eval()(inputs(texts)).numpy()


@pytest.mark.parametrize("name", FOR_TEXTS)
def test_a_texts_logits_do_not_depend_on_its_neighbours(name: str) -> None:
    net = network(name, per_word=False)
    texts = [[3, 7, 9, 11, 4, 5, 8], [6], [], [12, 13, 14]]
    together = logits(net, texts)
    assert together.shape == (4, 3)
    for text, found in zip(texts, together, strict=True):
        assert_allclose(logits(net, [text])[0], found, atol=1e-5)
    assert np.abs(together[0] - together[3]).max() > 1e-4


def test_the_lstm_reads_as_torch_does_packed_sequences() -> None:
    body = network("bilstm", per_word=True).body.eval()
    rng = torch.Generator().manual_seed(0)
    words = Sequences(torch.randn(14, 6, generator=rng), torch.tensor([3, 7, 1, 3]))
    found = body(words, {})
    found.sum().backward()
    own = [each.grad.clone() for each in body.lstm.parameters()]
    body.zero_grad()
    block, mask = padded(words)
    packed = pack_padded_sequence(block, words.lengths, batch_first=True, enforce_sorted=False)
    expected = pad_packed_sequence(body.lstm(packed)[0], batch_first=True)[0][mask]
    expected.sum().backward()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for one, parameter in zip(own, body.lstm.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FOR_WORDS)
def test_a_words_logits_do_not_depend_on_other_sentences(name: str) -> None:
    net = network(name, per_word=True)
    texts = [[3, 7, 9, 11, 4, 5, 8], [6], [], [12, 13, 14]]
    together = logits(net, texts)
    assert together.shape == (11, 5)
    alone = np.concatenate([logits(net, [text]) for text in texts])
    assert_allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in FOR_TEXTS if n not in ("bag", "linear")])
def test_order_matters_to_all_but_the_bag(name: str) -> None:
    one, other = [3, 7, 9, 11, 4], [4, 11, 9, 7, 3]
    net = network(name, per_word=False)
    assert np.abs(logits(net, [one]) - logits(net, [other])).max() > 1e-3
    bag = network("bag", per_word=False)
    assert_allclose(logits(bag, [one]), logits(bag, [other]), atol=1e-6)


@pytest.mark.parametrize(("name", "per_word"), list(product(NETWORKS, [False, True])))
def test_gradients_reach_every_part_and_no_row_that_is_absent(name: str, per_word: bool) -> None:
    kind = NETWORKS[name]
    if not (kind.words if per_word else kind.texts):
        pytest.skip("not a network of this task")
    net = network(name, per_word=per_word).train()
    batch = inputs([[3, 7, 9], [5, 6]])
    targets = torch.tensor([0, 1, 2, 0, 3]) if per_word else torch.tensor([0, 2])
    net.loss(net(batch), batch, targets).backward()
    for part, parameter in net.named_parameters():
        if parameter.requires_grad and "word_dropout" not in part:
            assert parameter.grad is not None, part
    touched = net.rows.layer.weight.grad.abs().sum(dim=1) > 0
    assert set(touched.nonzero().ravel().tolist()) <= {3, 5, 6, 7, 9}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_is_the_start_and_the_callers_state_is_untouched(name: str) -> None:
    per_word = not NETWORKS[name].texts
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = (network(name, per_word=per_word, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


def test_impossible_transitions_are_those_of_iob2() -> None:
    first, following = forbidden(TAGS)
    for tag, never in zip(TAGS, first, strict=True):
        assert never == tag.startswith("I-")
    for (i, before), (j, after) in product(enumerate(TAGS), enumerate(TAGS)):
        goes_on = after.startswith("I-") and before[1:] not in ("-" + after[2:],)
        assert following[i, j] == goes_on, (before, after)


@pytest.mark.parametrize("name", FOR_WORDS)
def test_no_impossible_tags_are_predicted_whatever_the_logits(name: str) -> None:
    net = network(name, per_word=True).eval()
    rng = np.random.default_rng(0)
    batch = inputs([[3] * 40, [], [4] * 7, [5]])
    for _ in range(5):
        made = torch.from_numpy(rng.normal(0, 5, (48, 5)).astype(np.float32))
        best = net.predict(made, batch)
        assert len(best) == 48
        start = 0
        for length in (40, 0, 7, 1):
            tags = ["O", *(TAGS[k] for k in best[start : start + length])]
            for before, after in pairwise(tags):
                assert not after.startswith("I-") or before[2:] == after[2:]
            start += length


def test_a_crf_gives_the_best_path_and_its_own_likelihood() -> None:
    """Against all 5^3 paths, counted one by one."""
    head = network("bilstm-crf", per_word=True).head
    rng = np.random.default_rng(1)
    with torch.no_grad():
        moves = torch.from_numpy(rng.normal(size=(5, 5)).astype(np.float32))
        head.crf.transitions += moves * (head.crf.transitions > -1)
    made = torch.from_numpy(rng.normal(size=(3, 5)).astype(np.float32))
    batch = inputs([[3, 4, 5]])
    first, moves = head.crf.start_transitions.detach(), head.crf.transitions.detach()

    def worth(path: tuple[int, ...]) -> float:
        total = first[path[0]] + sum(made[k, tag] for k, tag in enumerate(path))
        return float(total + sum(moves[a, b] for a, b in pairwise(path)))

    paths = {path: worth(path) for path in product(range(5), repeat=3)}
    best = max(paths, key=paths.__getitem__)
    assert head.predict(made, batch).tolist() == list(best)
    expected = -(paths[0, 1, 2] - np.logaddexp.reduce(list(paths.values()))) / 3
    loss = head.loss(made, batch, torch.tensor([0, 1, 2]))
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-4)


def test_forbidden_transitions_do_not_move_in_training() -> None:
    net = network("bilstm-crf", per_word=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    batch = inputs([[3, 4, 5], [6, 7]])
    for _ in range(20):
        optimizer.zero_grad()
        net.loss(net(batch), batch, torch.tensor([1, 2, 0, 0, 3])).backward()
        optimizer.step()
    _, never = forbidden(TAGS)
    moves = net.head.crf.transitions.detach().numpy()
    assert (moves[never] == -1e4).all()
    assert np.abs(moves[~never]).min() > 0


def test_casing_and_letters_join_the_words_vector() -> None:
    net = network("bilstm-crf", per_word=True, joins=True).eval()
    batch = inputs([[3, 7, 9]], joins=True)
    other = batch.extras | {CASING: (batch.extras[CASING] + 1) % 8}
    with torch.inference_mode():
        assert net(batch).shape == (3, 5)
        assert (net(batch) - net(batch._replace(extras=other))).abs().max() > 1e-3


def test_several_labels_have_a_loss_and_a_probability_each() -> None:
    head = LabelHead(4, 2, generator=torch.Generator().manual_seed(0))
    made = torch.tensor([[0.0, 2.0]])
    batch = inputs([[3]])
    assert_allclose(head.predict(made, batch), [[0.5, 1 / (1 + np.exp(-2))]], rtol=1e-6)
    loss = float(head.loss(made, batch, torch.tensor([[True, False]])))
    assert loss == pytest.approx((np.log(2) + np.log1p(np.exp(2))) / 2, rel=1e-5)


def test_layers_are_mixed_by_softmax_and_a_scale() -> None:
    stored = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    words = FeatureRows(stored)(inputs([[1, 0]]))
    assert words.vectors.shape == (2, 3, 4)
    mix = LayerMix(3)
    assert_allclose(mix(words.vectors).detach(), stored[[1, 0]].mean(axis=1))
    assert FeatureRows(stored[:, :1])(inputs([[1, 0]])).vectors.shape == (2, 4)


@pytest.mark.parametrize("name", FOR_TEXTS)
def test_products_in_bfloat16_are_possible_on_any_cpu(name: str) -> None:
    net, given = network(name, per_word=False), inputs([[3, 7, 9], [6]])
    with torch.autocast("cpu", torch.bfloat16):
        found = net(given)
    found.float().sum().backward()
    expected = net.eval()(given)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(net(given).float(), expected.detach(), rtol=0.1, atol=0.1)

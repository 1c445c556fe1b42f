"""The checkpoint encodes out-of-vocabulary words as it encoded the table's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oov_tables import ASKED, asked_vectors, fitted, raw_table

from wordgraft import EmbeddingTable, Vocabulary, build_table, method_of, open_checkpoint, with_oov
from wordgraft.errors import TableError
from wordgraft.oov import Blend
from wordgraft.sources import Contextual, Corpus
from wordgraft.table import Center, OovState, Scale, Sif


@pytest.fixture(params=["bert", "roberta", "deberta_v2"])
def folder(request: pytest.FixtureRequest, tiny_checkpoint: Callable[[str], Path]) -> Path:
    return tiny_checkpoint(request.param)


def test_encoder_is_the_source_itself(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    table = fitted(folder, "encoder").refine(Center(), Scale())
    more = build_table(checkpoint, Vocabulary.from_words(ASKED, checkpoint), refinements=())
    assert table.move is not None
    expected = np.stack([table.move(more[word][None])[0] for word in ASKED])
    assert_allclose(asked_vectors(table), expected, atol=1e-5)


def test_encoder_without_its_checkpoint_says_what_to_use(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    table = fitted(tiny_checkpoint("bert"), "encoder")
    assert table.oov is not None
    gone = {**table.oov.settings, "checkpoint": str(tmp_path / "gone")}
    moved = replace(table, oov=OovState("encoder", {}, gone))
    with pytest.raises(TableError, match=r"gone cannot be opened .*\(table, 'neighbours'\)"):
        method_of(moved).vectors(["unheard"])
    other = {**table.oov.settings, "checkpoint_sha256": "0" * 64}
    moved = replace(table, oov=OovState("encoder", {}, other))
    with pytest.raises(TableError, match="is not the one that made the table"):
        method_of(moved).vectors(["unheard"])
    recipe = {**table.recipe, "checkpoint": str(tmp_path / "gone")}
    with pytest.raises(TableError, match="oov pieces is fitted with the pieces' rows, and its"):
        with_oov(replace(table, recipe=recipe), "pieces")
    alone = with_oov(replace(table, recipe=recipe), Blend(pieces=False, epochs=0.1))
    assert np.isfinite(asked_vectors(alone)).all()


def test_it_can_be_fitted_before_or_after_refining(folder: Path, tmp_path: Path) -> None:
    refined = raw_table(folder).refine(Center(), Sif(), Scale())
    refined.save(tmp_path / "t")
    loaded = EmbeddingTable.load(tmp_path / "t")
    for name in ("pieces", "encoder"):
        # Fitted before refining or after, with the checkpoint its recipe names: the same space.
        later = asked_vectors(with_oov(loaded, name))
        before = asked_vectors(fitted(folder, name).refine(Center(), Sif(), Scale()))
        assert_allclose(later, before, atol=2e-2 * np.abs(before).max())


def test_a_contextual_table_gets_its_template_vectors(folder: Path, sentences: list[str]) -> None:
    checkpoint = open_checkpoint(folder)
    source = Contextual(Corpus.of_texts(sentences), layers=(1, 2), max_words=20)
    table = build_table(checkpoint, source=source, oov="encoder", refinements=())
    vocabulary = Vocabulary.from_words(["the", "unheard"], checkpoint)
    other = build_table(checkpoint, vocabulary, source=source, oov="encoder", refinements=())
    assert other.provenance.contexts[vocabulary.row("unheard")] == 0
    assert_allclose(method_of(table).vectors(["unheard"])[0], other["unheard"], atol=1e-5)

"""Folders and objects of other libraries, opened by those libraries themselves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file
from tables import random_table
from tokenizers import Tokenizer

import wordgraft as wg
from wordgraft.errors import DataError, MissingExtraError, OutputError, PickleRefusedError
from wordgraft.export.formats import FORMATS, from_keyed_vectors, to_keyed_vectors, write_spacy
from wordgraft.export.formats.reading import sniffed

TEXTS = ["w1 w2, w3!", "W7 w7 nowhere w0", "nowhere at all", "", "w5 " * 700]


def write(table: wg.EmbeddingTable, name: str, path: Path, **options: Any) -> Path:
    written = FORMATS[name].write
    assert written is not None
    written(table, path, **options)
    return path


def means(table: wg.EmbeddingTable, texts: list[str], *, with_unk: bool) -> np.ndarray:
    """The mean of the rows of each text's words, by hand; zeros where there are none."""
    unk = table.vocabulary.roles["unk"]
    found = []
    for text in texts:
        ids = [int(id) for id in table.vocabulary.ids([text]).ids if with_unk or id != unk]
        rows = table.rows(ids).astype(np.float64) if ids else np.zeros((1, table.dims))
        found.append(rows.mean(axis=0))
    return np.array(found)


@pytest.fixture(scope="module")
def pieces(tiny_checkpoint: Callable[[str], Path]) -> wg.EmbeddingTable:
    """A table of a checkpoint's own pieces, whose padding is not its first."""
    checkpoint = wg.open_checkpoint(tiny_checkpoint("roberta"))
    vocabulary = wg.Vocabulary.from_tokenizer(checkpoint)
    return wg.build_table(checkpoint, vocabulary, source="lookup", refinements=())


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_model2vec_gives_the_mean_of_our_rows(tmp_path: Path, dtype: str) -> None:
    from model2vec import StaticModel

    table = random_table(300, 16).astype(dtype)
    model = StaticModel.from_pretrained(write(table, "model2vec", tmp_path / "m"))
    assert_allclose(model.encode(TEXTS), means(table, TEXTS, with_unk=False), rtol=2e-5, atol=1e-5)
    assert model.tokens == table.vocabulary.words
    assert_array_equal(model.embedding, table.rows())


def test_sentence_transformers_gives_the_mean_of_our_rows(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    table = random_table(300, 16)
    for name in ("sentence-transformers", "model2vec"):
        folder = write(table, name, tmp_path / name)
        model = SentenceTransformer(str(folder), device="cpu")
        found = model.encode(TEXTS, show_progress_bar=False)
        assert_allclose(found, means(table, TEXTS, with_unk=True), rtol=2e-5, atol=1e-5)


def test_both_read_a_table_of_pieces(tmp_path: Path, pieces: wg.EmbeddingTable) -> None:
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer

    texts = ["the warm sun", "a cold rain falls", "zebra"]
    expected = means(pieces, texts, with_unk=True)
    small = StaticModel.from_pretrained(write(pieces, "model2vec", tmp_path / "m"))
    assert_allclose(small.encode(texts), expected, atol=1e-6)
    folder = write(pieces, "sentence-transformers", tmp_path / "s")
    model = SentenceTransformer(str(folder), device="cpu")
    assert_allclose(model.encode(texts, show_progress_bar=False), expected, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["model2vec", "sentence-transformers", "safetensors", "spacy", "gensim"]
)
def test_tables_come_back(tmp_path: Path, name: str) -> None:
    table = random_table(3_000, 8)
    path = write(table, name, tmp_path / "out")
    assert sniffed(path) == name
    back = wg.read_vectors(path, allow_pickle=True)
    assert back.vocabulary.words == table.vocabulary.words
    assert_array_equal(back.vectors[2:], table.vectors[2:])
    if name == "spacy":  # which has no row for unknown words
        assert_allclose(back.vectors[1], table.vectors[2:].mean(0), rtol=1e-4)
    else:
        assert_array_equal(back.vectors[1], table.vectors[1])
    assert_array_equal(
        back.vocabulary.ids(["w5, W6 nowhere"]).ids, table.vocabulary.ids(["w5, W6 nowhere"]).ids
    )
    assert back.recipe["format"] == name
    if name in ("safetensors", "gensim"):
        assert_array_equal(back.vocabulary.counts, table.vocabulary.counts)


@pytest.mark.parametrize("name", ["model2vec", "sentence-transformers", "safetensors"])
def test_pieces_come_back(tmp_path: Path, pieces: wg.EmbeddingTable, name: str) -> None:
    back = wg.read_vectors(write(pieces, name, tmp_path / "out"))
    assert back.vocabulary.kind == "pieces"
    assert back.vocabulary.words == pieces.vocabulary.words
    assert_array_equal(back.vectors, pieces.vectors)
    assert back.vocabulary.roles == dict(pieces.vocabulary.roles)
    assert back.recipe["made_by"]["source"] == "lookup"


def test_a_model_that_model2vec_wrote(
    tmp_path: Path, tiny_checkpoint: Callable[[str], Path]
) -> None:
    """Its padding is not row 0; words share rows, and each has a weight."""
    from model2vec import StaticModel

    tokenizer = Tokenizer.from_file(str(tiny_checkpoint("roberta") / "tokenizer.json"))
    n = tokenizer.get_vocab_size()
    rng = np.random.default_rng(0)
    model = StaticModel(
        rng.normal(size=(20, 6)).astype(np.float32),
        tokenizer,
        weights=rng.uniform(1, 2, n).astype(np.float32),
        token_mapping=rng.integers(0, 20, n),
    )
    model.save_pretrained(tmp_path / "m")
    table = wg.read_vectors(tmp_path / "m")
    assert table.vocabulary.words[0] == "<pad>"
    assert not table.vectors[0].any()
    texts = ["the warm sun", "a cold rain"]
    assert_allclose(means(table, texts, with_unk=False), model.encode(texts), atol=1e-5)


def test_a_model_that_sentence_transformers_wrote(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    table = random_table(50, 8)
    module = StaticEmbedding(table.vocabulary.tokenizer, embedding_weights=table.rows().copy())
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "m"))
    back = wg.read_vectors(tmp_path / "m")
    assert back.recipe["format"] == "sentence-transformers"
    assert_array_equal(back.vectors, table.vectors)


def test_spacy_looks_words_up(tmp_path: Path) -> None:
    import spacy

    table = random_table(300, 8)
    nlp = spacy.load(write(table, "spacy", tmp_path / "nlp"))
    assert nlp.vocab.vectors.shape == (300, 8)
    doc = nlp("w5 w6 nowhere")
    assert_array_equal(doc[0].vector, table["w5"])
    assert_array_equal(doc[1].vector, table["w6"])
    assert not doc[2].has_vector
    assert_allclose(doc[:2].vector, table.rows([7, 8]).mean(0), rtol=1e-5)
    write_spacy(table, tmp_path / "english", language="en")
    assert spacy.load(tmp_path / "english").lang == "en"


def test_spacy_pipelines_without_vectors(tmp_path: Path) -> None:
    import spacy

    spacy.blank("xx").to_disk(tmp_path / "nlp")
    with pytest.raises(DataError, match="has no word vectors"):
        wg.read_vectors(tmp_path / "nlp")


def test_keyed_vectors_there_and_back(tmp_path: Path) -> None:
    table = random_table(200, 8)
    made = to_keyed_vectors(table)
    assert_array_equal(made["w7"], table["w7"])
    assert made.get_vecattr("w7", "count") == table.vocabulary.counts[9]
    word, cosine = made.most_similar("w7", topn=1)[0]
    assert (word, pytest.approx(cosine, abs=1e-5)) == table.neighbours("w7", top=1)[0]
    back = from_keyed_vectors(made)
    assert back.vocabulary.words == table.vocabulary.words
    assert_array_equal(back.vectors, table.vectors)
    path = write(table, "gensim", tmp_path / "v.kv")
    assert_array_equal(KeyedVectors.load(str(path)).vectors, table.rows()[1:])


def test_pickles_are_refused_unless_allowed(tmp_path: Path) -> None:
    path = write(random_table(20, 4), "gensim", tmp_path / "v.kv")
    with pytest.raises(PickleRefusedError, match="reading one can run any code; give allow_pickle"):
        wg.read_vectors(path)
    assert len(wg.read_vectors(path, allow_pickle=True)) == 22


def test_bad_folders(tmp_path: Path) -> None:
    table = random_table(20, 4)
    folder = write(table, "safetensors", tmp_path / "s")
    save_file({"vectors": table.rows()[:9]}, folder / "model.safetensors")
    with pytest.raises(DataError, match=r"has ids up to 21, the vectors have shape \(9, 4\)"):
        wg.read_vectors(folder)
    save_file({"other": table.rows()}, folder / "model.safetensors")
    with pytest.raises(DataError, match="has the tensors other; expected vectors or"):
        wg.read_vectors(folder)
    (folder / "model.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(DataError, match=r"model\.safetensors"):
        wg.read_vectors(folder)
    bad = write(table, "model2vec", tmp_path / "m")
    tensors = load_file(bad / "model.safetensors")
    tensors["embeddings"][3, 1] = np.nan
    save_file(tensors, bad / "model.safetensors")
    with pytest.raises(DataError, match=r"the vector of 'w1' .* has NaN"):
        wg.read_vectors(bad)
    table.save(tmp_path / "t.table")
    with pytest.raises(DataError, match=r"is already a table: open it with EmbeddingTable\.load"):
        wg.read_vectors(tmp_path / "t.table")


def test_modules_other_than_one_are_refused(tmp_path: Path) -> None:
    folder = write(random_table(20, 4), "sentence-transformers", tmp_path / "s")
    modules = folder / "modules.json"
    good = modules.read_text()
    modules.write_text(good.replace("StaticEmbedding", "Transformer"))
    with pytest.raises(DataError, match="is a model of Transformer; only one StaticEmbedding"):
        wg.read_vectors(folder)
    modules.write_text(good.replace('"0_StaticEmbedding"', '"../elsewhere"'))
    with pytest.raises(DataError, match="points out of its folder"):
        wg.read_vectors(folder)


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.folder])
def test_only_folders_of_ours_are_replaced(tmp_path: Path, name: str) -> None:
    table = random_table(20, 4)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="is not replaced even with --force"):
        write(table, name, tmp_path / "mine", force=True)
    folder = write(table, name, tmp_path / "out")
    with pytest.raises(OutputError, match="exists already"):
        write(table, name, folder)
    write(table, name, folder, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize("name", ["gensim", "spacy"])
def test_a_library_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in [*sys.modules]:
        if module.partition(".")[0] == name:
            monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'wordgraft\[{name}\]'"):
        write(random_table(5, 2), name, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_other_formats_need_no_library_of_theirs(tmp_path: Path) -> None:
    barred = ["gensim", "spacy", "model2vec", "sentence_transformers", "torch"]
    random_table(50, 4).save(tmp_path / "t.table")
    code = (
        f"import sys; sys.modules |= dict.fromkeys({barred!r})\n"
        "import wordgraft as wg; from pathlib import Path\n"
        "from wordgraft.export.formats import FORMATS\n"
        "table = wg.EmbeddingTable.load('t.table')\n"
        "for name in FORMATS.keys() - {'gensim', 'spacy', 'hub'}:\n"
        "    path = Path(name + ('.npz' if name == 'npz' else ''))\n"
        "    FORMATS[name].write(table, path)\n"
        "    assert len(wg.read_vectors(path)) == 52, name\n"
        "print('all')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "all\n", done.stderr

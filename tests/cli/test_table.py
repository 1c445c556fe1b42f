"""`wordgraft table`: sources, corpora, interruptions and refused options."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import interrupted_in, run
from tiny import SENTENCES

from wordgraft.table import EmbeddingTable


def test_an_output_that_exists_needs_force(texts_folder: Path, tmp_path: Path) -> None:
    arguments = [
        "table",
        texts_folder / "bert",
        "-o",
        tmp_path / "t",
        "--words",
        tmp_path / "w.txt",
    ]
    (tmp_path / "w.txt").write_text("sun\n")
    assert run(*arguments).returncode == 0
    before = (tmp_path / "t" / "table.json").stat().st_mtime_ns
    refused = run(*arguments)
    assert refused.returncode == 1
    assert "already exists; choose another name, or replace it with --force\n" in refused.stderr
    assert (tmp_path / "t" / "table.json").stat().st_mtime_ns == before
    assert run(*arguments, "--force").returncode == 0


@pytest.mark.parametrize(
    "place",
    ["wordgraft.checkpoint.encoder:EncoderModel.encode", "wordgraft.table.io:write_tensors"],
    ids=["while it encodes", "while it writes"],
)
def test_ctrl_c_leaves_nothing(texts_folder: Path, tmp_path: Path, place: str) -> None:
    arguments = ("table", texts_folder / "bert", "-o", tmp_path / "t", "--pieces")
    stopped = interrupted_in(place, *arguments, cwd=tmp_path)
    assert stopped.returncode == 130
    assert stopped.stderr.splitlines()[-1] == "wordgraft: interrupted; no result was written"
    assert "Traceback" not in stopped.stderr
    assert stopped.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "moon"], "device 'moon' cannot be used by this torch"),
        (["--encoder-dtype", "int8"], "encoder dtype is 'int8', expected one of auto, float32"),
        (["--layer", "9"], "has layers 0 to 3; asked for [9]"),
        (["--refine", "sif"], "sif needs word counts, and this vocabulary has none"),
        (["--refine", "scale:-1"], "scale:-1: expected a number above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_of_a_table_that_cannot_be(
    texts_folder: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "w.txt").write_text("sun\n")
    output = tmp_path / "t"
    done = run(
        "table", texts_folder / "bert", "-o", output, "--words", tmp_path / "w.txt", *options
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["w.txt"]


@pytest.fixture
def corpus_folder(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> tuple[Path, list[object]]:
    """A folder with a corpus in two files, and the arguments that all runs share."""
    (tmp_path / "a.txt").write_text("\n".join(sentences[:20]))
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.write("\n".join(sentences[20:]))
    corpus = ["--corpus", "a.txt", "--corpus", "b*.gz"]
    return tmp_path, [tiny_checkpoint("bert"), "--source", "contextual", *corpus]


def test_the_corpus_brings_words_and_contexts(corpus_folder: tuple[Path, list[object]]) -> None:
    folder, arguments = corpus_folder
    done = run(
        "table",
        *arguments,
        "-o",
        "t",
        "--max-words",
        20,
        "--contexts",
        2,
        "--layers",
        "1,2",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "t: 22 rows of 32 numbers" in done.stdout
    assert "1 padding, 1 isolated, 20 contextual" in done.stdout
    assert "% of the corpus" in done.stderr
    assert "tokens/s on cpu" in done.stderr
    table = EmbeddingTable.load(folder / "t")
    assert table.recipe["layers"] == [1, 2]
    assert [name for name, _ in table.recipe["corpus"]] == ["a.txt", "b.txt.gz"]
    assert (table.provenance.contexts[2:] >= 2).all()
    assert not (folder / "t.progress").exists()
    (folder / "w.txt").write_text("rain\nriver\nnowhere\n")
    done = run(
        "table", *arguments, "-o", "w", "--words", "w.txt", "--all-contexts", "-q", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "2 isolated, 2 contextual" in done.stdout


def test_a_broken_corpus_is_refused_or_kept_in_part(
    corpus_folder: tuple[Path, list[object]],
) -> None:
    folder, arguments = corpus_folder
    whole = (folder / "b.txt.gz").read_bytes()
    (folder / "b.txt.gz").write_bytes(whole[: len(whole) // 2])
    done = run("table", *arguments, "-o", "t", cwd=folder)
    assert done.returncode == 1
    assert "b.txt.gz is damaged" in done.stderr
    assert not (folder / "t.progress").exists()
    assert "Traceback" not in done.stderr
    assert not (folder / "t").exists()
    done = run("table", *arguments, "-o", "t", "--skip-bad", "--no-resume", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (
        "left out of the corpus: 0 unreadable texts, and everything after the damage in b.txt.gz"
        in (done.stderr)
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--contexts", "2", "--all-contexts"], "give either --contexts or --all-contexts"),
        (
            ["--source", "isolated", "--words", "a.txt"],
            "--corpus: no effect with --source isolated",
        ),
        (["--layer", "1"], "--layer: no effect with --source contextual, only with isolated"),
        (["--pieces", "--max-words", "3"], "have no effect without --texts"),
        (["--contexts", "0"], "Invalid value for '--contexts'"),
    ],
)
def test_wrong_usage(
    corpus_folder: tuple[Path, list[object]], more: list[str], message: str
) -> None:
    folder, arguments = corpus_folder
    done = run("table", *arguments, "-o", "t", *more, cwd=folder)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (folder / "t.progress").exists()


def test_ctrl_c_leaves_what_the_next_run_goes_on_from(texts_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("\n".join(SENTENCES))
    arguments = [texts_folder / "bert", "--source", "contextual", "--corpus", "c.txt", "-o", "t"]
    place = "wordgraft.sources.contextual.accumulate:Sums.add_sentences"
    stopped = interrupted_in(place, "table", *arguments, cwd=tmp_path)
    assert stopped.returncode == 130
    assert "t.progress; run the same again to resume" in stopped.stderr
    assert stopped.stderr.splitlines()[-1] == "wordgraft: interrupted; no result was written"
    assert not (tmp_path / "t").exists()
    other = run("table", *arguments, "--seed", 5, cwd=tmp_path)
    assert other.returncode == 1
    assert "its seed is 0, this run's is 5" in other.stderr
    done = run("table", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.txt", "t"]

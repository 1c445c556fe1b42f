"""Every command on a tiny checkpoint: what it prints where, what it writes, how it exits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import run

from wordgraft.table import EmbeddingTable

COMMANDS = (
    *("table", "inspect", "similarity", "export", "push", "train", "predict", "evaluate"),
    *("cache", "compare", "explore"),
)


@pytest.fixture(scope="module")
def place(tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled texts, a table and a model, made by the commands."""
    folder = tmp_path_factory.mktemp("cli")
    good = [f"{i} the warm sun shines,good" for i in range(20)]
    bad = [f"{i} a cold rain falls,bad" for i in range(20)]
    (folder / "train.csv").write_text("\n".join(["text,label", *good, *bad]) + "\n")
    (folder / "bert").symlink_to(tiny_checkpoint("bert"))
    made = run("table", "bert", "-o", "t.table", "--texts", "train.csv:text", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert "t.table: " in made.stdout
    trained = run(
        "train", "train.csv", "--table", "t.table", "-o", "m.model", "--network", "bag", cwd=folder
    )
    assert trained.returncode == 0, trained.stderr
    assert "macro-F1" in trained.stdout
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"Example: wordgraft {command} " in done.stdout
    assert "--quiet" in done.stdout


def test_inspect_sums_up_a_table_and_looks_at_words(place: Path) -> None:
    done = run("inspect", "t.table", "--texts", "train.csv", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "rows x 32, float32" in done.stdout
    assert "covered: 100.0% of the tokens" in done.stdout
    done = run("inspect", "t.table", "sun", "--top", "2", cwd=place)
    table = EmbeddingTable.load(place / "t.table")
    assert [line.split()[0] for line in done.stdout.splitlines()[3:]] == [
        word for word, _ in table.neighbours("sun", top=2)
    ]


def test_similarity_reads_several_files(place: Path) -> None:
    (place / "a.tsv").write_text("sun\train\t1\nwarm\tcold\t5\nsun\tsun\t9\n")
    (place / "b.tsv").write_text("sun\tnowhere\t1\nsun\tsun\t3\nsun\twarm\t2\n")
    done = run("similarity", "t.table", "a.tsv", "b.tsv", cwd=place)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["pairs", "a.tsv", "b.tsv"]
    assert [line[2:] for line in lines[1:]] == [["3", "3"], ["2", "3"]]
    assert lines[2][1] == "1.000"
    every = run("similarity", "t.table", "b.tsv", "--oov", "table", cwd=place)
    assert every.stdout.splitlines()[1].split()[2:] == ["3", "3"]


def test_export_writes_what_other_tools_read(place: Path) -> None:
    table = EmbeddingTable.load(place / "t.table")
    done = run("export", "t.table", "--to", "npz", "-o", "t.npz", cwd=place)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(place / "t.npz")["vectors"], table.rows())
    run("export", "t.table", "--to", "word2vec", "-o", "t.txt", cwd=place)
    from gensim.models import KeyedVectors

    read = KeyedVectors.load_word2vec_format(str(place / "t.txt"))
    np.testing.assert_array_equal(read["sun"], table["sun"])


def test_export_writes_a_row_for_each_word_known_or_not(place: Path, tmp_path: Path) -> None:
    from gensim.models import KeyedVectors

    from wordgraft.oov import method_of

    (tmp_path / "more.txt").write_text("sun\nunheard\nSun\nsuns\nrain's\n")
    table = EmbeddingTable.load(place / "t.table")
    more = ["--to", "word2vec", "--words", tmp_path / "more.txt", "-o", tmp_path / "out.txt"]
    for oov, name in (([], "pieces"), (["--oov", "neighbours"], "neighbours")):
        done = run("export", "t.table", *more, *oov, "--force", cwd=place)
        assert done.returncode == 0, done.stderr
        assert (
            f"5 words, 2 in the table; out-of-vocabulary: 2 by {name}, 1 by possessive"
            in done.stdout
        )
        read = KeyedVectors.load_word2vec_format(str(tmp_path / "out.txt"))
        assert read.index_to_key == ["[UNK]", "sun", "unheard", "Sun", "suns", "rain's"]
        np.testing.assert_array_equal(read["Sun"], table["sun"])
        np.testing.assert_allclose(read["rain's"], table["rain"], rtol=1e-6)
        expected = method_of(table, name).vectors(["unheard", "suns"])
        np.testing.assert_allclose([read["unheard"], read["suns"]], expected, rtol=1e-5)
    fitted = run("export", "t.table", *more, "--oov", "ngrams", "--force", cwd=place)
    assert fitted.returncode == 0, fitted.stderr
    assert "fitting oov ngrams to the table, which carries pieces" in fitted.stderr
    assert "2 by ngrams" in fitted.stdout


def test_inspect_compares_the_methods_on_unknown_words(place: Path, tmp_path: Path) -> None:
    from wordgraft.oov import method_of

    texts = ["the sun suns unheard", "suns suns unheard rain-sun", "the rain"]
    (tmp_path / "texts.csv").write_text("\n".join(["text", *texts]) + "\n")
    done = run("inspect", "t.table", "--oov", tmp_path / "texts.csv:text", "--top", "1", cwd=place)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "6 of 12 running words (3 of 6 different ones) have no row" in lines[0]
    assert lines[1] == "covered: 50.0% of the tokens, 50.0% of the distinct words"
    header, first, second = (line.split() for line in lines[2:5])
    assert header[-4:] == ["*", "pieces", "neighbours", "encoder"]
    assert (first[:3], second[:3]) == (["suns", "3", "pieces"], ["unheard", "2", "pieces"])
    table = EmbeddingTable.load(place / "t.table")
    vector = method_of(table, "neighbours").vectors(["suns"])[0]
    assert first[-2] == table.neighbours_of(vector, top=1)[0][0]
    assert "ngrams, characters, blend" in done.stderr


def test_train_fits_a_method_that_the_table_does_not_carry(place: Path, tmp_path: Path) -> None:
    done = run(
        *("train", "train.csv", "--table", "t.table", "-o", tmp_path / "m", "--oov", "ngrams"),
        *("--max-epochs", "1"),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    assert "fitting oov ngrams to the table, which carries pieces" in done.stderr
    unknown = EmbeddingTable.load(tmp_path / "m" / "table").unknown
    assert unknown is not None
    assert unknown.method == "ngrams"


def test_predict_prints_a_line_a_text(place: Path) -> None:
    (place / "texts.txt").write_text("the warm sun\na cold rain\n")
    by_file = run("predict", "m.model", "--file", "texts.txt", cwd=place)
    by_hand = run("predict", "m.model", "the warm sun", "a cold rain", cwd=place)
    assert by_file.stdout == by_hand.stdout
    header, *lines = (line.split("\t") for line in by_file.stdout.splitlines())
    assert header == ["label", "bad", "good", "text"]
    assert [(line[0], line[3]) for line in lines] == [
        ("good", "the warm sun"),
        ("bad", "a cold rain"),
    ]
    assert all(abs(float(line[1]) + float(line[2]) - 1) < 1e-3 for line in lines)


def test_evaluate_prints_every_figure(place: Path) -> None:
    done = run("evaluate", "m.model", "train.csv", cwd=place)
    assert "accuracy  1.0000" in done.stdout
    assert "macro-F1  1.0000" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["good", "0", "20"]


def test_quiet_leaves_standard_error_empty(place: Path) -> None:
    done = run("predict", "m.model", "unheard words", "--quiet", cwd=place)
    assert done.stderr == ""
    loud = run("predict", "m.model", "unheard words", cwd=place)
    assert "2 of 2 running words (2 different ones) have no row" in loud.stderr


def _csv(folder: Path, content: bytes) -> str:
    (folder / "bad.csv").write_bytes(content)
    return "bad.csv"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bad.csv is empty"),
        (b"text,label\n", "bad.csv is empty"),
        (b"text,mark\na,b\n", "has no column 'label'; its columns are text, mark"),
        (b"text,label\ngood,1\nbad,1\n", "all 2 labels are '1'; expected at least two classes"),
        (b"text,label\ncaf\xe9,1\n", "bad.csv is not UTF-8 (byte 0xe9"),
    ],
    ids=["empty", "header only", "no column", "one class", "latin1"],
)
def test_bad_training_data(place: Path, tmp_path: Path, content: bytes, message: str) -> None:
    _csv(tmp_path, content)
    output = tmp_path / "m"
    done = run("train", tmp_path / "bad.csv", "--table", place / "t.table", "-o", output)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not output.exists()


def test_a_model_teaches_another_on_texts_without_labels(place: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("warm sun\ncold rain\nsun\n")
    train = ["train", place / "train.csv", "--table", place / "t.table", "--max-epochs", "2"]
    teach = ["--teacher", place / "m.model", "--unlabelled", tmp_path / "more.txt"]
    done = run(*train, "-o", tmp_path / "m", *teach)
    assert done.returncode == 0, done.stderr
    assert "3 of them by the teacher" in done.stdout
    done = run(*train, "-o", tmp_path / "n", *teach[:2])
    assert done.returncode == 2
    assert "--teacher and --unlabelled go together" in " ".join(done.stderr.split())
    assert not (tmp_path / "n").exists()


def test_missing_texts_are_counted(place: Path, tmp_path: Path) -> None:
    lines = ["text,label", "warm,good", ",good", "cold,bad", "sun,good", "rain,bad"]
    (tmp_path / "holes.csv").write_text("\n".join(lines))
    done = run("evaluate", place / "m.model", tmp_path / "holes.csv")
    assert done.returncode == 0
    assert "1 of 5 rows lack a value in text or label and were left out" in done.stderr
    assert done.stdout.splitlines()[0].split() == ["texts", "4"]


def test_an_output_that_exists_needs_force(place: Path, tmp_path: Path) -> None:
    arguments = ["table", place / "bert", "-o", tmp_path / "t", "--words", tmp_path / "w.txt"]
    (tmp_path / "w.txt").write_text("sun\n")
    assert run(*arguments).returncode == 0
    before = (tmp_path / "t" / "table.json").stat().st_mtime_ns
    refused = run(*arguments)
    assert refused.returncode == 1
    assert "exists already; choose another name, or replace it with --force" in refused.stderr
    assert (tmp_path / "t" / "table.json").stat().st_mtime_ns == before
    assert run(*arguments, "--force").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "x", "-o", "y"],
        ["table", "x", "-o", "y", "--pieces", "--words", "z"],
        ["table", "x", "-o", "y", "--pieces", "--source", "magic"],
        ["table", "x", "-o", "y", "--pieces", "--source", "lookup", "--layer", "2"],
        ["export", "x", "--to", "xml", "-o", "y"],
        ["export", "x", "--to", "npz", "-o", "y", "--oov", "blend"],
        ["export", "x", "--to", "npz", "-o", "y", "--words", "z", "--oov", "magic"],
        ["predict", "x"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


def test_ctrl_c_leaves_nothing(minilm: str, tmp_path: Path) -> None:
    code = "from wordgraft.cli import main; main()"
    command = [sys.executable, "-c", code, "table", minilm, "-o", str(tmp_path / "t"), "--pieces"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(7)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted; nothing was written" in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "moon"], "device 'moon' cannot be used by this torch"),
        (["--encoder-dtype", "int8"], "encoder dtype 'int8' is none of auto, float32"),
        (["--layer", "9"], "has layers 0 to 3; asked for [9]"),
        (["--refine", "sif"], "sif needs word counts, and this vocabulary has none"),
        (["--refine", "scale:-1"], "scale:-1: expected a number above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_of_a_table_that_cannot_be(
    place: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    (tmp_path / "w.txt").write_text("sun\n")
    output = tmp_path / "t"
    done = run("table", place / "bert", "-o", output, "--words", tmp_path / "w.txt", *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["w.txt"]


def test_a_full_disk_names_the_output_and_leaves_nothing(place: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: what is too much is refused as there."""
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))\n"
        "from wordgraft.cli import main; main()"
    )
    train = ["train", place / "train.csv", "--table", place / "t.table", "--max-epochs", "1"]
    export = ["export", place / "t.table", "--to", "npz"]
    for arguments in (train, export):
        command = [sys.executable, "-c", code, *map(str, arguments), "-o", str(tmp_path / "out")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1
        assert f"wordgraft: cannot write {tmp_path / 'out'}: " in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        assert list(tmp_path.iterdir()) == []


def test_ctrl_c_at_the_very_start_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom wordgraft.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "wordgraft: interrupted; nothing was written\n"

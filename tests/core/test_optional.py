"""Optional libraries that are missing are named with the command that brings them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError


def test_a_library_that_is_there() -> None:
    assert require("numpy.linalg", purpose="x").norm([3, 4]) == math.hypot(3, 4)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("torch", "torch"),
        ("sklearn.base", "train"),
        ("zstandard", "zstd"),
        ("spacy.vectors", "spacy"),
        ("keras", "keras"),
        ("flax.nnx", "flax"),
        ("jax.numpy", "flax"),
        ("onnxruntime", "onnx"),
    ],
)
def test_a_library_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [])
        patch.setitem(sys.modules, module.partition(".")[0], None)
        library = module.partition(".")[0]
        with pytest.raises(MissingExtraError, match=rf"^work needs {library}, .*\[{extra}\]'"):
            require(module, purpose="work")


def test_a_library_that_is_broken_inside_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "accelerate.py").write_text("import surely_not_installed_anywhere")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "accelerate", raising=False)
    with pytest.raises(ModuleNotFoundError, match="surely_not_installed_anywhere") as caught:
        require("accelerate", purpose="work")
    assert not isinstance(caught.value, MissingExtraError)


def test_tables_need_no_framework(tmp_path: Path) -> None:
    """With torch, transformers and scikit-learn barred, rows are read and tables made."""
    code = (
        "import sys; sys.modules |= dict.fromkeys(['torch', 'transformers', 'sklearn'])\n"
        "import wordgraft as wg\n"
        "c = wg.open_checkpoint(sys.argv[1])\n"
        "v = wg.Vocabulary.from_texts(['warm sun'], c)\n"
        "wg.build_table(c, v, source='composed').save(sys.argv[2])\n"
        "try: wg.build_table(c, v)\n"
        "except wg.WordgraftError as error: print(error)\n"
        "try: wg.TextClassifier\n"
        "except wg.WordgraftError as error: print(error)\n"
    )
    from tiny import write_checkpoint

    folder = write_checkpoint("bert", tmp_path / "bert")
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "t")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "running the encoder needs torch, which is not installed: pip install 'wordgraft[torch]'",
        "training needs sklearn, which is not installed: pip install 'wordgraft[train]'",
    ], done.stderr
    assert (tmp_path / "t" / "table.json").is_file()


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_keras_without_the_framework_it_runs_on(backend: str) -> None:
    code = (
        f"import sys; sys.modules[{backend!r}] = None\n"
        "try: import wordgraft.grafts.keras\n"
        "except ImportError as error: print(error)\n"
    )
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(
        f"Keras is set to run on {backend}, which is not installed: pip install {backend}"
    ), done.stderr

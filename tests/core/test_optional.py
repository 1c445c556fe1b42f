"""Optional libraries that are missing are named with the command that brings them."""

from __future__ import annotations

import math
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from processes import finished

from wordgraft.core.optional import EXTRA_OF, require
from wordgraft.errors import MissingExtraError

ROOT = Path(__file__).parents[2]


def test_a_library_that_is_there() -> None:
    assert require("numpy.linalg", purpose="x").norm([3, 4]) == math.hypot(3, 4)


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for library, extra in EXTRA_OF.items():
        monkeypatch.setitem(sys.modules, library, None)
        for module in (library, f"{library}.inner"):
            monkeypatch.delitem(sys.modules, f"{library}.inner", raising=False)
            with pytest.raises(MissingExtraError) as caught:
                require(module, purpose="work")
            assert str(caught.value) == (
                f"work needs {library}, which is not installed: pip install 'wordgraft[{extra}]'"
            )


def test_every_library_is_in_the_extra_that_is_named() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = content["project"]["optional-dependencies"]
    distribution_of = {
        "jax": "flax",  # which requires it, as jinja2 requires markupsafe
        "markupsafe": "jinja2",
        "sklearn": "scikit-learn",
        "umap": "umap-learn",
        "vl_convert": "vl-convert-python",
    }

    def requirements(extra: str) -> set[str]:
        found = set()
        for requirement in extras[extra]:
            name, _, others = re.fullmatch(r"([\w-]+)(\[([\w,]+)\])?.*", requirement).groups()
            found |= {name} if name != "wordgraft" else set()
            for other in (others or "").split(",") if name == "wordgraft" else ():
                found |= requirements(other)
        return found

    for library, extra in EXTRA_OF.items():
        assert distribution_of.get(library, library) in requirements(extra), library


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
    done = finished(command)
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
    done = finished(command, env=environment)
    assert done.stdout.startswith(
        f"Keras is set to run on {backend}, which is not installed: pip install {backend}"
    ), done.stderr

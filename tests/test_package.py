"""The shape of the package: what an import costs, what is public, and who may import whom."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import import_graph
import pytest
import source_names
from processes import finished

import wordgraft
from wordgraft import errors

SOURCE = Path(wordgraft.__file__).parent
# From left to right, as data flows. `build` joins the folders to its left.
ORDER = [
    *("_version", "errors", "core", "data", "checkpoint", "vocabulary", "table", "sources", "oov"),
    *("build", "spaces", "features", "grafts", "networks", "metrics", "training", "estimators"),
    *("export", "matrix", "comparison", "reports", "cli", "__main__"),
]
HEAVY = ("torch", "transformers", "keras", "jax", "tensorflow", "datasets", "sklearn", "scipy")


@pytest.fixture(scope="module")
def imports() -> import_graph.Graph:
    """The modules that each module imports, those that the package itself loads left out."""
    graph = import_graph.read_imports(SOURCE)
    del graph["wordgraft"]
    return graph


def test_importing_brings_in_nothing_heavy() -> None:
    code = f"import sys, wordgraft; print([m for m in {HEAVY} if m in sys.modules])"
    done = finished([sys.executable, "-c", code])
    assert done.stdout == "[]\n", done.stderr


def test_reading_texts_brings_in_neither_torch_nor_arrow() -> None:
    """A service that takes means of rows should not pay for what trains or reads corpora."""
    code = "import sys, wordgraft.grafts.mean_vectors; print({'torch', 'pyarrow'} & {*sys.modules})"
    done = finished([sys.executable, "-c", code])
    assert done.stdout == "set()\n", done.stderr


def test_public_names_are_sorted_and_there() -> None:
    assert wordgraft.__all__ == sorted(wordgraft.__all__)
    for name in wordgraft.__all__:
        assert getattr(wordgraft, name) is not None


def test_every_form_of_import_is_read(tmp_path: Path) -> None:
    files = {
        "__init__": '_HOMES = {"f": "pack.a.one", "g": "pack.b:g"}',
        "a/__init__": "",
        "a/one": "import pack.b\nfrom pack.a import two, __name__",
        "a/two": "def f():\n    from . import one\n    from ..b import g",
        "b": "if TYPE_CHECKING:\n    from pack.a.one import f",
        "c": 'import_module("pack.b")\nimport_module(f".a.{name}", __package__)',
        "d": "import packer, pack.a.one.f\nlogging.getLogger(f'pack.{name}')",
    }
    for name, text in files.items():
        file = tmp_path / "pack" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    graph = import_graph.read_imports(tmp_path / "pack")
    assert graph == {
        "pack": {"pack.a.one", "pack.b"},
        "pack.a": set(),
        "pack.a.one": {"pack.b", "pack.a.two", "pack.a"},
        "pack.a.two": {"pack.a.one", "pack.b"},
        "pack.b": {"pack.a.one"},
        "pack.c": {"pack.b", "pack.a.one", "pack.a.two"},
        "pack.d": {"pack.a.one"},
    }
    assert import_graph.find_circles(graph) == [["pack.a.one", "pack.a.two", "pack.b"]]


def test_every_folder_imports_only_from_its_left(imports: import_graph.Graph) -> None:
    wrong = []
    for module, targets in imports.items():
        folder = module.split(".")[1]
        for target in targets:
            # The package itself loads its names lazily from all folders, so it is right of them.
            target_folder = target.split(".")[1] if "." in target else ""
            if not target_folder or ORDER.index(target_folder) > ORDER.index(folder):
                wrong.append(f"{module} imports {target}")
    assert wrong == []


def test_no_files_import_each_other_in_a_circle(imports: import_graph.Graph) -> None:
    assert import_graph.find_circles(imports) == []


def test_a_class_name_occurs_once() -> None:
    classes = source_names.find_classes(SOURCE)
    assert {name: files for name, files in classes.items() if len(files) > 1} == {}


def test_no_file_uses_a_private_name_of_another() -> None:
    assert source_names.find_private_uses(SOURCE) == []


def test_every_module_has_a_test_file_of_its_name() -> None:
    missing = []
    for file in SOURCE.rglob("*.py"):
        module = file.relative_to(SOURCE)
        test = Path(__file__).parent / module.with_name(f"test_{module.name}")
        if not module.name.startswith("_") and not test.is_file():
            missing.append(str(module))
    assert sorted(missing) == []


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = set(re.findall(r"\w+Error", errors.__doc__ or "")) - {
        "ImportError",
        "KeyError",
        "ValueError",
    }
    assert drawn == {name for name in vars(errors) if name.endswith("Error")}
    for name in drawn:
        assert issubclass(getattr(errors, name), errors.WordgraftError)

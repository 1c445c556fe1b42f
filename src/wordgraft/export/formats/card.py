"""The model card of a table on a hub: what it is, how it was made, and its measured quality."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wordgraft._version import __version__
from wordgraft.table import EmbeddingTable, Similarity

# Pairs of a name and its result.
Measured = Sequence[tuple[str, Similarity]]

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_USE = {
    "hub": (
        "wordgraft",
        'import wordgraft\n\ntable = wordgraft.EmbeddingTable.load("{repo}")\n',
    ),
    "model2vec": (
        "model2vec",
        'from model2vec import StaticModel\n\nmodel = StaticModel.from_pretrained("{repo}")\n',
    ),
    "sentence-transformers": (
        "sentence-transformers",
        "from sentence_transformers import SentenceTransformer\n\n"
        'model = SentenceTransformer("{repo}")\n',
    ),
}
KINDS = tuple(_USE)


def published(table: EmbeddingTable) -> EmbeddingTable:
    """The table with a recipe without local paths: only the last part of each path is kept."""
    return replace(table, recipe=_without_paths(dict(table.recipe)))


def model_card(table: EmbeddingTable, *, repo: str, kind: str, measured: Measured) -> str:
    """A card in Markdown; its first lines are the metadata that a hub reads."""
    library, use = _USE[kind]
    recipe = published(table).recipe
    checkpoint = str(recipe.get("checkpoint", ""))
    top: list[str] = [f"library_name: {library}"]
    if _HUB_ID.fullmatch(checkpoint) and not Path(str(table.recipe["checkpoint"])).exists():
        top.append(f"base_model: {checkpoint.partition('@')[0]}")
    top += ["tags:", "- wordgraft", "- word-embeddings", "- static-embeddings"]
    origin = checkpoint or str(recipe.get("file", "vectors of unknown origin"))
    return "\n".join(
        [
            "---",
            *top,
            "---",
            "",
            f"# {repo.rpartition('/')[2]}",
            "",
            f"Static word vectors: {len(table):,} rows of {table.dims} numbers, made by wordgraft "
            f"{__version__} from `{origin}`.",
            "",
            "```python",
            use.format(repo=repo) + "```",
            "",
            "## How they were made",
            "",
            *_grid(("setting", "value"), _recipe(table, recipe)),
            "",
            "The license of the source applies to them too.",
            "",
            "## Measured quality",
            "",
            *_quality(measured),
            "",
        ]
    )


def _recipe(table: EmbeddingTable, recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in recipe.items()
    ]
    sources = (f"{count:,} {name}" for name, count in table.provenance.counts().items())
    occurrences = int(table.vocabulary.counts.sum())
    origin = f"from {occurrences:,} running words" if occurrences else "listed"
    words = f"{table.vocabulary.kind}, {origin}"
    return [("vocabulary", words), *rows, ("rows by source", ", ".join(sources))]


def _quality(measured: Measured) -> list[str]:
    if not measured:
        return [
            "Not measured. `wordgraft similarity TABLE PAIRS` compares cosines with human scores."
        ]
    rows = [
        (name, f"{result.spearman:.3f}", f"{result.covered:,} of {result.pairs:,}")
        for name, result in measured
    ]
    return [
        "Spearman's rank correlation between cosines and human scores, over the word pairs that "
        "have rows, as printed by `wordgraft similarity`:",
        "",
        *_grid(("pairs", "Spearman", "covered"), rows),
    ]


def _grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    cells = ([cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return [f"| {' | '.join(line)} |" for line in cells]


def _without_paths(value: Any) -> Any:
    if isinstance(value, str):
        return Path(value).name if Path(value).is_absolute() else value
    if isinstance(value, Mapping):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_paths(item) for item in value]
    return value

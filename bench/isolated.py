"""Isolated vectors of MiniLM's whole vocabulary on the CPU, and model2vec's distillation.

Both load the encoder, encode each piece alone between the special tokens and refine the vectors.
Each run is a fresh process, and the two alternate. Writes bench/results/isolated.json.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from common import ENCODER, rival, write_result

from wordgraft.checkpoint.locate import locate

REPEATS = 3
_OURS = f"""
import json, time
import torch, transformers.modeling_utils  # timing starts after the imports here too
import wordgraft.build
import wordgraft as wg
from wordgraft.sources import Isolated
began = time.perf_counter()
checkpoint = wg.open_checkpoint({ENCODER!r})
vocabulary = wg.Vocabulary.from_tokenizer(checkpoint)
table = wg.build_table(
    checkpoint, vocabulary, source=Isolated(template=None, pooling="all"), oov="unk"
)
print(json.dumps({{"words": len(table), "seconds": time.perf_counter() - began}}))
"""


def ours() -> dict[str, Any]:
    command = [sys.executable, "-c", _OURS]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(process.stdout)  # type: ignore[no-any-return]


def main() -> None:
    folder = str(locate(ENCODER).folder)
    rates: dict[str, list[float]] = {"wordgraft": [], "model2vec": []}
    for _ in range(REPEATS):
        for name, run in (
            ("wordgraft", ours()),
            ("model2vec", rival("rival_model2vec.py", {"do": "distil", "encoder": folder})),
        ):
            rates[name].append(run["words"] / run["seconds"])
    medians = {name: statistics.median(values) for name, values in rates.items()}
    pairs = zip(rates["wordgraft"], rates["model2vec"], strict=True)
    write_result(
        "isolated",
        {
            "words_per_second": {name: round(value) for name, value in medians.items()},
            "every_run": {name: [round(v) for v in values] for name, values in rates.items()},
            "times_model2vec": round(statistics.median(a / b for a, b in pairs), 3),
            "repeats": REPEATS,
            "model2vec": run["version"],
        },
        ("wordgraft", "torch", "transformers", "numpy"),
    )


if __name__ == "__main__":
    main()

"""Reading a word-embedding matrix and importing, in fresh processes, beside other libraries.

The cases alternate, since machines are noisy. Writes their medians to bench/results/reading.json.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from common import ENCODER, write_result

REPEATS = 5
# Every number is read, so that a memory-mapped file is really loaded.
_OURS = f"import wordgraft as wg; m = wg.open_checkpoint({ENCODER!r}).word_embeddings(); m.sum()"
_THEIRS = (
    "from transformers import AutoModel; import wordgraft.checkpoint.locate as l; "
    f"m = AutoModel.from_pretrained(l.locate({ENCODER!r}).folder).get_input_embeddings().weight; "
    "m.sum()"
)
CASES = {
    "nothing": "pass",
    "read with wordgraft": _OURS,
    "read with transformers": _THEIRS,
    "import wordgraft": "import wordgraft",
    "import numpy": "import numpy",
}
# Linux counts the peak in KiB.
_MEASURE = """
import resource, sys, time
began = time.perf_counter()
{code}
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(seconds, peak, m.nbytes if "m" in dir() else 0)
"""


def measure(code: str) -> tuple[float, int, int]:
    """Seconds, peak bytes and bytes of the matrix, in a fresh process."""
    command = [sys.executable, "-c", _MEASURE.format(code=code)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak, size = process.stdout.split()[-3:]
    return float(seconds), int(peak), int(size)


def main() -> None:
    runs: dict[str, list[tuple[float, int, int]]] = {name: [] for name in CASES}
    for _ in range(REPEATS):
        for name, code in CASES.items():
            runs[name].append(measure(code))
    seconds = {name: statistics.median(run[0] for run in repeats) for name, repeats in runs.items()}
    peak = {name: statistics.median(run[1] for run in repeats) for name, repeats in runs.items()}
    matrix = runs["read with wordgraft"][0][2]
    figures = {
        "seconds": {name: round(value, 4) for name, value in seconds.items()},
        "peak_mb": {name: round(value / 1e6, 1) for name, value in peak.items()},
        "matrix_mb": round(matrix / 1e6, 1),
        "reading_times_faster": seconds["read with transformers"] / seconds["read with wordgraft"],
        "memory_in_matrices": (peak["read with wordgraft"] - peak["nothing"]) / matrix,
        "import_in_numpys": seconds["import wordgraft"] / seconds["import numpy"],
        "repeats": REPEATS,
    }
    write_result("reading", figures, ("wordgraft", "transformers", "numpy"))


if __name__ == "__main__":
    main()

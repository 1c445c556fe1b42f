"""Reading a million words from a file of vectors: seconds and peak memory, beside gensim.

The files are generated; their numbers repeat, from which no reader profits. Writes
bench/results/vectors.json.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from common import write_result

WORDS = 1_000_000
# Linux counts the peak in KiB.
_MEASURE = """
import resource, sys, time
began = time.perf_counter()
{code}
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
_OURS = "import wordgraft as wg; t = wg.read_vectors({path!r}); assert len(t) == {words} + 2"
_GENSIM = (
    "from gensim.models import KeyedVectors as K; "
    "t = K.load_word2vec_format({path!r}, binary={binary}); assert len(t) == {words}"
)


def write_file(path: Path, words: int, dims: int, *, header: bool, binary: bool = False) -> None:
    """Write a file of `words` words, with a thousand different vectors."""
    rows = np.random.default_rng(0).normal(size=(1_000, dims)).astype(np.float32)
    if binary:
        numbers = [row.tobytes() for row in rows]
    else:
        numbers = [" ".join(f"{value:.5f}" for value in row).encode() for row in rows]
    with path.open("wb") as file:
        if header:
            file.write(b"%d %d\n" % (words, dims))
        for word in range(words):
            file.write(b"word%d " % word + numbers[word % 1_000] + b"\n")


def measure(code: str) -> dict[str, float]:
    command = [sys.executable, "-c", _MEASURE.format(code=code)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, peak = process.stdout.split()[-2:]
    return {"seconds": round(float(seconds), 1), "peak_mb": round(int(peak) / 1e6)}


def main() -> None:
    figures = {}
    with TemporaryDirectory(prefix="wordgraft-bench-") as folder:
        for name, dims, header, binary in (
            ("glove, 50 dimensions", 50, False, False),
            ("glove, 100 dimensions", 100, False, False),
            ("word2vec, 100 dimensions", 100, True, False),
            ("word2vec-binary, 300 dimensions", 300, True, True),
        ):
            path = Path(folder) / "vectors"
            write_file(path, WORDS, dims, header=header, binary=binary)
            size = path.stat().st_size / 1e6
            ours = measure(_OURS.format(path=str(path), words=WORDS))
            case = {"file_mb": round(size), "wordgraft": ours}
            case["peak_in_files"] = round(ours["peak_mb"] / size, 2)
            if header:
                case["gensim"] = measure(_GENSIM.format(path=str(path), binary=binary, words=WORDS))
            figures[name] = case
            print(name, case, flush=True)
    write_result("vectors", {"words": WORDS, **figures}, ("wordgraft", "numpy", "gensim"))


if __name__ == "__main__":
    main()

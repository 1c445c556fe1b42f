"""A million words are read in little more memory than they take."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WORDS, DIMS = 1_000_000, 100
# The peak of this process alone: getrusage would count what it was forked from.
_CODE = """
import sys
from pathlib import Path
import numpy as np
import wordgraft as wg
table = wg.read_vectors(sys.argv[1])
print(len(table), table.vectors[[2, 1_000_001]].tolist())
status = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_peak_memory_stays_under_one_and_a_half_files(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(1_000, DIMS)).round(5).astype(np.float32)
    rests = [" ".join(f"{value:.5f}" for value in row).encode() for row in rows]
    path = tmp_path / "glove.txt"
    with path.open("wb") as file:
        file.writelines(b"word%d %s\n" % (word, rests[word % 1_000]) for word in range(WORDS))
    command = [sys.executable, "-c", _CODE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first, peak = done.stdout.splitlines()
    size = path.stat().st_size
    path.unlink()
    assert first == f"1000002 {rows[[0, 999]].tolist()}"
    assert int(peak) < 1.5 * size, f"peak {int(peak) / 1e6:.0f} MB, file {size / 1e6:.0f} MB"

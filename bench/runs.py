"""Runs that take long, each kept as it ends: an interrupted bench goes on where it stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from common import HERE

# With --ended, a bench sums up the runs that ended and starts no other.
ENDED_ONLY = "--ended"


def kept(
    bench: str, run: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """What `make` gives, or gave when a run of the same description ended before.

    None with `--ended` for a run that did not. Runs are lines of bench/results/runs-BENCH.jsonl;
    delete it to measure anew.
    """
    path = HERE / "results" / f"runs-{bench}.jsonl"
    described = json.loads(json.dumps(run))
    if path.is_file():
        for line in path.read_text("utf-8").splitlines():
            before = json.loads(line)
            if before["run"] == described:
                return before["found"]  # type: ignore[no-any-return]
    if ENDED_ONLY in sys.argv:
        return None
    found = make()
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"run": described, "found": found}) + "\n")
    print(bench, dict(run), found, flush=True)
    return found

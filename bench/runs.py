"""Long runs, each stored when it ends: an interrupted bench continues where it stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common import HERE

# With --ended, a bench summarizes the finished runs and starts no other.
ENDED_ONLY = "--ended"


def kept(
    bench: str, run: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """What `make` gives, or gave when a run of the same description ended before.

    None with `--ended` for a run that did not. Runs are lines of bench/results/runs-BENCH.jsonl;
    delete it to measure again.
    """
    described = json.loads(json.dumps(run))
    for before, found in ended(bench):
        if before == described:
            return found
    if ENDED_ONLY in sys.argv:
        return None
    found = {**make(), **_where()}
    path = _path(bench)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"run": described, "found": found}) + "\n")
    print(bench, dict(run), found, flush=True)
    return found


def ended(bench: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each finished run and its result."""
    path = _path(bench)
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [(line["run"], line["found"]) for line in map(json.loads, lines)]


def _where() -> dict[str, str]:
    """The device of a run."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return {"device": device, "torch": torch.__version__}


def _path(bench: str) -> Path:
    return HERE / "results" / f"runs-{bench}.jsonl"

"""Long runs, each stored when it ends: an interrupted bench continues where it stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common import HERE

# With this option, a bench summarizes the finished runs and starts no other.
FINISHED_ONLY = "--finished"


def run_once(
    bench: str, description: Mapping[str, Any], run: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """Return what `run` gives, or the stored result of a finished run of the same description.

    With `--finished`, returns None if no such run has finished. Runs are lines of
    bench/results/runs-BENCH.jsonl; delete it to measure again.
    """
    description = json.loads(json.dumps(description))
    for earlier, result in finished_runs(bench):
        if earlier == description:
            return result
    if FINISHED_ONLY in sys.argv:
        return None
    result = {**run(), **_device()}
    path = _path(bench)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"run": description, "found": result}) + "\n")
    print(bench, description, result, flush=True)
    return result


def finished_runs(bench: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The description and the result of every finished run."""
    path = _path(bench)
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [(line["run"], line["found"]) for line in map(json.loads, lines)]


def _device() -> dict[str, str]:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return {"device": device, "torch": torch.__version__}


def _path(bench: str) -> Path:
    return HERE / "results" / f"runs-{bench}.jsonl"

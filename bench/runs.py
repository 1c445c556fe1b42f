"""Runs that take long, each kept as it ends: an interrupted bench goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common import HERE

# With --ended, a bench sums up the runs that ended and starts no other.
ENDED_ONLY = "--ended"
_KEPT = HERE / ".kept" / "runs"


def kept(
    bench: str, run: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any] | None:
    """What `make` gives, or gave when a run of the same description ended before.

    None with `--ended` for a run that did not. Delete bench/.kept/runs to measure anew.
    """
    key = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:20]
    path = _KEPT / bench / f"{key}.json"
    if path.is_file():
        return json.loads(path.read_text("utf-8"))["found"]  # type: ignore[no-any-return]
    if ENDED_ONLY in sys.argv:
        return None
    found = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch: Path = path.with_suffix(".part")
    scratch.write_text(json.dumps({"run": run, "found": found}) + "\n", "utf-8")
    scratch.replace(path)
    print(bench, dict(run), found, flush=True)
    return found

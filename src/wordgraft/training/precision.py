"""Whether a network's products are computed in bfloat16 while it trains."""

from __future__ import annotations

import logging
import time

import torch

_LOG = logging.getLogger(__name__)
# Above this ratio of the times of a product in bfloat16 and in float32, a warning is logged.
_SLOW = 3.0


def is_low(precision: str, device: torch.device) -> bool:
    """Whether products are computed in bfloat16.

    Logs a warning if the device computes them in software, many times slower than in float32.
    """
    if precision == "auto":
        return device.type == "cuda"
    if precision == "bfloat16" and (times := _slowdown(device)) > _SLOW:
        _LOG.warning(
            "this machine computes products in bfloat16 %.0f times slower than in float32; use "
            "TrainingSettings(precision='auto')",
            times,
        )
    return precision == "bfloat16"


def _slowdown(device: torch.device) -> float:
    """The time of a product in bfloat16, divided by the time of one in float32."""
    seconds = []
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(192, 192, dtype=dtype, device=device)
        tries = []
        for _ in range(3):
            began = time.perf_counter()
            float((matrix @ matrix)[0, 0])  # waits for the device
            tries.append(time.perf_counter() - began)
        seconds.append(min(tries))
    return seconds[1] / seconds[0]

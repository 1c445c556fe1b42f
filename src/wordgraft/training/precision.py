"""What products are computed in while a network trains."""

from __future__ import annotations

import logging
import time

import torch

_LOG = logging.getLogger(__name__)
_MANY_TIMES = 3.0


def is_low(precision: str, device: torch.device) -> bool:
    """Whether products are computed in bfloat16.

    Warns where the device computes them in software, many times slower than in float32.
    """
    if precision == "auto":
        return device.type == "cuda"
    if precision == "bfloat16" and (times := _times_as_long(device)) > _MANY_TIMES:
        _LOG.warning(
            "this machine multiplies in bfloat16 %.0f times as slowly as in float32; leave "
            "--precision (precision=) at 'auto'",
            times,
        )
    return precision == "bfloat16"


def _times_as_long(device: torch.device) -> float:
    """How long a product takes in bfloat16, in such products in float32."""
    seconds = []
    for dtype in (torch.float32, torch.bfloat16):
        one = torch.ones(192, 192, dtype=dtype, device=device)
        tries = []
        for _ in range(3):
            began = time.perf_counter()
            float((one @ one)[0, 0])  # waits for the device
            tries.append(time.perf_counter() - began)
        seconds.append(min(tries))
    return seconds[1] / seconds[0]

"""Processor seconds of pytorch-crf: a training step and decoding, for bench/networks.py.

Reads the task from standard input as JSON and writes the figures to standard output.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from statistics import median

import torch


def main() -> None:
    import torchcrf

    task = json.loads(sys.stdin.read())
    torch.set_num_threads(task["threads"])
    rng = torch.Generator().manual_seed(0)
    texts, longest, tags = task["texts"], task["longest"], task["tags"]
    lengths = torch.randint(1, longest + 1, (texts,), generator=rng)
    lengths[0] = longest
    mask = torch.arange(longest) < lengths[:, None]
    emissions = torch.randn(texts, longest, tags, generator=rng).requires_grad_()
    targets = torch.randint(0, tags, (texts, longest), generator=rng)
    crf = torchcrf.CRF(tags, batch_first=True)
    seconds: dict[str, list[float]] = {"step": [], "decode": []}
    for _ in range(task["rounds"] + 1):  # the first round is not counted
        began = time.process_time()
        (-crf(emissions, targets, mask=mask, reduction="token_mean")).backward()
        seconds["step"].append(time.process_time() - began)
        began = time.process_time()
        with torch.inference_mode():
            crf.decode(emissions, mask=mask)
        seconds["decode"].append(time.process_time() - began)
    medians = {name: median(values[1:]) for name, values in seconds.items()}
    print(json.dumps({**medians, "version": version("pytorch-crf")}))


if __name__ == "__main__":
    main()

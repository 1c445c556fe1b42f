"""What a cluster has room for, and what Ray sets aside for a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ray

from wordgraft.errors import ClusterError

# Parts of a CPU: what samples or encodes is as good as all of it, and leaves room for one that
# reads and one that merges, without which it would have nothing to do.
_WORKER_CPUS, HELPER_CPUS = 0.8, 0.2
_PARTS_PER_WORKER = 8


@dataclass(frozen=True)
class Workers:
    """How many a cluster has room for, and what Ray is to set aside for each."""

    count: int
    gpus: int
    device: str

    @classmethod
    def of(cls, device: str) -> Workers:
        """One per GPU if `device` allows it and there are any, else one per CPU."""
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
        if device.startswith("cuda") and not gpus:
            raise ClusterError(f"the device is {device}, but no machine of the cluster has a GPU")
        if gpus and (device == "auto" or device.startswith("cuda")):
            return cls(gpus, 1, "cuda")
        if not cpus:
            raise ClusterError("the cluster has no CPU to work with; start a Ray worker node")
        return cls(cpus, 0, "cpu" if device == "auto" else device)

    @property
    def parts(self) -> int:
        """How many parts to make of the work: several a worker, so that all end together."""
        return _PARTS_PER_WORKER * self.count

    @property
    def each(self) -> dict[str, Any]:
        """What Ray is to set aside for one of them."""
        return {"num_cpus": _WORKER_CPUS, "num_gpus": self.gpus}

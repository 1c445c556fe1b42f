"""A small Ray on this machine, for the tests of what runs on one."""

from __future__ import annotations

import logging
import os
from types import ModuleType

import ray

# The default, 15, would let other tests on the same machine starve Ray's workers.
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112


def start_ray(*by_value: ModuleType) -> None:
    """Two CPUs, little memory; workers get `by_value` the files that they cannot import."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=100_000_000,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
    )
    for module in by_value:
        ray.cloudpickle.register_pickle_by_value(module)

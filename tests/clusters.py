"""A small Ray on this machine, for the tests of what runs on one."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from types import ModuleType
from typing import Any

import ray
from ray._private import services

# For one start. Rarely, a raylet hangs in its start; then Ray is started again.
_SECONDS, _STARTS = 60, 6
os.environ |= {
    # The default, 15, would let other tests on the same machine starve Ray's workers.
    "RAY_worker_niceness": "0",
    # On a busy machine, Ray's parts wait for each other instead of giving each other up.
    "RAY_gcs_server_port_wait_time_s": str(_SECONDS),
    "RAY_gcs_server_request_timeout_seconds": str(_SECONDS),
    "RAY_gcs_rpc_server_connect_timeout_s": str(_SECONDS),
    "RAY_worker_register_timeout_seconds": str(_SECONDS),
    "RAY_health_check_failure_threshold": str(_SECONDS),
    "RAY_agent_register_timeout_ms": f"{_SECONDS}000",
    "RAY_raylet_client_connect_timeout_milliseconds": f"{_SECONDS}000",
}
_get_node = services.get_node


def _wait_for_node(*arguments: Any) -> Any:
    """Ray gives up its start after half a minute, which no setting changes."""
    for _ in range(_SECONDS):
        with suppress(RuntimeError):
            return _get_node(*arguments)
        time.sleep(1)
    return _get_node(*arguments)


_init = ray.init


def _start_again(*arguments: Any, **options: Any) -> Any:
    if options.get("address") == "local" and not ray.is_initialized():
        for _ in range(_STARTS - 1):
            try:
                return _init(*arguments, **options)
            except Exception:  # a plain one
                ray.shutdown()
    return _init(*arguments, **options)


services.get_node = _wait_for_node
ray.init = _start_again


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

"""How a Ray is found, what is said if there is none, and how many workers it has room for."""

from __future__ import annotations

import socket
import sys
from typing import Any

import pytest
import ray
from processes import finished

from wordgraft.core.ray import Workers, check_answers, connected, errors_translated
from wordgraft.errors import ClusterError, DataError


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"no Ray answers at 127.0.0.1:1 \(.*refused\); expected HOST:PORT"),
        ("127.0.0.1:here", "no Ray answers at 127.0.0.1:here"),
        ("ray://127.0.0.1:10001", "that of a Ray client.* address='auto'"),
    ],
)
def test_an_address_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", None)  # it would try for minutes
    with pytest.raises(ClusterError, match=message), connected(address):
        pass


def test_an_address_where_something_else_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordgraft.core.ray._SECONDS_TO_ANSWER", 0.1)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"no Ray answers at {address} \(timed out\)"):
            check_answers(address)


def test_an_address_is_refused_if_the_process_is_connected_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    with pytest.raises(ClusterError, match="already connected to Ray"), connected("auto"):
        pass


def test_wordgrafts_own_errors_come_out_of_a_workers_error() -> None:
    failed = ray.exceptions.RayTaskError("sampled", "Traceback", DataError("no column"))
    with pytest.raises(DataError, match=r"^no column$"), errors_translated():
        raise failed.as_instanceof_cause()
    message = r"Ray gave up \(OutOfMemoryError: .*; finished steps were saved"
    with pytest.raises(ClusterError, match=message), errors_translated():
        raise ray.exceptions.OutOfMemoryError("the node ran out")


def test_without_ray_the_extra_is_named() -> None:
    code = "import sys; sys.modules['ray'] = None; import wordgraft.core.ray"
    done = finished([sys.executable, "-c", code])
    assert "MissingExtraError: running on a Ray cluster needs ray, which is not" in done.stderr


@pytest.mark.parametrize(
    ("device", "resources", "expected"),
    [
        ("auto", {"CPU": 8.0, "GPU": 2.0}, (2, 1, "cuda")),
        ("cpu", {"CPU": 8.0, "GPU": 2.0}, (8, 0, "cpu")),
        ("auto", {"CPU": 8.0}, (8, 0, "cpu")),
        ("cuda:1", {"CPU": 8.0, "GPU": 2.0}, (2, 1, "cuda")),
        ("cuda", {"CPU": 8.0}, "the device is cuda, but no machine in the cluster has a GPU"),
        ("auto", {}, "the cluster has no CPU to work with"),
    ],
)
def test_a_worker_for_each_gpu_or_cpu(
    monkeypatch: pytest.MonkeyPatch, device: str, resources: dict[str, float], expected: Any
) -> None:
    monkeypatch.setattr(ray, "cluster_resources", lambda: resources)
    if isinstance(expected, str):
        with pytest.raises(ClusterError, match=expected):
            Workers.of(device)
    else:
        workers = Workers.of(device)
        assert (workers.count, workers.gpus, workers.device) == expected

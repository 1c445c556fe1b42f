"""`bench/data.py`: public files are fetched whole, checked, and asked for by name if missing."""

from __future__ import annotations

import hashlib
import io
import runpy
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture(scope="module")
def data() -> Any:
    return SimpleNamespace(**runpy.run_path(str(BENCH / "data.py")))


@contextmanager
def _served(content: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/file":
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _entry(content: bytes, **fields: str) -> dict[str, str]:
    return {"path": "a.txt", "sha256": hashlib.sha256(content).hexdigest(), **fields}


def test_a_file_is_fetched_once_and_checked(data: Any, tmp_path: Path) -> None:
    with _served(b"sun\n") as url:
        path = data.fetch("set", _entry(b"sun\n", url=url), tmp_path)
    assert path.read_bytes() == b"sun\n"
    assert data.fetch("set", _entry(b"sun\n", url=url), tmp_path) == path  # the server is gone


def test_another_version_is_refused_unless_it_is_asked_for(data: Any, tmp_path: Path) -> None:
    with _served(b"rain\n") as url:
        entry = _entry(b"sun\n", url=url)
        with pytest.raises(data.FetchError, match="nothing was written"):
            data.fetch("set", entry, tmp_path)
        assert not list(tmp_path.rglob("*.txt"))
        path = data.fetch("set", entry, tmp_path, any_version=True)
    assert path.read_bytes() == b"rain\n"


def test_a_member_of_an_archive(data: Any, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner/a.txt", "sun\n")
    with _served(packed.getvalue()) as url:
        entry = _entry(b"sun\n", url=url, member="inner/a.txt")
        assert data.fetch("set", entry, tmp_path).read_bytes() == b"sun\n"
        with pytest.raises(data.FetchError, match=r"has no inner/b.txt"):
            data.fetch("other", {**entry, "member": "inner/b.txt"}, tmp_path)


def test_what_cannot_be_fetched_is_named(data: Any, tmp_path: Path) -> None:
    with _served(b"") as url, pytest.raises(data.FetchError, match=r"404.*check the network"):
        data.fetch("set", _entry(b"", url=url + "s"), tmp_path)
    with pytest.raises(data.FetchError, match="wiki_sentences has no public home"):
        data.fetch("wiki_sentences", _entry(b""), tmp_path)


def test_every_data_set_has_a_licence_a_home_and_hashes(data: Any) -> None:
    for name, data_set in data.data_sets().items():
        assert {"about", "licence", "home"} <= data_set.keys(), name
        for entry in data_set["files"]:
            assert len(entry["sha256"]) == 64, name
            assert "url" in entry or "hub" in entry or name == "wiki_sentences"


def test_the_hashes_are_those_of_the_files_that_were_measured(data: Any, shared_data: Path) -> None:
    for name, data_set in data.data_sets().items():
        for entry in data_set["files"]:
            content = (shared_data / name / entry["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry


def test_a_missing_file_says_how_to_get_it(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(data.data_file.__globals__, "_found", lambda *_: None)
    with pytest.raises(SystemExit, match=r"wnut17/train.conll is missing .*Run `make data`"):
        data.data_file("wnut17", "train.conll")


def test_no_bench_or_document_looks_for_data_elsewhere() -> None:
    root = BENCH.parent
    files = [*root.glob("bench/*.py"), *root.glob("docs/**/*.py"), *root.glob("examples/*.py")]
    guilty = [f.name for f in files if f.name != "data.py" and '"shared"' in f.read_text("utf-8")]
    assert guilty == []

"""A model hub on this machine: the few answers that `huggingface_hub` asks for."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """What the hub holds, and what was asked of it.

    Attributes:
        revisions: the folder of each (repository, revision).
        gated: repositories whose terms have to be accepted.
        asked: the paths requested, in order.
        token: what may write; without it, nobody may.
        pushed: where repositories are made that are pushed to.
        large: files sent apart from their commit, by hash.
    """

    revisions: dict[tuple[str, str], Path]
    gated: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    token: str = ""
    pushed: Path | None = None
    large: dict[str, bytes] = field(default_factory=dict)

    def commit(self, repository: str, revision: str) -> str:
        """The commit that a branch or tag stands for: any forty digits that tell it apart."""
        return hashlib.sha1(f"{repository}@{revision}".encode()).hexdigest()


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Answer on 127.0.0.1 while the block runs; `hub.url` says where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(path)
            if path == "/api/validate-yaml":
                self._send_json({"errors": [], "warnings": []})
            elif not self._may_write():
                return
            elif path == "/api/repos/create":
                self._create(json.loads(content))
            elif path.endswith("/preupload/main"):
                # As the real hub has it: matrices travel apart from their commit.
                modes = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith("tensors") else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(content)["files"]
                ]
                self._send_json({"files": modes})
            elif path.endswith("/info/lfs/objects/batch"):
                objects = [
                    {**each, "actions": {"upload": {"href": f"{hub.url}/large/{each['oid']}"}}}
                    for each in json.loads(content)["objects"]
                ]
                self._send_json({"objects": objects, "transfer": "basic"})
            else:
                repository = path.removeprefix("/api/models/").removesuffix("/commit/main")
                self._commit(repository, [json.loads(line) for line in content.splitlines()])

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hub.large[self.path.removeprefix("/large/")] = content
            self._send_json({})

        def _may_write(self) -> bool:
            if hub.token and self.headers.get("Authorization") == f"Bearer {hub.token}":
                return True
            self._refuse(401, "Unauthorized", "Invalid username or password.")
            return False

        def _create(self, asked: dict[str, Any]) -> None:
            repository = f"{asked['organization'] or 'me'}/{asked['name']}"
            if asked["organization"] == "others":
                return self._refuse(403, "Forbidden", "You have no rights there")
            known = (repository, "main") in hub.revisions
            assert hub.pushed is not None
            hub.revisions[repository, "main"] = hub.pushed / repository
            (hub.pushed / repository).mkdir(parents=True, exist_ok=True)
            self._send_json({"url": f"{hub.url}/{repository}"}, 409 if known else 200)
            return None

        def _commit(self, repository: str, lines: list[dict[str, Any]]) -> None:
            folder = hub.revisions[repository, "main"]
            for line in lines:
                value = line["value"]
                if line["key"] == "header":
                    continue
                path = folder / value["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                if line["key"] == "file":
                    path.write_bytes(base64.b64decode(value["content"]))
                else:
                    path.write_bytes(hub.large[value["oid"]])
            commit = hub.commit(repository, "main")
            url = f"{hub.url}/{repository}/commit/{commit}"
            self._send_json({"success": True, "commitUrl": url, "commitOid": commit})

        def _answer(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(path)
            if path.startswith("/api/models/"):
                self._api(path.removeprefix("/api/models/"))
            else:
                repository, _, rest = path.removeprefix("/").partition("/resolve/")
                revision, _, name = rest.partition("/")
                self._file(repository, revision, name, body=body)

        def _api(self, path: str) -> None:
            for verb in ("/revision/", "/tree/"):
                if verb in path:
                    repository, _, revision = path.partition(verb)
                    break
            else:
                repository, revision, verb = path, "main", "/revision/"
            folder = self._folder(repository, revision)
            if folder is None:
                return
            names = sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())
            if verb == "/tree/":
                sizes = [(name, (folder / name).stat().st_size) for name in names]
                self._send_json(
                    [{"type": "file", "path": n, "size": s, "oid": "0" * 40} for n, s in sizes]
                )
            else:
                commit = hub.commit(repository, revision)
                siblings = [{"rfilename": name} for name in names]
                self._send_json({"id": repository, "sha": commit, "siblings": siblings})

        def _file(self, repository: str, revision: str, name: str, *, body: bool) -> None:
            folder = self._folder(repository, revision)
            if folder is None:
                return
            content = (folder / name).read_bytes()
            self.send_response(200)
            self.send_header("X-Repo-Commit", hub.commit(repository, self._branch))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def _folder(self, repository: str, revision: str) -> Path | None:
            branches = {branch for repo, branch in hub.revisions if repo == repository}
            if not branches:
                return self._refuse(404, "RepoNotFound", "Repository not found")
            for branch in branches:
                if revision in (branch, hub.commit(repository, branch)):
                    self._branch = branch
                    break
            else:
                return self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            if repository in hub.gated:
                return self._refuse(403, "GatedRepo", "Access to this model is restricted")
            return hub.revisions[repository, branch]

        def _refuse(self, status: int, code: str, message: str) -> None:
            self._send_json({"error": message}, status, {"X-Error-Code": code})

        def _send_json(
            self, content: Any, status: int = 200, headers: dict[str, str] | None = None
        ) -> None:
            encoded = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(encoded)

        def log_message(self, *arguments: object) -> None:
            """Keep the tests' standard error to the tests."""

    return Handler

"""A folder for a model hub, with a table's files and a model card; and how to upload it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wordgraft.core.atomic_io import new_folder
from wordgraft.errors import OutputError
from wordgraft.export.formats.card import KINDS, Measured, model_card, published
from wordgraft.export.formats.folders import write_recipe
from wordgraft.export.formats.model2vec import write_static_model
from wordgraft.export.formats.protocol import MARKER, Format
from wordgraft.export.formats.sentence_transformers import write_static_embedding
from wordgraft.table import EmbeddingTable
from wordgraft.table.io import MARKER as TABLE_MARKER

CARD = "README.md"


def write_hub(
    table: EmbeddingTable,
    path: Path,
    *,
    force: bool = False,
    progress: bool = False,
    repo: str | None = None,
    kind: str = "hub",
    measured: Measured = (),
) -> int:
    """Write a folder with the files of `kind` and a `README.md`, the model card. Returns 0.

    Args:
        repo: its name on the hub; by default the folder's name.
        kind: `hub`, which `EmbeddingTable.load` opens, `model2vec` or `sentence-transformers`.
        measured: the similarity scores that the card reports.

    Raises `OutputError`.
    """
    marker = TABLE_MARKER if kind == "hub" else MARKER
    with new_folder(path, force=force, marker=marker) as folder:
        _write(table, folder, repo=repo or path.name, kind=kind, measured=measured)
    return 0


def push(
    table: EmbeddingTable,
    repo: str,
    *,
    kind: str = "hub",
    measured: Measured = (),
    private: bool = False,
) -> str:
    """Upload the folder that `write_hub` makes in one commit. Returns the commit's URL.

    Creates the repository if necessary. The token comes from `hf auth login` or `HF_TOKEN`, the hub
    from `HF_ENDPOINT`. Local paths are removed from the recipe. Raises `OutputError`.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    if constants.HF_HUB_OFFLINE:
        raise OutputError(f"cannot push to {repo}: HF_HUB_OFFLINE is set; unset it and run again")
    # The base class also covers a hub that cannot be reached, whichever HTTP library is in use.
    http_error: type[Exception] = HfHubHTTPError.__bases__[0]
    api = HfApi()
    with TemporaryDirectory(prefix="wordgraft-push-") as name:
        folder = Path(name)
        _write(table, folder, repo=repo, kind=kind, measured=measured)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        operations = [
            CommitOperationAdd(file.relative_to(folder).as_posix(), file) for file in files
        ]
        try:
            url = api.create_repo(repo, private=private, exist_ok=True)
            done = api.create_commit(
                url.repo_id, operations, commit_message="Word vectors made by wordgraft"
            )
        except HFValidationError as error:
            raise OutputError(f"{repo!r} is not a valid repository name: {error}") from error
        except (http_error, OSError, ValueError) as error:
            raise OutputError(f"cannot push to {repo}: {_reason(error)}") from error
    return str(done.commit_url)


def _write(
    table: EmbeddingTable, folder: Path, *, repo: str, kind: str, measured: Measured
) -> None:
    if kind not in KINDS:
        raise OutputError(f"unknown kind of folder {kind!r}; the kinds are {', '.join(KINDS)}")
    card = model_card(table, repo=repo, kind=kind, measured=measured)
    table = published(table)
    if kind == "hub":
        table.write_into(folder)
    else:
        write = write_static_model if kind == "model2vec" else write_static_embedding
        write(table, folder)
        write_recipe(table, folder)
    (folder / CARD).write_text(card, "utf-8")


def _reason(error: Any) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401:
        return "you are not logged in to the hub; run 'hf auth login' or set HF_TOKEN"
    if status == 403:
        return "your token has no write access; create one that has, or choose another name"
    message = " ".join(str(error).split())
    return f"{message[:200]} ({type(error).__name__}); nothing was committed: run it again"


HUB = Format("hub", "Hugging Face hub folder with a model card", write_hub, None, folder=True)

"""Finds a checkpoint's files: a local folder, a hub id, or a folder in an installed package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

from wordgraft.checkpoint.tensors import pickle_refused
from wordgraft.errors import CheckpointError, WordgraftError

PACKAGE_PREFIX = "package:"

_HUB_ID = re.compile(r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?")

# The files of a checkpoint that wordgraft reads; no others are downloaded.
_HUB_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "modules.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)
_HUB_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin")

_KINDS = (
    "a checkpoint is a local folder, a hub id such as 'bert-base-uncased' or 'org/name@revision', "
    "or 'package:import_name/sub/folder'"
)


@dataclass(frozen=True)
class Location:
    """A checkpoint's folder on this machine, and the name that the user gave."""

    name: str
    folder: Path


def locate(name: str | Path, *, allow_pickle: bool = False) -> Location:
    """Find the folder of a checkpoint; a hub model is downloaded if necessary.

    `package:import_name/sub/folder` is found without running the package's code. With
    `allow_pickle`, `pytorch_model.bin` is downloaded too. Raises `CheckpointError`.
    """
    text = str(name)
    if not text:
        raise CheckpointError(f"the checkpoint's name is empty; {_KINDS}")
    if text.startswith(PACKAGE_PREFIX):
        return Location(text, _in_package(text))
    folder = Path(text).expanduser()
    if folder.is_dir():
        return Location(text, folder)
    if folder.exists():
        raise CheckpointError(f"{text} is a file; {_KINDS}")
    id = hub_id(name)
    if id is None:
        raise CheckpointError(f"there is no folder {text}; {_KINDS}")
    return Location(text, _from_hub(*id, allow_pickle=allow_pickle))


def _in_package(name: str) -> Path:
    import_name, *parts = name.removeprefix(PACKAGE_PREFIX).split("/")
    if not import_name.isidentifier() or any(part in ("", ".", "..") for part in parts):
        raise CheckpointError(
            f"{name!r} does not name a folder in a package: expected "
            "package:import_name/sub/folder, with a plain import name and no '..'"
        )
    # For a top-level name, find_spec finds the package without importing it.
    spec = find_spec(import_name)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    if not roots:
        raise CheckpointError(
            f"{name!r}: no package {import_name!r} is installed; install the package that contains "
            "the model, or check the name (it is the import name, with underscores)"
        )
    for root in roots:
        base = Path(root).resolve()
        folder = base.joinpath(*parts).resolve()
        if folder.is_dir() and folder.is_relative_to(base):
            return folder
    raise CheckpointError(f"{name!r}: package {import_name!r} has no folder {'/'.join(parts)!r}")


def hub_id(name: str | Path) -> tuple[str, str | None] | None:
    """The repository and the revision that a name may mean on the hub; None for a path.

    >>> hub_id("org/name@v2"), hub_id("./name")
    (('org/name', 'v2'), None)
    """
    text = str(name)
    match = _HUB_ID.fullmatch(text)
    if isinstance(name, Path) or match is None or text.startswith("."):
        return None
    return match["repo"], match["revision"]


def download(
    repo: str,
    revision: str | None,
    patterns: Sequence[str],
    *,
    error: type[WordgraftError] = CheckpointError,
    expected: str = _KINDS,
) -> Path:
    """The folder with those files of a hub model that match `patterns`, downloaded if necessary.

    Raises `error`, with what was `expected`, for a model that does not exist, is gated or cannot be
    fetched.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(patterns)))
    except GatedRepoError as cause:
        raise error(
            f"hub model {repo!r} is gated: accept its terms on its page, then run 'hf auth login'"
        ) from cause
    except RevisionNotFoundError as cause:
        raise error(f"hub model {repo!r} has no revision {revision!r}") from cause
    except RepositoryNotFoundError as cause:
        raise error(
            f"there is no folder and no hub model {repo!r} (if private, run 'hf auth login'); "
            f"{expected}"
        ) from cause
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as cause:
        if constants.HF_HUB_OFFLINE:
            raise error(
                f"there is no folder {repo!r}, and no hub model of that name on this machine; "
                "HF_HUB_OFFLINE is set, so nothing is downloaded: check the path, or unset it"
            ) from cause
        raise error(
            f"there is no folder {repo!r}, and the hub cannot be reached for a model of that name "
            f"({type(cause).__name__}); check the path or the network, or download the model "
            "elsewhere and give its folder"
        ) from cause


def _from_hub(repo: str, revision: str | None, *, allow_pickle: bool) -> Path:
    from huggingface_hub import constants, list_repo_files
    from huggingface_hub.errors import HfHubHTTPError

    folder = download(repo, revision, [*_HUB_FILES, *(_HUB_PICKLES if allow_pickle else ())])
    if allow_pickle or constants.HF_HUB_OFFLINE or any(folder.glob("*.safetensors")):
        return folder
    # Pickles were not downloaded; opening the folder would only say that weights are missing.
    try:
        files = list_repo_files(repo, revision=revision)
    except (HfHubHTTPError, OSError):
        return folder
    for file in files:
        if any(fnmatch(file, pattern) for pattern in _HUB_PICKLES):
            raise pickle_refused(repo, file, f"{repo.rpartition('/')[2]}-safetensors")
    return folder

"""Finds a checkpoint's files: a local folder, a hub id, or a folder in an installed package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path

from wordgraft.checkpoint.tensors import pickle_refused
from wordgraft.errors import CheckpointError

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
    match = _HUB_ID.fullmatch(text)
    if isinstance(name, Path) or match is None or text.startswith("."):
        raise CheckpointError(f"there is no folder {text}; {_KINDS}")
    return Location(text, _from_hub(match["repo"], match["revision"], allow_pickle=allow_pickle))


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


def _from_hub(repo: str, revision: str | None, *, allow_pickle: bool) -> Path:
    from huggingface_hub import constants, list_repo_files, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    patterns = [*_HUB_FILES, *(_HUB_PICKLES if allow_pickle else ())]
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=patterns))
        if not (allow_pickle or constants.HF_HUB_OFFLINE or any(folder.glob("*.safetensors"))):
            # They were not downloaded; opening the folder would only say that weights are missing.
            for file in list_repo_files(repo, revision=revision):
                if any(fnmatch(file, pattern) for pattern in _HUB_PICKLES):
                    raise pickle_refused(repo, file, f"{repo.rpartition('/')[2]}-safetensors")
        return folder
    except GatedRepoError as error:
        raise CheckpointError(
            f"hub model {repo!r} is gated: accept its terms on its page, then run 'hf auth login'"
        ) from error
    except RevisionNotFoundError as error:
        raise CheckpointError(f"hub model {repo!r} has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(
            f"there is no folder and no hub model {repo!r} (if private, run 'hf auth login'); "
            f"{_KINDS}"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        if constants.HF_HUB_OFFLINE:
            raise CheckpointError(
                f"there is no folder {repo!r}, and no hub model of that name on this machine; "
                "HF_HUB_OFFLINE is set, so nothing is downloaded: check the path, or unset it"
            ) from error
        raise CheckpointError(
            f"there is no folder {repo!r}, and the hub cannot be reached for a model of that name "
            f"({type(error).__name__}); check the path or the network, or download the model "
            "elsewhere and give its folder"
        ) from error

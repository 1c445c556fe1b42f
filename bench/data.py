"""The public data that benches and documents read: where it comes from, and its files.

    python bench/data.py                fetch what is missing into data/ (`make data`)
    python bench/data.py --list         licences, public homes, and what is there

`data.toml` lists the data sets. A file is fetched whole or not at all, and its SHA-256 must be that
of the file on which the published figures were measured. A folder `../shared/data` beside the
checkout is used if it is there.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import tomllib
import urllib.error
import urllib.request
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from wordgraft.core.atomic_io import new_file

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "data"
BESIDE = HERE.parents[1] / "shared" / "data"
_SECONDS = 60


class FetchError(Exception):
    """A file that cannot be fetched, or is not the one that was expected."""


@cache
def data_sets() -> dict[str, dict[str, Any]]:
    """The entries of `data.toml` by name."""
    return tomllib.loads((HERE / "data.toml").read_text("utf-8"))


def data_file(name: str, file: str) -> Path:
    """The path of a file of a data set; without it, the program ends and says how to get it."""
    path = _found(name, file)
    if path is None:
        raise SystemExit(
            f"{name}/{file} is missing ({data_sets()[name]['about']}). Run `make data`, which "
            f"fetches it. Its home: {data_sets()[name]['home']}"
        )
    return path


def fetch(name: str, entry: dict[str, Any], folder: Path, *, any_version: bool = False) -> Path:
    """Write one file of a data set into `folder`, unless it is there. Raises `FetchError`."""
    path = folder / name / str(entry["path"])
    if path.is_file():
        return path
    content = _content(name, entry)
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"] and not any_version:
        raise FetchError(
            f"{name}/{entry['path']}: the public file has SHA-256 {digest}, the one of the "
            f"published figures {entry['sha256']}; nothing was written. --any-version takes it, "
            "and figures may differ"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path, force=True) as scratch:
        scratch.write_bytes(content)
    return path


def _found(name: str, file: str) -> Path | None:
    places = (FOLDER / name / file, BESIDE / name / file)
    return next((path for path in places if path.is_file()), None)


def _content(name: str, entry: dict[str, Any]) -> bytes:
    """The bytes of a file, from the hub, from a URL, or from an archive at a URL."""
    if "hub" in entry:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            path = hf_hub_download(entry["hub"], entry["name"], repo_type="dataset")
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            raise FetchError(
                f"{name}: the hub's data set {entry['hub']} cannot be fetched "
                f"({type(error).__name__}); check the network, and HF_HUB_OFFLINE"
            ) from error
        return Path(path).read_bytes()
    if "url" not in entry:
        raise FetchError(f"{name} has no public home: {data_sets()[name]['home']}")
    content = _downloaded(entry["url"])
    if "member" not in entry:
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(entry["member"])
    except (zipfile.BadZipFile, KeyError) as error:
        raise FetchError(f"{entry['url']} has no {entry['member']} ({error})") from error


@cache
def _downloaded(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise FetchError(
            f"{url} cannot be fetched ({error}); check the network, or download it elsewhere and "
            f"put it into {FOLDER}"
        ) from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="only show what there is")
    parser.add_argument("--any-version", action="store_true", help="take files that have changed")
    options = parser.parse_args()
    faults = []
    for name, data_set in data_sets().items():
        print(f"{name}: {data_set['about']}\n  licence: {data_set['licence']}")
        print(f"  home: {data_set['home']}")
        for entry in data_set["files"]:
            path = _found(name, entry["path"])
            if path is None and not options.list:
                try:
                    path = fetch(name, entry, FOLDER, any_version=options.any_version)
                except FetchError as error:
                    faults.append(str(error))
            print(f"  {entry['path']}: {path or 'missing'}")
    print("\nPackages with data: see requirements-demo.txt, bench/mpnet.py and bench/alignment.py")
    if faults:
        raise SystemExit("\n" + "\n".join(faults))


if __name__ == "__main__":
    main()

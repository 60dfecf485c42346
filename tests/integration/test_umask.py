"""Every user's umask gives the same lab image, from Debian's real packages, and it runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.image import LabImage
from labkit.system.paths import cache_dir

BUILD = """
import os, sys
from pathlib import Path
from labkit import image
from labkit.image.networked import networked
os.umask(int(sys.argv[1], 8))
built = image.build(progress=False)
networked(built, progress=False)
print(built.folder)
"""
RUN = ("run", "--backends", "host", "--repeats", "1", "--warmups", "0", "--workloads", "idle")


def bits(folder: Path) -> dict[str, tuple[str, bool]]:
    """File → its content, and whether it can be run."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            os.access(path, os.X_OK),
        )
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.mark.parametrize("umask", ["077", "000"])
def test_the_same_image_comes_of_every_umask(
    lab_image: LabImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: str
) -> None:
    shutil.copytree(cache_dir() / "debs", tmp_path / "cache/debs")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    done = subprocess.run(
        [sys.executable, "-c", BUILD, umask], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    record = json.loads((folder / "image.json").read_text())
    assert record["digest"] == lab_image.digest
    assert bits(folder) == bits(lab_image.folder)
    shell = 'umask "$0" && exec "$@"'
    labkit = str(Path(sys.executable).with_name("labkit"))
    words = [labkit, *RUN, "--out", str(tmp_path / "run")]
    done = subprocess.run(
        ["sh", "-c", shell, umask, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

"""Programs that stand in for a machine's and write down how they are called."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from labkit.image import LabImage
from labkit.system.paths import project_dir

Calls = Callable[[], list[list[str]]]


def recording(
    script: Path,
    names: Sequence[str],
    variable: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Calls]:
    """Puts the script under each of the names on the PATH, and tmp_path, in which it writes, into
    the variable; yields what tells how it was called so far."""
    folder = tmp_path / "bin"
    folder.mkdir()
    text = script.read_text().replace("/usr/bin/env python3", sys.executable, 1)
    for name in names:
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(project_dir()))
    monkeypatch.setenv(variable, str(tmp_path))
    # A short path: a socket's may have 107 characters.
    short = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    file = tmp_path / "calls.jsonl"

    def read() -> list[list[str]]:
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    yield read
    shutil.rmtree(short)


@pytest.fixture
def small_image(tmp_path: Path) -> LabImage:
    folder = tmp_path / "0123456789ab"
    folder.mkdir()
    (folder / "lab.iso").write_bytes(b"boot me")
    return cast(
        LabImage, SimpleNamespace(folder=folder, iso=folder / "lab.iso", digest="d" * 64, disk=None)
    )

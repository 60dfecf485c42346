from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from labkit.image import LabImage

PROGRAMS = ("VBoxManage", "VirtualBoxVM", "VBoxHeadless", "Xvfb")


@pytest.fixture
def calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[list[str]]]]:
    """Puts VirtualBox's programs for tests on the PATH; returns how they were called so far."""
    folder = tmp_path / "bin"
    folder.mkdir()
    text = (Path(__file__).parent / "programs.py").read_text()
    for name in PROGRAMS:
        (folder / name).write_text(text.replace("/usr/bin/env python3", sys.executable, 1))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_VBOX", str(tmp_path))
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
    return cast(LabImage, SimpleNamespace(folder=folder, iso=folder / "lab.iso", digest="d" * 64))

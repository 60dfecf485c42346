"""A saved state of the real VirtualBox that many tests start from, also in other processes.

A boot takes most of a minute, a resumed start three seconds. So one boot is saved, and each lab
of a test gets a copy: VirtualBox's own files, in which nothing but the home folder's name differs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from labkit.backends.virtualbox.installation import find_installation
from labkit.backends.virtualbox.machine import Machine
from labkit.backends.virtualbox.registry import registry
from labkit.backends.virtualbox.resumed import VirtualBoxResumedBackend
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import owner

KEPT = ("registry/VirtualBox.xml", "*.iso", "*/*.vbox", "*/scratch.vdi", "*/Snapshots/*")


def save(image: LabImage, target: Path) -> None:
    """Boots the lab image, saves the machine, and keeps its files in a new folder."""
    backend = VirtualBoxResumedBackend()
    with backend.saved_state(image, Limits()):
        assert backend._saved is not None
        _copy(backend._saved.home, target, {str(backend._saved.home): "@HOME@", owner(): "@OWNER@"})


@contextmanager
def adopted(source: Path) -> Iterator[VirtualBoxResumedBackend]:
    """A backend that resumes from a copy of this state, in a registry of this process."""
    backend = VirtualBoxResumedBackend()
    installation = find_installation()
    assert installation is not None
    with registry() as home:
        _copy(source, home, {"@HOME@": str(home), "@OWNER@": owner()})
        name = next(home.glob("*/*.vbox")).stem
        backend._saved = Machine(installation, backend.engine(None), home, name)
        yield backend


def _copy(source: Path, target: Path, words: Mapping[str, str]) -> None:
    for pattern in KEPT:
        for file in source.glob(pattern):
            copy = target / _replaced(str(file.relative_to(source)), words)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix in (".vbox", ".xml"):
                copy.write_text(_replaced(file.read_text(), words))
            elif file.name == "scratch.vdi":
                _copy_empty(file, copy)
            else:
                shutil.copyfile(file, copy)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for old, new in words.items():
        text = text.replace(old, new)
    return text


def _copy_empty(file: Path, copy: Path) -> None:
    """The disk as it was saved: nothing is written on it but what describes it at its begin."""
    assert file.stat().st_blocks <= 16
    with file.open("rb") as disk, copy.open("wb") as target:
        target.write(disk.read(4096))
        target.truncate(file.stat().st_size)

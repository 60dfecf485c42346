from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.image import apt_sources, debs, download, release, rootfs
from labkit.image.suites import Suite
from tests.unit.image.archive import Archive


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LABKIT_CACHE", str(folder))
    return folder


@pytest.fixture
def guest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for labkit/guest."""
    folder = tmp_path / "guest"
    (folder / "workloads").mkdir(parents=True)
    for name in (
        "agent",
        "shell",
        "disk",
        "program",
        "init",
        "workloads/cpu.sh",
        "workloads/idle.sh",
    ):
        (folder / name).write_text(f"#!/bin/busybox sh\n# {name}\n")
    monkeypatch.setattr(rootfs, "GUEST_FOLDER", folder)
    return folder


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive that the lab takes for Debian's; this host's own apt and keys play no part."""
    served = Archive(tmp_path / "archive")
    monkeypatch.setattr(debs, "RELEASE", Suite("bookworm", "debian", served.url))
    monkeypatch.setattr(debs, "SECURITY", Suite("bookworm-security", "debian-security", served.url))
    monkeypatch.setattr(apt_sources, "APT_FOLDER", tmp_path / "no-apt")
    monkeypatch.setattr(release, "KEYRING", tmp_path / "no-keyring.gpg")
    monkeypatch.setattr(download, "PAUSE_S", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield served
    served.stop()


@pytest.fixture
def debian(archive: Archive, cache: Path, guest: Path) -> Archive:
    """An archive with all packages, an empty cache, and guest files."""
    archive.fill()
    return archive


def unfinished(folder: Path) -> list[Path]:
    """What a build that ended must not leave."""
    return list(folder.rglob(".unfinished-*"))

"""The distribution: what is asked of mmdebstrap, and what counts as made."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit.backends.distribution import login, nspawn
from labkit.errors import ImageError
from labkit.image import distribution, known_files
from labkit.image.inputs import BootLoader

STATUS = """Package: adduser
Status: install ok installed
Description: add and remove users
 This package includes the adduser and deluser commands.
Version: 3.134

Package: apt
Status: install ok installed
Multi-Arch: foreign
Version: 2.6.1
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(distribution, "_boot_loader", lambda: BootLoader(b"", b""))
    return tmp_path / "cache"


def make(folder: Path) -> Path:
    """Something that looks as one that was made."""
    (folder / "root/sbin").mkdir(parents=True)
    (folder / "root/sbin/init").symlink_to("/lib/systemd/systemd")
    for name in ("root.tar", "root.ext4", "boot.iso"):
        (folder / name).write_bytes(name.encode())
    sizes = {name: len(name) for name in ("root.tar", "root.ext4", "boot.iso")}
    record = {"digest": "0" * 64, "title": "Debian", "kernel_version": "6.1", "packages": {}}
    (folder / distribution.RECORD).write_text(json.dumps({**record, "files": sizes}))
    return folder


def test_it_is_installed_with_scripts_and_stays_mounted_nowhere(tmp_path: Path) -> None:
    argv = distribution.bootstrap_command(tmp_path / "a,b root")
    assert argv[:4] == ["unshare", "--mount", "--propagation", "private"]
    assert str(tmp_path / "a,b root") in argv and "--mode=root" in argv
    assert not any("extract" in word or "--no-check" in word for word in argv)
    assert [word.split()[2] for word in argv[-2:]] == ["bookworm", "bookworm-security"]


def test_a_mount_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc/resolv.conf of WSL is a link to /mnt/wsl."""
    used, free = tmp_path / "used", tmp_path / "free"
    (used / "wsl").mkdir(parents=True)
    free.mkdir()
    monkeypatch.setattr(distribution, "PLACES", (str(tmp_path / "no"), str(used), str(free)))
    assert str(free) in distribution.bootstrap_command(tmp_path / "root")
    assert str(used) not in distribution.bootstrap_command(tmp_path / "root")


@pytest.mark.parametrize("name", ["a:b", "a,b", 'a"b', "a\\b"])
def test_nspawn_gets_a_path_that_it_does_not_take_apart(name: str) -> None:
    before, directory = nspawn.plain(Path("/x") / name)
    assert f"/x/{name}" in before and directory in before
    assert not set(directory) & set(':,"\\')
    assert nspawn.plain(Path("/x/한 글")) == ([], "/x/한 글")


@pytest.mark.skipif(sys.platform != "linux", reason="GNU tar")
def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    """Its digest tells whether two labs have the same distribution."""
    for name in ("one", "two"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc/hosts").write_text("127.0.1.1 debian")
        os.utime(tmp_path / name / "etc/hosts", (len(name), 1e9))  # read at other times
        distribution.write_archive(tmp_path / name, tmp_path / f"{name}.tar")
        os.utime(tmp_path / name / "etc", (5, 5))
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_nothing_of_this_computer_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labkit.image.apt_sources.mirrors", lambda *_: ["http://near/debian"])
    [hook] = [word for word in distribution.bootstrap_command(Path("/x")) if "-hook=" in word]
    assert "near" not in hook and "http://deb.debian.org/debian bookworm main" in hook
    assert "rm -f /etc/hostname /etc/resolv.conf" in hook and hook.count("'") == 2


def test_what_was_made_is_found_and_what_is_damaged_is_not(cache: Path) -> None:
    assert distribution.find() is None
    folder = make(distribution._folder() / distribution._key())
    found = distribution.find()
    assert found is not None and found.disk == folder / "root.ext4"
    assert distribution.build(progress=False) == found  # nothing is done
    (folder / "root.ext4").write_bytes(b"cut off")
    assert distribution.find() is None


def test_no_room_is_told_before_anything_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**9))
    monkeypatch.setattr(distribution, "spawn", lambda *_, **__: pytest.fail("it has begun"))
    with pytest.raises(ImageError, match="no room") as caught:
        distribution.build(progress=False)
    assert "2.5 GB" in caught.value.details
    assert not any(distribution._folder().iterdir())


def test_a_failed_installation_shows_its_last_lines_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = ["sh", "-c", "echo; echo E: no mirror answers; exit 3"]
    monkeypatch.setattr(distribution, "bootstrap_command", lambda root: argv)
    with pytest.raises(ImageError, match="could not be installed") as caught:
        distribution.build(progress=False)
    assert "no mirror answers" in caught.value.details
    assert not any(distribution._folder().iterdir())


def test_the_packages_are_those_of_dpkg(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    assert distribution._packages(tmp_path) == {"adduser": "3.134", "apt": "2.6.1"}


def test_cleaning_takes_it_and_nothing_beside_it(cache: Path) -> None:
    known_files.make_cache_folder(distribution._folder())
    folder = make(distribution._folder() / distribution._key())
    mine = distribution._folder() / "my-distribution"
    mine.mkdir()
    assert known_files.remove_known("distributions") == [mine]
    assert not folder.exists()


def test_what_is_missing_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "docker:distribution=booted"
    monkeypatch.setattr(login, "find_tool", lambda program: None)
    missing = login.missing(name)
    assert missing is not None and f"setup {name}" in missing.fix
    monkeypatch.setattr(login, "find_tool", lambda program: program)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    missing = login.missing(name)
    assert missing is not None and "--profile distribution" in missing.fix
    make(distribution._folder() / distribution._key())
    assert login.missing(name) is None

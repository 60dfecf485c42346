from __future__ import annotations

import errno
from pathlib import Path

import pytest

from labkit.setup import wsl

WSL_2 = "5.15.153.1-microsoft-standard-WSL2"
MOUNTS = [("/", "ext4"), ("/mnt/c", "9p"), ("/mnt/c/ext", "ext4"), ("/run/user", "tmpfs")]


@pytest.mark.parametrize("kernel", ["6.1.0-50-amd64", "24.1.0", "5.15.0-1074-azure"])
def test_other_computers_have_nothing_to_say(kernel: str) -> None:
    assert wsl.notes(kernel, docker=False) == ()


def test_its_first_version_has_one_thing_to_do() -> None:
    [only] = wsl.notes("4.4.0-19041-Microsoft", docker=False)
    assert "wsl --set-version" in only


def test_docker_desktop_is_named_where_no_daemon_answers() -> None:
    assert wsl.DOCKER in wsl.notes(WSL_2, docker=False)
    assert wsl.DOCKER not in wsl.notes(WSL_2, docker=True)


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOENT, wsl.NESTED), (errno.EACCES, wsl.DENIED), (errno.ENODEV, wsl.NESTED)],
)
def test_why_there_is_no_kvm(number: int, said: str) -> None:
    assert wsl._kvm(OSError(number, "")) == [said]
    assert wsl._kvm(None) == []


def test_a_folder_on_a_drive_of_windows() -> None:
    folders = [Path("/home/me/lab"), Path("/mnt/c/lab"), Path("/mnt/c/ext/lab"), Path("/mnt/cd")]
    [only] = wsl._on_drives(folders, MOUNTS)
    assert only.startswith("/mnt/c/lab ")

"""Whether a process id is what a daemon says that it is."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from labkit.system.process_ids import began, belongs, counted_here

ID = "4679f11f27d3" * 5 + "abcd"


def proc(folder: Path, name: str, text: str) -> Path:
    (folder / "7").mkdir()
    (folder / "7" / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "proven"),
    [
        ("cgroup", f"4:memory:/docker/{ID}\n0::/\n", True),
        ("cgroup", f"0::/system.slice/docker-{ID}.scope\n", True),
        ("cgroup", f"0::/machine.slice/libpod-{ID}.scope/container\n", True),
        ("cgroup", "0::/user.slice\n", False),
        ("cgroup", f"0::/docker/{ID}0\n", False),
        (
            "mountinfo",
            f"9 8 8:1 /lib/docker/{ID}/hosts /etc/hosts rw - ext4 d rw\n",
            True,
        ),
        # What each process of the host sees: Docker's, containerd's and Podman's own mounts.
        (
            "mountinfo",
            f"9 8 0:7 / /lib/docker/containers/{ID}/mounts/shm rw - tmpfs shm rw\n",
            False,
        ),
        (
            "mountinfo",
            f"9 8 0:7 / /run/containerd/rootfs/overlayfs/{ID} rw - overlay o rw\n",
            False,
        ),
        ("mountinfo", f"9 8 0:7 /{ID}/a /mnt/{ID}/etc/hosts rw - ext4 d rw\n", False),
        ("status", f"Name:\t{ID}\n", False),
    ],
)
def test_a_process_is_the_containers_by_its_group_or_its_mounts(
    tmp_path: Path, name: str, text: str, proven: bool
) -> None:
    assert belongs(7, ID, proc=proc(tmp_path, name, text)) == proven


@pytest.mark.parametrize(("numbers", "here"), [("7", True), ("7\t1", False), ("", False)])
def test_a_process_of_a_namespace_below_counts_otherwise(
    tmp_path: Path, numbers: str, here: bool
) -> None:
    folder = proc(tmp_path, "status", f"Name:\tdockerd\nNSpid:\t{numbers}\n")
    assert counted_here(7, proc=folder) == here
    assert not counted_here(8, proc=folder)


def test_when_a_process_began_is_a_moment_of_the_hosts_clock() -> None:
    before = time.monotonic()
    with subprocess.Popen(["sleep", "60"]) as process:
        at = began(process.pid)
        after = time.monotonic()
        process.kill()
    assert at is not None and before - 0.01 <= at <= after
    assert began(process.pid) is None

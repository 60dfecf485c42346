"""The probe behind real boundaries: who shares which kernel, what is filtered, what is refused."""

from __future__ import annotations

import platform

import pytest

from labkit import orphans, seen, stats
from labkit.backends import Backend, make_backend
from tests.conftest import ready_backend

pytestmark = [pytest.mark.docker, pytest.mark.qemu, pytest.mark.namespaces]
OPEN = "docker:seccomp=unconfined"
NAMES = ["host", "docker", OPEN, "chroot", "unshare", "qemu"]


def test_what_each_instance_sees_and_may_do(docker_backend: Backend, qemu_backend: Backend) -> None:
    for name in ("chroot", "unshare"):
        ready_backend(name)
    sight = seen.look(NAMES, progress=False)
    assert sight.manifest.left_out == {}
    value = {(row.backend, row.name): row.value for row in sight.answers if row.kind == "fact"}
    for name in NAMES[:-1]:
        assert value[name, "kernel_release"] == platform.release()
        assert value[name, "boot_id"] == value["host", "boot_id"]
    assert value["qemu", "boot_id"] != value["host", "boot_id"]
    assert int(value["qemu", "memory_kib"] or 0) < 256 * 1024
    assert [value[name, "seccomp"] for name in ("docker", OPEN)] == ["2", "0"]
    assert value["docker", "no_new_privs"] == "1"
    assert value["docker", "capabilities"] == "0" * 16
    sees = [name for name in NAMES if value[name, "host_process_seen"] == "yes"]
    assert sees == ["host", "chroot"]
    assert int(value["docker", "pid"] or 0) < int(value["docker", "processes"] or 0) + 100

    table = stats.seen(sight.frame)
    pairs = zip(table["backend"], table["aspect"], strict=True)
    touches: dict[tuple[str, str], str] = dict(zip(pairs, table["touches"], strict=True))
    assert touches["unshare", "mount something"] == touches["qemu", "mount something"] == "own"
    assert touches["docker", "mount something"] == "nothing"
    assert touches["host", "mount something"] == touches["chroot", "mount something"] == "unknown"
    assert touches["chroot", "signal a host's process"] == "host"
    assert touches["qemu", "load a kernel module"] == "own"
    assert orphans.sweep([make_backend(name) for name in NAMES], mine=True) == []

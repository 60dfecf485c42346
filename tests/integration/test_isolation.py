"""The probe behind real boundaries: who shares which kernel, what is filtered, what is refused."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.experiments import isolation
from labkit.experiments.isolation import stats
from labkit.measure import cleanup
from tests.conftest import ready_backend

pytestmark = [pytest.mark.docker, pytest.mark.qemu, pytest.mark.namespaces]
OPEN = "docker:seccomp=unconfined"
AS_IT_COMES = "docker:security=default"
NAMES = ["host", "docker", OPEN, AS_IT_COMES, "chroot", "unshare", "qemu"]


def test_what_each_instance_sees_and_may_do(
    docker_backend: Backend, qemu_backend: Backend, tmp_path: Path
) -> None:
    for name in ("chroot", "unshare"):
        ready_backend(name)
    recording = isolation.run(NAMES, out=tmp_path / "out", progress=False)
    assert recording.left_out == {}
    facts = recording.answers[recording.answers["kind"] == "fact"]
    value: Any = facts.set_index(["backend", "name"])["value"]
    for name in NAMES[:-1]:
        assert value[name, "kernel_release"] == platform.release()
        assert value[name, "boot_id"] == value["host", "boot_id"]
    assert value["qemu", "boot_id"] != value["host", "boot_id"]
    assert int(value["qemu", "memory_kib"] or 0) < 256 * 1024
    assert [value[name, "seccomp"] for name in ("docker", OPEN)] == ["2", "0"]
    assert value["docker", "no_new_privs"] == "1"
    assert value["docker", "capabilities"] == "0" * 16 != value[AS_IT_COMES, "capabilities"]
    sees = [name for name in NAMES if value[name, "host_process_seen"] == "yes"]
    assert sees == ["host", "chroot"]
    assert int(value["docker", "pid"] or 0) < int(value["docker", "processes"] or 0) + 100

    table = stats.matrix(recording.answers)
    pairs = zip(table["backend"], table["aspect"], strict=True)
    touches: dict[tuple[str, str], str] = dict(zip(pairs, table["touches"], strict=True))
    assert touches["unshare", "mount something"] == touches["qemu", "mount something"] == "own"
    assert touches["docker", "mount something"] == "nothing"
    for aspect in ("write to the root folder", "change the root folder"):
        assert (touches["docker", aspect], touches[AS_IT_COMES, aspect]) == ("nothing", "own")
    assert touches[AS_IT_COMES, "mount something"] == "nothing"
    assert touches["host", "mount something"] == touches["chroot", "mount something"] == "unknown"
    assert touches["chroot", "signal a host's process"] == "host"
    assert touches["qemu", "load a kernel module"] == "own"
    assert cleanup.sweep([make_backend(name) for name in NAMES], mine=True) == []

"""What a daemon's answers say of its containers. The answers are of real ones, shortened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from labkit.backends.docker import facts
from labkit.recordings.words import Engine

DOCKER: dict[str, Any] = {
    "DefaultRuntime": "runc",
    "Runtimes": {"runc": {"path": "runc"}, "io.containerd.runc.v2": {"path": "runc"}},
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["userxattr", "false"]],
    "CgroupDriver": "cgroupfs",
    "CgroupVersion": "1",
    "SecurityOptions": ["name=seccomp,profile=default"],
    "LiveRestoreEnabled": False,
}
COMPONENTS = [
    {"Name": "Engine", "Version": "20.10.24"},
    {"Name": "containerd", "Version": "1.6.20"},
    {"Name": "runc", "Version": "1.1.5"},
]
PODMAN = [
    {"Name": "Podman Engine", "Version": "4.3.1"},
    {"Name": "Conmon", "Version": "conmon version 2.1.6, commit: unknown"},
    {"Name": "OCI Runtime (crun)", "Version": "crun version 1.8.1\ncommit: f8a0\nspec: 1.0.0"},
]


@pytest.mark.parametrize(
    ("name", "runtime", "engine"),
    [
        ("runc", {"path": "runc"}, "native"),
        ("io.containerd.runc.v2", {"path": "runc"}, "native"),
        ("runc", {"path": "/usr/bin/crun"}, "crun"),  # the name is anybody's choice
        ("quick", {"path": "/opt/crun-1.8/crun"}, "crun"),
        ("gvisor", {"path": "/usr/local/bin/runsc", "runtimeArgs": ["--platform=kvm"]}, "runsc"),
        ("kata", {"runtimeType": "io.containerd.kata.v2"}, "kata"),
        ("io.containerd.kata.v2", {}, "kata"),
        ("kata-fc", {"path": "/opt/kata/bin/kata-runtime"}, "kata"),
        ("gvisor", {"runtimeType": "/usr/bin/containerd-shim-runsc-v1"}, "runsc"),
        ("mine", {"path": "/usr/bin/mine"}, "other-runtime"),
        ("runcvm", {"path": "/opt/runcvm/scripts/runcvm-runtime"}, "other-runtime"),
        ("crun-vm", {"path": "/usr/bin/crun-vm"}, "other-runtime"),
        ("wasm", {"path": "/usr/bin/crun-wasm"}, "other-runtime"),
        ("wrapped", {"path": "/usr/local/bin/runsc-wrapper"}, "other-runtime"),
        ("", {}, "other-runtime"),
    ],
)
def test_the_engine_is_named_after_the_runtimes_program(
    name: str, runtime: dict[str, Any], engine: Engine
) -> None:
    info = {"DefaultRuntime": name, "Runtimes": {name: runtime}}
    assert facts.engine_of(info) == engine


def test_the_configuration_is_told_as_the_daemon_does() -> None:
    given = facts.configuration_of(DOCKER, {"Components": COMPONENTS})
    assert given["program"] == "dockerd" and given["runtime"] == "runc"
    assert (given["storage_driver"], given["storage_type"]) == ("overlay2", "extfs")
    assert (given["cgroup_driver"], given["cgroup_version"]) == ("cgroupfs", "1")
    assert {given[name] for name in ("rootless", "userns_remap", "live_restore")} == {"no"}
    options = ["name=rootless", "name=userns", "name=cgroupns"]
    other = DOCKER | {"SecurityOptions": options, "LiveRestoreEnabled": True}
    given = facts.configuration_of(other, {"Components": PODMAN})
    assert given["program"] == "podman" and given["security"] == "cgroupns, rootless, userns"
    assert {given[name] for name in ("rootless", "userns_remap", "live_restore")} == {"yes"}


def test_what_a_daemon_does_not_tell_is_left_out() -> None:
    given = facts.configuration_of({"Runtimes": None, "DriverStatus": None}, {"Components": None})
    assert "storage_driver" not in given and "cgroup_driver" not in given


def test_the_version_names_the_program_and_what_it_calls() -> None:
    docker = facts.version_text({"Version": "20.10.24", "Components": COMPONENTS})
    assert docker == "dockerd 20.10.24, containerd 1.6.20, runc 1.1.5"
    podman = facts.version_text({"Version": "4.3.1", "Components": PODMAN})
    assert podman == "podman 4.3.1, conmon 2.1.6, crun 1.8.1"
    assert facts.version_text({"Version": "1", "Components": None}) == "dockerd 1"


def test_what_this_user_may_not_read_is_tried_on_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError

    assert not facts._is_locked(os.getpid()) and not facts._is_locked(2**30)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert facts._is_locked(os.getpid())

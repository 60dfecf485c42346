"""Bundles and control groups: what is pure in them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labkit.backends.docker.containers import limit_settings
from labkit.backends.engine_parts import oci, oci_groups
from labkit.backends.engine_parts.docker_cli import run_command
from labkit.backends.piped import instance_name
from labkit.backends.table import BACKENDS, DEFAULT, GROUPS, NUMBERS, expand, make_backend
from labkit.errors import UsageError
from labkit.image import LabImage
from labkit.recordings.facts import LIMITS, Limits
from labkit.system.host import cpu_set
from labkit.system.owner_marks import mark_in, owner
from labkit.system.ownership import Judge
from tests.unit.marks import GONE

IMAGE = cast(LabImage, SimpleNamespace(rootfs=Path("/lab/rootfs"), container_tag="labkit/lab:1"))


def bundle(tmp_path: Path, limits: Limits | None = None) -> dict[str, object]:
    folder = oci.write_bundle(IMAGE, limits or Limits(), tmp_path, "labkit-1-2-3")
    content: dict[str, object] = json.loads((folder / "config.json").read_text())
    return content


def test_a_bundle_has_the_limits_and_carries_its_owner(tmp_path: Path) -> None:
    config = bundle(tmp_path, Limits(cpus=1, memory_mib=128))
    linux = cast(dict[str, Any], config["linux"])
    assert linux["resources"]["memory"]["limit"] == 128 * 1024 * 1024
    assert linux["resources"]["cpu"]["cpus"] == str(cpu_set(1)[0])
    assert linux["cgroupsPath"] == "/labkit-1-2-3"
    assert f"LABKIT_OWNER={owner()}" in cast(dict[str, Any], config["process"])["env"]


def test_a_bundle_has_the_boundary_of_the_docker_backend(tmp_path: Path) -> None:
    config = bundle(tmp_path)
    process, linux = cast(dict[str, Any], config["process"]), cast(dict[str, Any], config["linux"])
    assert config["root"] == {"path": "/lab/rootfs", "readonly": True}
    assert process["noNewPrivileges"] and not any(process["capabilities"].values())
    assert {"type": "network"} in linux["namespaces"], "an empty one: no network"
    assert process["args"] == ["/bin/busybox", "sh", "/lab/agent"]
    scratch = next(m for m in cast(list[Any], config["mounts"]) if m["destination"] == "/scratch")
    assert Path(scratch["source"]) == tmp_path / "scratch" and Path(scratch["source"]).is_dir()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        ("memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n"),
    ],
)
def test_what_the_kernel_ended_for_its_limit(name: str, text: str, tmp_path: Path) -> None:
    assert oci_groups.out_of_memory_kills(tmp_path) is None, "not to be read is not zero"
    (tmp_path / name).write_text(text)
    assert oci_groups.out_of_memory_kills(tmp_path) == 2


def test_swap_is_only_limited_where_the_kernel_can(tmp_path: Path) -> None:
    assert not oci_groups.limits_swap(tmp_path)
    (tmp_path / "cgroup.controllers").write_text("memory\n")
    assert oci_groups.limits_swap(tmp_path)


def test_groups_of_others_are_left_alone(tmp_path: Path) -> None:
    for name in (
        f"memory/labkit-{GONE}-3",
        f"memory/labkit-{owner()}-1",
        "memory/labkit-1-2.a-1",
        "memory/docker",
        f"labkit-{GONE}-4",
    ):
        (tmp_path / name).mkdir(parents=True)
    removed = oci_groups.sweep(Judge(), tmp_path)
    assert len(removed) == 2
    left = {"docker", "labkit-1-2.a-1", f"labkit-{owner()}-1"}
    assert {path.name for path in (tmp_path / "memory").iterdir()} == left


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        pytest.param(instance_name(), owner(), id="this lab's"),
        ("labkit-12-345.ab.cd-6", "12-345.ab.cd"),
        pytest.param("labkit-12-345.ab-6", "12-345.ab", id="an older lab's"),
        ("labkit-12-345.ab-x_y", "12-345.ab"),
        ("labkit-12-345.ab", ""),
        ("labkit-12-345-6", ""),
        ("docker-12-345.ab-6", ""),
    ],
)
def test_a_name_tells_its_owner(name: str, mark: str) -> None:
    assert mark_in(name) == mark


def test_engine_parts_are_no_part_of_a_run_that_names_nothing() -> None:
    assert DEFAULT == (
        "host", "docker", "qemu", "qemu-resumed", "virtualbox", "virtualbox-resumed",
    )  # fmt: skip
    assert set(GROUPS["engine-parts"]) <= set(BACKENDS) and not {"runc", "chroot"} & set(DEFAULT)
    assert expand(["qemu", "engine-parts", "docker"]) == ["qemu", *GROUPS["engine-parts"]]


def test_a_variant_has_its_settings_in_its_name() -> None:
    backend = make_backend("docker:network=bridge:rm=yes")
    assert backend.name == "docker:network=bridge:rm=yes"
    settings = {"network": "bridge", "rm": "yes", "seccomp": "default", "security": "hardened"}
    assert backend.chosen == settings
    assert make_backend("docker").name == "docker", "the class itself is not changed"


@pytest.mark.parametrize("wrong", ["docker:colour=red", "docker:", "host:network=none"])
def test_a_setting_that_is_not_there_is_told(wrong: str) -> None:
    with pytest.raises(UsageError, match="no setting of the backend"):
        make_backend(wrong)


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ("docker:network=moon", "none|bridge|host"),
        ("docker:network", "none|bridge|host"),
        ("host:memory=99999999", NUMBERS["memory"]),
        ("host:memory=abc", NUMBERS["memory"]),
        ("host:cpus=0", NUMBERS["cpus"]),
        ("qemu:disk=a:seed=", "any text"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_told_with_those_it_can(
    wrong: str, allowed: str
) -> None:
    with pytest.raises(UsageError) as caught:
        make_backend(wrong)
    assert allowed in caught.value.resolution and not caught.value.details


def test_each_limit_has_its_numbers() -> None:
    assert NUMBERS.keys() == LIMITS.keys()


def test_no_engine_is_asked_for_a_limit_that_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(oci_groups, "holds", lambda controller: controller == "memory")
    resources = oci.configuration(IMAGE, Limits(), tmp_path, "labkit-1")["linux"]["resources"]
    assert "memory" in resources and "cpu" not in resources
    chosen, kept = make_backend("docker-cli").chosen, {"memory": False, "CPUs": True}
    words = run_command(IMAGE, Limits(), "labkit-1-2-3", chosen, kept)
    assert "--cpuset-cpus" in words and "--memory" not in words
    assert limit_settings(Limits(), kept).keys() == {"cpuset_cpus"}


def test_docker_run_asks_for_what_the_sdk_asks_for() -> None:
    usual = run_command(IMAGE, Limits(), "labkit-1-2-3", make_backend("docker-cli").chosen)
    words = " ".join(usual)
    assert "--network none" in words and "--cap-drop ALL" in words and "--memory 256m" in words
    assert "--rm" not in usual and "seccomp=unconfined" not in usual
    varied = make_backend("docker-cli:rm=yes:seccomp=unconfined:network=host").chosen
    more = run_command(IMAGE, Limits(), "labkit-1-2-3", varied)
    assert {"--rm", "seccomp=unconfined", "host"} <= set(more)
    as_it_comes = run_command(
        IMAGE, Limits(), "labkit-1-2-3", make_backend("docker-cli:security=default").chosen
    )
    assert not {"--read-only", "--cap-drop", "--security-opt"} & set(as_it_comes)

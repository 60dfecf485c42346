"""What chapter 01 says in words, held to what was recorded for it."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.experiments.isolation import stats
from labkit.experiments.isolation.records import IsolationRecording
from labkit.experiments.table import load

FOUR = ["host", "docker", "qemu", "virtualbox"]
OPEN, AS_IT_COMES = "docker:seccomp=unconfined", "docker:security=default"
CONTAINERS = ["docker", OPEN, AS_IT_COMES, "chroot", "unshare", "crun", "runc", "containerd"]


@pytest.fixture(scope="module")
def recording() -> IsolationRecording:
    return load("isolation")


@pytest.fixture(scope="module")
def facts(recording: IsolationRecording) -> dict[str, dict[str, str]]:
    """Backend → name → value."""
    return {
        backend: {
            str(row.name): row.value
            for row in recording.answers.itertuples()
            if row.backend == backend and row.kind == "fact" and isinstance(row.value, str)
        }
        for backend in recording.manifest.backends
    }


@pytest.fixture(scope="module")
def table(recording: IsolationRecording) -> Any:
    """As a frame by backend and aspect."""
    return stats.matrix(recording.answers).set_index(["backend", "aspect"])


def cells(table: Any, backend: str, section: str) -> Any:
    mine = table.loc[backend]
    return mine[mine["section"] == section]


def test_eleven_backends_and_three_kernels(recording: IsolationRecording) -> None:
    assert set(recording.manifest.backends) == {"host", *CONTAINERS, "qemu", "virtualbox"}
    kernels = stats.kernels(recording.answers)
    assert kernels["backends"].str.split(", ").tolist()[0] == ["host", *CONTAINERS]
    assert kernels["backends"].tolist()[1:] == ["qemu", "virtualbox"]
    assert kernels["kernel_release"].nunique() == 2  # the same version, two kernels


def test_the_recorded_computer_emulates(recording: IsolationRecording) -> None:
    engines = {name: info.engine for name, info in recording.manifest.backends.items()}
    assert (engines["qemu"], engines["virtualbox"]) == ("tcg", "vbox-recompiler")


def test_the_plain_answers_read_row_by_row(facts: dict[str, dict[str, str]]) -> None:
    process, container, machine, interpreted = (facts[name] for name in FOUR)
    assert len(container["hostname"]) == 12  # the container's id
    assert machine["hostname"] == interpreted["hostname"] == "(none)"
    counts = [int(one["processes"]) for one in (container, machine, process)]
    assert counts == sorted(counts)
    assert counts[0] < 15 < counts[1]
    assert (container["root_mode"], container["interfaces"]) == ("ro", "lo")
    assert (container["root_type"], machine["root_type"]) == ("overlay", "rootfs")
    for name in ("disks", "memory_kib"):
        assert container[name] == process[name] != machine[name]
    assert int(container["memory_kib"]) > 1024**2
    assert int(machine["memory_kib"]) < 256 * 1024
    assert abs(float(container["uptime_s"]) - float(process["uptime_s"])) < 300
    assert float(machine["uptime_s"]) < 60
    assert all(abs(int(facts[name]["clock_off_s"])) <= 2 for name in FOUR)


def test_the_process_is_orange_the_machines_are_blue(table: Any) -> None:
    assert set(cells(table, "host", "what it sees")["touches"]) == {"host"}
    for name in ("qemu", "virtualbox"):
        assert set(cells(table, name, "what it sees")["touches"]) == {"own"}
        may = cells(table, name, "what it may do")["touches"]
        assert may[may != "own"].to_dict() == {"signal a host's process": "nothing"}


def test_the_container_shares_six_things_and_is_refused_everything(table: Any) -> None:
    sees = cells(table, "docker", "what it sees")["touches"]
    assert (sees == "host").sum() == 6
    assert set(cells(table, "docker", "what it may do")["word"]) == {"refused"}
    assert table.at[("docker", "capabilities"), "word"] == "none"
    assert table.at[("docker", "system calls"), "word"] == "filtered"


def test_as_docker_comes_three_things_are_allowed_that_the_lab_refuses(
    facts: dict[str, dict[str, str]], table: Any
) -> None:
    """No capabilities and a root that is read-only are the lab's settings and not Docker's."""
    words = table["word"].unstack("backend")
    differ = words[words["docker"] != words[AS_IT_COMES]]
    assert set(differ.index) == {
        *("capabilities", "write to the root folder", "change the root folder"),
        "make a device file",
    }
    assert differ.at["capabilities", AS_IT_COMES] == "14 of 41"
    assert (differ[AS_IT_COMES].drop("capabilities") == "allowed").all()
    for aspect in ("mount something", "set a kernel variable", "read the kernel's log"):
        assert words.at[aspect, AS_IT_COMES] == "refused"
    assert words.at["system calls", AS_IT_COMES] == "filtered"
    assert (facts["docker"]["root_mode"], facts[AS_IT_COMES]["root_mode"]) == ("ro", "rw")
    shared = [set(_shared(table, name)) for name in ("docker", AS_IT_COMES)]
    assert shared[0] == shared[1] and len(shared[0]) == 6


def _shared(table: Any, backend: str) -> list[str]:
    sees = cells(table, backend, "what it sees")["touches"]
    return list(sees.index[sees == "host"])


def test_an_emulator_is_a_program_on_the_host_like_virtualbox(
    recording: IsolationRecording,
) -> None:
    about = recording.manifest
    stacks = stats.stacks(recording.answers, about.backends, about.host)
    hypervisors = stacks[stacks["part"] == "hypervisor"].set_index("backend")
    assert set(hypervisors.index) == {"qemu", "virtualbox"}
    assert hypervisors["way"].nunique() == 1
    assert hypervisors["detail"].str.contains("a program on the host").all()
    below = stacks.merge(hypervisors["level"].rename("above"), on="backend")
    below = below[below["level"] == below["above"] - 1]
    assert set(below["part"]) == {"host's kernel"}


def test_where_the_refusals_come_from(table: Any) -> None:
    refused = {
        name: int((cells(table, name, "what it may do")["word"] == "refused").sum())
        for name in CONTAINERS
    }
    assert refused["chroot"] <= refused["unshare"] + 1 < 5 < 9 < refused["runc"]
    assert table.at[("chroot", "signal a host's process"), "touches"] == "host"
    assert table.at[("unshare", "mount something"), "touches"] == "own"
    assert table.at[("unshare", "signal a host's process"), "word"] == "refused"
    for aspect in ("set a kernel variable", "read the kernel's log"):
        assert table.at[("unshare", aspect), "touches"] == "host"


def test_the_filter_makes_one_difference(table: Any) -> None:
    words = table["word"].unstack("backend")
    differ = words[words["docker"] != words[OPEN]]
    assert list(differ.index) == ["make a user namespace", "system calls"]
    assert differ.at["make a user namespace", "docker"] == "refused"


def test_the_hosts_kernel_loads_no_modules(table: Any) -> None:
    assert table.at[("host", "load a kernel module"), "detail"] == "ENOSYS"
    assert table.at[("docker", "load a kernel module"), "detail"] == "EPERM"

"""What holds a neighbour back: the CPU that it runs on, the rate at which it writes."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labkit.backends.docker import containers
from labkit.backends.docker.place import Place
from labkit.backends.instance import Instance, Meter
from labkit.backends.qemu.command import make_disk
from labkit.errors import BackendError
from labkit.experiments.neighbours import placement
from labkit.experiments.neighbours.placement import Cpus
from labkit.recordings.facts import Limits
from labkit.system import host

SLOW, FREE = Limits(disk_write_mib_per_s=8), Limits()


def test_qemu_itself_keeps_the_rate(tmp_path: Path) -> None:
    held, free = (" ".join(make_disk(tmp_path / "disk", one)) for one in (SLOW, FREE))
    assert f"throttling.bps-write={8 * 2**20}" in held
    assert "throttling" not in free


def test_docker_limits_the_disk_that_holds_its_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = SimpleNamespace(info=lambda: {"DockerRootDir": "/somewhere"})
    monkeypatch.setattr(containers, "whole_disk", lambda path: Path("/dev/sda"))
    monkeypatch.setattr(containers, "place_of", lambda client: Place())
    assert containers.disk_limit(client, FREE) == {}
    assert containers.disk_limit(client, SLOW) == {
        "device_write_bps": [{"Path": "/dev/sda", "Rate": 8 * 2**20}]
    }
    monkeypatch.setattr(containers, "whole_disk", lambda path: None)
    with pytest.raises(BackendError, match="cannot be limited"):
        containers.disk_limit(client, SLOW)


def test_a_daemon_elsewhere_has_none_of_this_computers_disks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client: Any = SimpleNamespace(info=lambda: {"DockerRootDir": "/somewhere"})
    monkeypatch.setattr(containers, "whole_disk", lambda path: Path("/dev/sda"))
    monkeypatch.setattr(containers, "place_of", lambda client: Place(why="far away"))
    with pytest.raises(BackendError) as caught:
        containers.disk_limit(client, SLOW)
    assert caught.value.details == "far away"


def test_what_lies_on_no_disk_has_none() -> None:
    assert host.whole_disk(Path("/proc/self")) is None
    assert host.whole_disk(Path("/not/there")) is None


def test_what_is_launched_inside_runs_on_that_cpu_and_the_lab_where_it_was() -> None:
    before = os.sched_getaffinity(0)
    cpu = max(before)
    with host.on_cpus({cpu}):
        assert os.sched_getaffinity(0) == {cpu}
        assert host.cpu_set(1) == [cpu]
    assert os.sched_getaffinity(0) == before


def test_the_two_cpus_are_far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {2, 3, 7})
    assert placement.choose() == Cpus(2, 7)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {2})
    assert placement.choose() == Cpus(2, None) and placement.choose().neighbour == 2


def test_a_system_that_binds_nothing_to_a_cpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity")
    with pytest.raises(BackendError, match="cannot be kept on a CPU") as caught:
        placement.choose()
    assert "Linux" in caught.value.details and caught.value.resolution


@pytest.mark.parametrize(("siblings", "shared"), [("2,7", True), ("0-3", False), ("", None)])
def test_halves_of_one_core_are_told(
    siblings: str, shared: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cpu2" / "topology"
    folder.mkdir(parents=True)
    (folder / "thread_siblings_list").write_text(f"{siblings}\n")
    monkeypatch.setattr(placement, "TOPOLOGY", tmp_path)
    assert placement.share_core(Cpus(2, 7)) is shared


def test_an_instance_that_may_run_elsewhere_is_found_out() -> None:
    mine = SimpleNamespace(all_meters=lambda: (Meter("process", "instance", (os.getpid(),)),))
    instance = cast(Instance, mine)
    with pytest.raises(BackendError, match="may use others"):
        placement.require_on(instance, -1)

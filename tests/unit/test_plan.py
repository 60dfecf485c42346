from __future__ import annotations

import os
import re
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.virtualbox import installation
from labkit.errors import BackendError, LabError, UsageError
from labkit.experiments.benchmark import plan as make_plan
from labkit.experiments.benchmark import planning, profiles
from labkit.guest.workload import ballast_mib, parse_task
from labkit.measure.plan import Plan
from labkit.system import file_systems


@pytest.fixture(autouse=True)
def temporary_files_on_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many a computer has its /tmp in memory, where fio is refused."""
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"backends": ["nope"]}, "no backend 'nope'"),
        ({"backends": []}, "no backend is named"),
        ({"workloads": ["nope"]}, "no workload 'nope'"),
        ({"workloads": ["cpu", "cpu"]}, "named twice"),
        ({"repeats": 0}, "0 repeats"),
        ({"repeats": -1}, "-1 repeats"),
        ({"seconds": 0}, "last 0 s"),
        ({"seconds": -1}, "last -1 s"),
        ({"seconds": float("nan")}, "last nan s"),
        ({"warmups": -1}, "-1 warm-ups"),
        ({"until_precision": 0}, "0 is no precision"),
        ({"until_precision": 2}, "2 is no precision"),
        ({"time_budget": 60}, "a time budget alone"),
        ({"until_precision": 0.1, "time_budget": 0}, "0 s make no time budget"),
        ({"profile": "nope"}, "no profile 'nope'"),
    ],
)
def test_what_makes_no_sense_is_a_clear_error(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        make_plan(**{"backends": ["host"], **wrong})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("cpus", "memory", "says"),
    [
        ((os.cpu_count() or 1) + 1, 256, "more than this computer has"),
        (1, 2**40, "more memory than this computer has"),
        (0, 256, "make no instance"),
        (1, 1, "make no instance"),
    ],
)
def test_limits_that_the_host_has_not_got(cpus: int, memory: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_plan(["host"], cpus=cpus, memory_mib=memory)


def test_a_slow_backend_makes_all_the_trials_that_were_asked_for() -> None:
    """Otherwise as many as its time allows."""
    asked = make_plan(["host", "virtualbox"], repeats=50).trials
    allowed = make_plan(["host", "virtualbox"]).trials
    assert asked["virtualbox"] == asked["host"] == 50
    assert 1 <= allowed["virtualbox"] < allowed["host"]


def test_the_profile_fills_what_is_not_said() -> None:
    plan = make_plan(["host", "docker", "host"], repeats=7, seed=3)
    assert plan.backends == ("host", "docker")
    assert (plan.trials, plan.seed) == ({"host": 7, "docker": 7}, 3)
    assert plan.workloads == profiles.PROFILES["quick"].workloads


def test_a_slow_backend_has_fewer_trials_and_no_warm_up() -> None:
    plan = make_plan(["host", "virtualbox"])
    assert plan.trials["virtualbox"] < plan.trials["host"]
    assert plan.warmups == {"host": 1}
    assert make_plan(["virtualbox"], warmups=2).warmups == {"virtualbox": 2}
    assert make_plan(["host"], warmups=0).warmups == {}


@pytest.mark.parametrize("workload", ["ballast:mib=192", "ballast"])
@pytest.mark.parametrize("name", ["virtualbox", "virtualbox-resumed"])
def test_a_ballast_takes_long_where_each_page_is_interpreted(
    name: str, workload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(refusal: str | None, workload: str) -> Plan:
        monkeypatch.setattr(installation, "driver_refusal", lambda: refusal)
        made: Plan = make_plan([name], [workload], seconds=100, profile="full")
        return made

    assert plan("no driver", "idle").trials == plan(None, workload).trials
    assert plan("no driver", workload).trials[name] < plan(None, workload).trials[name]
    longer = plan("no driver", workload).model_copy(update={"trials": {name: 3}})
    words = planning.describe(longer)
    monkeypatch.setattr(installation, "driver_refusal", lambda: None)
    assert _minutes(planning.describe(longer)) < _minutes(words)


def test_what_a_backend_cannot_do_is_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backend, "problem", lambda self: None)
    names = ["host", "unshare", "qemu-resumed"]
    plan = make_plan(names, workloads=["nginx", "http", "idle"])
    _, told = planning.describe(plan).splitlines()
    assert told.startswith("left empty: unshare, nginx, http: the lab has no way")


def test_that_an_interpreter_takes_longer_with_programs_is_told_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Backend, "problem", lambda self: None)
    monkeypatch.setattr(planning, "interprets", lambda name: name == "virtualbox")
    for workload, lines in (("idle", 1), ("python", 2)):
        plan = make_plan(["host", "virtualbox"], workloads=[workload], memory_mib=256)
        assert len(planning.describe(plan).splitlines()) == lines
    assert "longer than estimated: virtualbox" in planning.describe(plan)


def _minutes(words: str) -> int:
    found = re.search(r"about (\d+) min", words)
    assert found is not None, words
    return int(found[1])


def test_a_size_that_is_no_number_is_not_planned_with() -> None:
    assert [ballast_mib(text) for text in ("ballast:mib=96", "ballast", "cpu")] == [96, 64, 0]
    for size in ("many", "0", "064", "123456"):
        with pytest.raises(UsageError, match="ballast cannot hold"):
            ballast_mib(f"ballast:mib={size}")


@pytest.mark.parametrize(("mib", "fits"), [(255, True), (256, False), (400, False)])
def test_a_ballast_above_the_limit_is_refused_beforehand(mib: int, fits: bool) -> None:
    with nullcontext() if fits else pytest.raises(UsageError, match="does not fit"):
        make_plan(["host"], [f"ballast:mib={mib}"])


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_limit_that_lets_nothing_start_is_refused_beforehand(seconds: float) -> None:
    with pytest.raises(UsageError, match="ready"):
        make_plan(["host"], ready_timeout=seconds)


def test_a_setting_that_a_workload_does_not_have_is_refused_beforehand() -> None:
    with pytest.raises(UsageError, match="no setting mbi"):
        parse_task("ballast:mbi=3")


def test_the_plan_is_told_beforehand() -> None:
    plan = make_plan(["host", "docker"], until_precision=0.1, time_budget=120)
    words = planning.describe(plan)
    assert "host 5, docker 5" in words and "2 warm-up starts" in words
    one = make_plan(["host"], warmups=1)
    assert "1 warm-up start before" in planning.describe(one)
    assert "known to 10%" in words and "at most 2 min" in words


def test_an_error_says_what_why_and_what_to_do() -> None:
    text = str(LabError("it broke", details="a cause", resolution="a command"))
    assert text == "it broke\n  why: a cause\n  what to do: a command"


def test_a_program_that_wants_more_memory_is_refused_beforehand() -> None:
    with pytest.raises(UsageError, match="fio does not run in 256 MiB") as caught:
        make_plan(backends=["host"], workloads=["fio"], memory_mib=256)
    assert "--memory-mib 512" in caught.value.resolution
    assert make_plan(backends=["host"], workloads=["fio", "cpu"]).limits.memory_mib == 512
    assert make_plan(backends=["host"], workloads=["cpu"]).limits.memory_mib == 256


def test_one_that_reports_may_come_several_times_with_other_settings() -> None:
    both = ["fio:rw=read", "fio:rw=write"]
    assert make_plan(backends=["host"], workloads=both, memory_mib=512).workloads == tuple(both)
    with pytest.raises(UsageError, match="named twice"):
        make_plan(backends=["host"], workloads=["fio:rw=read"] * 2, memory_mib=512)


def test_the_homework_has_room_for_its_programs() -> None:
    made = make_plan(backends=["host"], profile="homework")
    assert made.limits.memory_mib == 512 and made.limits.network and made.trials == {"host": 5}


def test_fio_is_refused_for_all_alike_where_disks_would_lie_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = str(file_systems.scratch().resolve())
    mounts = [SimpleNamespace(mountpoint="/", fstype="ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    assert make_plan(backends=["host"], workloads=["fio"], memory_mib=512).workloads == ("fio",)
    mounts.append(SimpleNamespace(mountpoint=folder, fstype="tmpfs"))
    for name in ("host", "qemu"):
        with pytest.raises(BackendError, match="memory, no disk") as caught:
            make_plan(backends=[name], workloads=["fio:rw=read"], memory_mib=512)
        assert "TMPDIR" in caught.value.resolution
    assert make_plan(backends=["docker"], workloads=["fio"], memory_mib=512)  # it has a volume
    told = planning.describe(make_plan(backends=["host"], workloads=["disk"]))
    assert "in memory, not on a disk: host, disk" in told

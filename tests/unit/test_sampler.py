"""Readings of this very process, whose numbers can be checked from inside."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from labkit.backends.instance import Meter
from labkit.measure import sampler
from labkit.measure.sampler import HOST, SERVICES_S, Reading, Sampler, read
from labkit.system import process_usage
from labkit.system.clock import wait_until
from tests.unit.fakes import FakeClock

ITSELF = Meter("itself", "instance", (os.getpid(),), tree=False)


def work(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_scheduler_and_the_process_table_count_the_same_cpu_time() -> None:
    before = sampler.read(ITSELF)
    work(0.5)
    after = sampler.read(ITSELF)
    assert before.schedstat_s is not None and after.schedstat_s is not None
    assert before.cpu_s is not None and after.cpu_s is not None
    scheduled, counted = after.schedstat_s - before.schedstat_s, after.cpu_s - before.cpu_s
    assert scheduled == pytest.approx(counted, abs=0.05)
    assert scheduled >= 0.5


def test_resident_memory_is_never_less_than_its_parts() -> None:
    """The counter in statm lags behind: for a small process it may say less than the half."""
    with subprocess.Popen(["/bin/sh", "-c", "echo; read line"], stdin=-1, stdout=-1) as shell:
        assert shell.stdout and shell.stdout.read(1)
        reading = read(Meter("shell", "instance", (shell.pid,)))
        shell.kill()
    assert reading.rss_bytes and reading.pss_bytes and reading.uss_bytes
    assert reading.rss_bytes >= reading.pss_bytes >= reading.uss_bytes


def test_what_a_process_shares_with_another_one_counts_once() -> None:
    """Its CPU time is its own."""
    reading = read(replace(ITSELF, sharing=ITSELF.pids))
    assert (reading.rss_bytes, reading.pss_bytes, reading.uss_bytes) == (0, 0, 0)
    assert reading.cpu_s


def test_a_process_that_is_named_and_a_child_counts_once() -> None:
    script = "sleep 60 & echo $!; wait"
    with subprocess.Popen(["/bin/sh", "-c", script], stdin=-1, stdout=-1) as shell:
        assert shell.stdout
        child = int(shell.stdout.readline())
        reading = read(Meter("shell", "instance", (shell.pid, child)))
        for pid in (child, shell.pid):
            os.kill(pid, signal.SIGKILL)
    assert reading.processes == 2


def test_the_time_of_a_child_that_ends_between_its_parents_reading_and_its_own_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; echo $$; read line"
    script = f"sh -c '{count}'; echo ended; read line"
    with subprocess.Popen(["/bin/sh", "-c", script], stdin=-1, stdout=-1, bufsize=0) as shell:
        assert shell.stdin and shell.stdout
        child = int(shell.stdout.readline())
        untouched = process_usage.read
        before = read(Meter("shell", "instance", (shell.pid,)))

        def ended_meanwhile(pid: int, *what: bool) -> object:
            if pid == child and shell.stdin and shell.stdout and psutil.pid_exists(child):
                shell.stdin.write(b"\n")
                assert shell.stdout.readline() == b"ended\n"
            return untouched(pid, *what)

        monkeypatch.setattr(process_usage, "read", ended_meanwhile)
        after = read(Meter("shell", "instance", (shell.pid,)))
        shell.kill()
    assert (before.processes, after.processes) == (2, 1)
    assert before.cpu_s and after.cpu_s and after.cpu_s >= before.cpu_s >= 0.05


def test_a_thread_that_ended_takes_its_scheduled_time_with_it() -> None:
    thread = threading.Thread(target=work, args=(0.5,))
    before = sampler.read(ITSELF)
    thread.start()
    thread.join()  # which returns a moment before the kernel has done with it
    task = Path(f"/proc/self/task/{thread.native_id}")
    assert wait_until(lambda: not task.exists(), timeout=5)
    after = sampler.read(ITSELF)
    counted = (after.cpu_s or 0) - (before.cpu_s or 0)
    scheduled = (after.schedstat_s or 0) - (before.schedstat_s or 0)
    assert counted - scheduled >= 0.3, "what the other threads took stands in both"


def test_the_whole_computer_has_memory_left_and_nothing_else() -> None:
    reading = sampler.read(HOST)
    available = psutil.virtual_memory().available
    assert reading.host_available_bytes == pytest.approx(available, rel=0.5)
    assert reading == Reading(host_available_bytes=reading.host_available_bytes)


def test_a_meter_without_processes_reads_nothing() -> None:
    assert sampler.read(Meter("gone", "instance", (2**22 + 1,))) == Reading(processes=0)


def test_a_reading_of_somebody_else_stands_where_its_time_is() -> None:
    clock = FakeClock()
    watch = Sampler(clock, read=lambda meter, **_: Reading())
    watch.add([ITSELF])
    watch.take("ready")
    clock.sleep(2)
    watch.take("stop_requested")
    guest = Meter("guest", "instance")
    watch.note(1.0, "begin idle", guest, Reading(guest_used_bytes=5))
    assert [reading.moment for reading in watch.readings] == [
        "ready",
        "begin idle",
        "stop_requested",
    ]


@pytest.mark.parametrize("pids", [(), (os.getpid(),)])
def test_what_ended_programs_have_spent_is_a_part_of_it(pids: tuple[int, ...]) -> None:
    """Such as runc, which is gone when the container runs."""
    meter = Meter("with runc", "instance", pids, tree=False, spent_s=1000.0)
    found = sampler.read(meter).cpu_s
    assert found is not None and 1000.0 <= found < 5000.0


def test_the_memory_of_services_is_read_seldom_and_at_named_moments() -> None:
    services, clock = replace(ITSELF, role="services"), FakeClock()
    watch = Sampler(clock)
    watch.add([services, ITSELF])
    for moment in (None, None, "ready"):
        watch.take(moment)
        clock.sleep(0.25)
    clock.sleep(SERVICES_S)
    watch.take()
    read = {
        role: [one.reading for one in watch.readings if one.meter.role == role]
        for role in ("services", ITSELF.role)
    }
    assert [one.pss_bytes is not None for one in read["services"]] == [True, False, True, True]
    assert all(one.cpu_s is not None and one.schedstat_s is None for one in read["services"])
    assert [one.pss_bytes is not None for one in read[ITSELF.role]] == [True, False, True, True]
    assert [one.schedstat_s is not None for one in read[ITSELF.role]] == [False, False, True, False]


def test_between_named_moments_a_control_group_stands_for_its_processes(tmp_path: Path) -> None:
    for name, text in (("memory.current", "7"), ("memory.peak", "9"), ("cpu.stat", "usage_usec 5")):
        (tmp_path / name).write_text(f"{text}\n")
    grouped = replace(ITSELF, cgroup=tmp_path, cpu_cgroup=tmp_path)
    periodic = Reading(cgroup_bytes=7, cgroup_cpu_s=5e-6)
    assert read(grouped, memory=False, named=False) == periodic
    whole = read(grouped)
    assert whole.cgroup_peak_bytes == 9 and whole.pss_bytes and whole.cpu_s is not None
    (tmp_path / "cpu.stat").unlink()
    assert read(grouped, memory=False, named=False).cpu_s is not None


def test_who_is_asked_for_what_cannot_be_read_is_asked_seldom_and_at_named_moments() -> None:
    asked: list[float] = []
    clock = FakeClock()

    def told() -> dict[str, int]:
        asked.append(clock.now())
        return {"daemon_bytes": 7}

    watch = Sampler(clock)
    watch.add([Meter("domain", "instance", why="it is far away", told=told)])
    watch.take("ready")
    for _ in range(8):
        clock.sleep(SERVICES_S / 4)
        watch.take()
    watch.take("stopping")
    assert len(asked) == 4
    assert {one.reading.daemon_bytes for one in watch.readings} == {7}

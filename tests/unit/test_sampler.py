"""Readings of this very process, whose numbers can be checked from inside."""

from __future__ import annotations

import os
import threading
import time

import psutil
import pytest

from labkit import sampler
from labkit.backends.base import Meter
from labkit.sampler import HOST, Reading, Sampler
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


def test_a_thread_that_ended_takes_its_scheduled_time_with_it() -> None:
    thread = threading.Thread(target=work, args=(0.2,))
    before = sampler.read(ITSELF)
    thread.start()
    thread.join()
    after = sampler.read(ITSELF)
    assert (after.cpu_s or 0) - (before.cpu_s or 0) >= 0.15
    assert (after.schedstat_s or 0) - (before.schedstat_s or 0) < 0.15


def test_the_whole_computer_has_memory_left_and_nothing_else() -> None:
    reading = sampler.read(HOST)
    available = psutil.virtual_memory().available
    assert reading.host_available_bytes == pytest.approx(available, rel=0.5)
    assert reading == Reading(host_available_bytes=reading.host_available_bytes)


def test_a_meter_without_processes_reads_nothing() -> None:
    assert sampler.read(Meter("gone", "instance", (2**22 + 1,))) == Reading(processes=0)


def test_a_reading_of_somebody_else_stands_where_its_time_is() -> None:
    clock = FakeClock()
    watch = Sampler(clock, read=lambda meter: Reading())
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

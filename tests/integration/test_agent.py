"""The agent as a bare process: how it calibrates, and what a ballast leaves behind."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock, wait_until

# Like a program under an interpreter: to start it takes 0.15 s, an operation 2 ms.
SLOW_START = """\
# title: slow to start
# unit: thing
# ops-per-unit: 1
step() { "$BUSYBOX" sleep "0.15"; "$BUSYBOX" usleep "$(($1 * 2000))"; }
"""


@contextmanager
def started(backend: Backend, image: LabImage, memory_mib: int = 256) -> Iterator[Instance]:
    limits = Limits(memory_mib=memory_mib)
    with backend.launch(image, limits, Timeline(HostClock())) as instance:
        instance.wait_ready()
        yield instance
        instance.stop()


def children(instance: Instance) -> list[psutil.Process]:
    (meter,) = instance.meters()
    return psutil.Process(meter.pids[0]).children(recursive=True)


def test_what_holds_for_a_twentieth_of_a_second_does_not_hold_for_half_of_one(
    host_backend: Backend, lab_image: LabImage
) -> None:
    with started(host_backend, lab_image) as instance:
        answers = [instance.run(Request("idle", 0.05)) for _ in range(5)]
    held = [answer.end - answer.begin for answer in answers]
    assert 0.04 < min(held) < 0.4, "the shortest: a busy computer may be late"


def test_a_step_grows_beyond_the_start_of_its_program(
    host_backend: Backend, lab_image: LabImage, tmp_path: Path
) -> None:
    """By its first step alone, it would seem to do 6 operations a second; it does 500."""
    shutil.copytree(lab_image.rootfs, tmp_path / "rootfs")
    (tmp_path / "rootfs/lab/workloads/slow.sh").write_text(SLOW_START)
    with started(host_backend, replace(lab_image, rootfs=tmp_path / "rootfs")) as instance:
        began = time.monotonic()
        answer = instance.run(Request("slow", 1.0))
    assert answer.operations is not None
    assert answer.operations / (answer.end - answer.begin) > 150
    assert answer.begin - began < 3.5, "calibration takes three times the duration at most"
    assert answer.end - answer.begin < 3.5


def test_what_does_not_end_in_its_time_is_an_error(
    host_backend: Backend, lab_image: LabImage, tmp_path: Path
) -> None:
    shutil.copytree(lab_image.rootfs, tmp_path / "rootfs")
    (tmp_path / "rootfs/lab/workloads/late.sh").write_text('hold() { "$BUSYBOX" sleep 100; }')
    image = replace(lab_image, rootfs=tmp_path / "rootfs")
    with host_backend.launch(image, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready()
        instance.goodbye_s = 0.5
        with pytest.raises(GuestTimeout, match="finish the workload late"):
            instance.run(Request("late", 0.2, due_s=0.2))


@pytest.mark.parametrize(
    "does",
    [
        'step() { run_program nope | "$BUSYBOX" cat; }',
        'hold() { run_program nope | "$BUSYBOX" cat; }',
        'report() { run_program nope | "$BUSYBOX" cat; echo pages count 3; }',
        'prepare() { (exec_program nope) | "$BUSYBOX" cat; }\nhold() { :; }',
    ],
)
def test_what_the_image_lacks_is_a_failed_workload_also_in_a_pipe(
    host_backend: Backend, lab_image: LabImage, tmp_path: Path, does: str
) -> None:
    shutil.copytree(lab_image.rootfs, tmp_path / "rootfs")
    (tmp_path / "rootfs/lab/workloads/piped.sh").write_text(does)
    with started(host_backend, replace(lab_image, rootfs=tmp_path / "rootfs")) as instance:
        with pytest.raises(BackendError) as caught:
            instance.run(Request("piped", 0.2))
        assert "none of Debian's programs" in caught.value.details
        assert instance.run(Request("fork", 0.2)).operations, "what failed is of the past"


def test_a_ballast_is_held_over_both_edges_and_then_gone(
    host_backend: Backend, lab_image: LabImage
) -> None:
    sizes: list[int] = []

    def look() -> None:
        sizes.append(max(child.memory_info().rss for child in children(instance)))

    with started(host_backend, lab_image) as instance:
        instance.run(Request("ballast", 0.5, (("mib", "64"),)), look)
        look()
        assert all(size >= 63 * 2**20 for size in sizes), sizes
        assert wait_until(lambda: children(instance) == [], timeout=10)


@pytest.mark.parametrize(
    ("mib", "why"),
    [("400", "400 MiB cannot be had"), ("many", "no number of MiB"), ("0", "no number of MiB")],
)
def test_a_ballast_that_cannot_be_had_is_told_and_nothing_is_left(
    host_backend: Backend, lab_image: LabImage, mib: str, why: str
) -> None:
    with started(host_backend, lab_image) as instance:
        with pytest.raises(BackendError) as caught:
            instance.run(Request("ballast", 0.5, (("mib", mib),)))
        assert why in caught.value.details
        assert children(instance) == []
        assert instance.run(Request("fork", 0.2)).operations

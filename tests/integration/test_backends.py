"""What every backend must do, on the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from labkit import orphans, sampler
from labkit.backends import Backend, Instance
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.process import HostClock
from labkit.protocol import Request
from labkit.records import MILESTONES, Limits
from labkit.timeline import Timeline
from labkit.workloads import all_workloads

MIB = 1024 * 1024


@pytest.fixture(
    params=[
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ]
)
def backend(request: pytest.FixtureRequest) -> Backend:
    found = request.getfixturevalue(f"{request.param}_backend")
    assert isinstance(found, Backend)
    return found


@contextmanager
def started(
    backend: Backend, image: LabImage, limits: Limits | None = None
) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(image, limits or Limits(), timeline) as instance:
        instance.wait_ready()
        yield instance, timeline


def left_behind(backend: Backend) -> list[str]:
    """What of ours still runs or lies about; looks, and removes it too."""
    return orphans.sweep([backend], mine=True)


def test_a_life_from_requested_to_stopped(backend: Backend, lab_image: LabImage) -> None:
    with started(backend, lab_image) as (instance, timeline):
        instance.run(Request("cpu", 0.3))
        instance.stop()
    reached = timeline.since_requested()
    never = {"first_response"} if backend.family == "hypervisor" else {"first_response", "kernel"}
    expected = [m for m in MILESTONES if m not in never]
    assert list(reached) == expected
    assert sorted(reached.values()) == list(reached.values())
    assert left_behind(backend) == []


def test_every_workload_runs_for_about_the_time_it_was_given(
    backend: Backend, lab_image: LabImage
) -> None:
    with started(backend, lab_image) as (instance, _):
        for name, workload in all_workloads().items():
            if workload.network:
                continue  # its instance needs a network: see test_web.py
            answer = instance.run(Request(name, 0.5))
            assert answer.end - answer.begin > 0.4, name
            assert (answer.operations is not None) == workload.counts, name
            if workload.counts:
                assert answer.operations and answer.operations > 0, name
        instance.stop()


def test_what_the_agent_cannot_do_is_told_and_it_goes_on(
    backend: Backend, lab_image: LabImage
) -> None:
    with started(backend, lab_image) as (instance, _):
        with pytest.raises(BackendError) as caught:
            instance.run(Request("nope", 0.3))
        assert "no such workload" in caught.value.details
        instance._session._stream.send(b"\x00\xff torn \n\nRUN\nRUN 1\n")
        with pytest.raises(BackendError):
            instance.run(Request("ballast", 0.3, (("mib", "many"),)))
        assert instance.run(Request("fork", 0.3)).operations
        instance.stop()


@pytest.mark.parametrize("mib", [64, 128])
def test_a_ballast_shows_in_the_meters(backend: Backend, lab_image: LabImage, mib: int) -> None:
    """N MiB held inside appear outside. A guest's memory that was used before does not appear a
    second time, so a guest gets less than what it had already touched."""
    with started(backend, lab_image, Limits(memory_mib=384)) as (instance, _):
        meters = [meter for meter in instance.meters() if meter.role == "instance"]
        before = sum(sampler.read(meter).pss_bytes or 0 for meter in meters)
        held: list[int] = []
        watch = sampler.Sampler(HostClock())
        watch.add(meters)
        with watch:
            instance.run(Request("ballast", 1.5, (("mib", str(mib)),)))
        held = [r.reading.pss_bytes or 0 for r in watch.readings]
        instance.stop()
    grown = (max(held) - before) / MIB
    least = mib * 0.95 if backend.family != "hypervisor" else 1
    assert least <= grown <= mib + 16


def test_the_memory_limit_holds(backend: Backend, lab_image: LabImage) -> None:
    too_much = Request("ballast", 1, (("mib", "200"),))
    with (
        started(backend, lab_image, Limits(memory_mib=128)) as (instance, _),
        pytest.raises(BackendError),
    ):
        instance.run(too_much)
    assert left_behind(backend) == []


def test_an_instance_keeps_to_its_cpus(backend: Backend, lab_image: LabImage) -> None:
    """One CPU: a second of work costs its processes no more than a second of CPU time (and for a
    virtual machine, what the machine's own threads add)."""
    with started(backend, lab_image) as (instance, _):
        (meter,) = [meter for meter in instance.meters() if meter.role == "instance"]
        readings = []
        answer = instance.run(
            Request("cpu", 1.0), on_begin=lambda: readings.append(sampler.read(meter))
        )
        readings.append(sampler.read(meter))
        instance.stop()
    spent = (readings[1].cpu_s or 0) - (readings[0].cpu_s or 0)
    assert 0.5 < spent / (answer.end - answer.begin) < 1.25


def test_nothing_is_left_when_the_caller_breaks_off(backend: Backend, lab_image: LabImage) -> None:
    with pytest.raises(KeyboardInterrupt), started(backend, lab_image):
        raise KeyboardInterrupt
    assert left_behind(backend) == []


def test_two_instances_at_once_do_not_meet(backend: Backend, lab_image: LabImage) -> None:
    with started(backend, lab_image) as (first, _), started(backend, lab_image) as (second, _):
        assert first.run(Request("fork", 0.3)).operations
        assert second.run(Request("fork", 0.3)).operations
        first.stop()
        assert second.run(Request("fork", 0.3)).operations
        second.stop()
    assert left_behind(backend) == []

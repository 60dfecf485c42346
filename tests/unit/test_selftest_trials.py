"""Null trials and the same backend twice, on fake backends and a fake clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import cast

import pytest

from labkit.backends import Backend, Instance, Meter
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.records import MILESTONES, Limits, Plan
from labkit.selftest import perform
from labkit.selftest.floor import FloorBackend, Stream, program
from labkit.selftest.null import (
    FLOORS,
    UNMETERED,
    floor_figures,
    null_backends,
    null_figures,
    null_plan,
)
from labkit.selftest.same import QUANTITIES, paired_ratios, same_figures, same_plan, twice
from labkit.selftest.sampling import sampler_cost
from labkit.selftest.trials import Observed, observe
from labkit.timeline import Timeline
from tests.unit.fakes import FakeBackend, FakeClock

NO_IMAGE = cast(LabImage, None)


class SlowMeters(FakeBackend):
    """It takes 0.1 s to find out what its meters are."""

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        def meters() -> tuple[Meter, ...]:
            self._clock.sleep(0.1)
            return ()

        with super().launch(image, limits, timeline) as instance:
            instance.meters = meters  # type: ignore[method-assign]
            yield instance


def quarter_seconds() -> Iterator[float]:
    return (0.25 * n for n in count())


def planned() -> Plan:
    return Plan(backends=("fake", "fake" + UNMETERED), workloads=(), trials={"fake": 1}, seconds=1)


def without_floors(backends: dict[str, Backend]) -> dict[str, Backend]:
    return {name: b for name, b in backends.items() if not name.startswith("floor")}


def null_trials(repeats: int = 4) -> list[Observed]:
    clock, cpu = FakeClock(), quarter_seconds()
    backend = SlowMeters(clock=clock)
    backend.about_s = 0.1
    backends = without_floors(null_backends({"fake": backend}))
    plan = null_plan(backends, repeats, seed=1)
    return observe(plan, backends, NO_IMAGE, clock=clock, cpu_clock=lambda: next(cpu))


def test_each_is_measured_with_and_without_meters_in_each_block() -> None:
    trials = [trial.records.trial for trial in null_trials()]
    blocks = [{t.backend for t in trials if t.block == block} for block in range(1, 5)]
    assert blocks == [{"fake", "fake" + UNMETERED}] * 4
    order = [t.backend for t in trials]
    assert order != sorted(order) and order != sorted(order, reverse=True)


def test_what_the_sampler_adds_and_what_the_lab_spends() -> None:
    (figures,) = null_figures(null_trials(), planned())
    assert figures.startup_s.median == pytest.approx(0.6)
    assert figures.sampler_adds_s.median == pytest.approx(0.1)
    assert figures.sampler_adds_s.n == 4
    assert figures.lab_cpu_s.median == 0.25
    # 0.1 s for the meters, 0.5 s to boot, 1 s for the goodbye
    assert figures.lab_cpu_share.median == pytest.approx(0.25 / 1.6)


def test_a_slow_backend_is_in_fewer_blocks() -> None:
    clock = FakeClock()
    quick, slow = FakeBackend("quick", clock=clock), FakeBackend("slow", clock=clock)
    quick.about_s, slow.about_s = 0.1, 60.0
    plan = null_plan(null_backends({"quick": quick, "slow": slow}), 16, seed=1)
    assert plan.trials["quick"] == plan.trials["quick" + UNMETERED] == 16
    assert plan.trials["slow"] == plan.trials["slow" + UNMETERED] == 5
    assert set(plan.warmups) == {"quick", "slow", "floor-pipe", "floor-socket"}
    assert null_plan({"slow": slow}, 3, seed=1).trials == {"slow": 3}


def test_a_trial_that_fails_ends_the_selftest_with_the_reason() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock, fails_at=3)
    plan = same_plan({"fake": backend}, 5, seed=1)
    with pytest.raises(BackendError) as caught:
        observe(plan, {"fake": backend}, NO_IMAGE, clock=clock)
    assert "it broke" in caught.value.details and "labkit doctor" in caught.value.resolution
    assert backend.launched == backend.cleaned == 3


def same_trials(boots: dict[str, float], repeats: int = 3) -> list[Observed]:
    clock = FakeClock()
    backends = {n: FakeBackend(n, clock=clock, boot=boot) for n, boot in boots.items()}
    return observe(same_plan(backends, repeats, 1), backends, NO_IMAGE, clock=clock)


def test_ratios_are_paired_by_block() -> None:
    trials = same_trials({"fake": 0.5, "fake-again": 1.0})
    assert paired_ratios(trials, "fake", QUANTITIES["startup"]) == [2.0] * 3
    assert paired_ratios(trials, "fake", QUANTITIES["cpu"]) == pytest.approx([1.0] * 3)


def test_a_thing_that_is_itself() -> None:
    ticks: list[str] = []
    trials = same_trials({"fake": 0.5, "fake-again": 0.5})
    startup, cpu = same_figures(trials, ["fake"], 1, ticks.append)
    assert (startup.quantity, cpu.quantity) == ("startup", "cpu")
    for figure in (startup, cpu):
        assert figure.ratio.n == 3 and figure.ratio.median == pytest.approx(1.0)
        assert figure.found.alarms == 100
    assert len(ticks) == 2


def test_the_second_one_is_another_object_with_another_name() -> None:
    clock = FakeClock()
    first = FakeBackend("fake", clock=clock)
    both = twice({"fake": first}, lambda name: FakeBackend(name, clock=clock))
    assert list(both) == ["fake", "fake-again"]
    assert both["fake-again"].name == "fake-again" and both["fake"].name == "fake"


def test_the_samplers_share_of_a_cpu() -> None:
    clock, cpu = FakeClock(), quarter_seconds()
    cost = sampler_cost(
        FakeBackend(clock=clock), NO_IMAGE, pairs=4, clock=clock, cpu_clock=lambda: next(cpu)
    )
    assert (cost.backend, cost.cpu_share.n) == ("fake", 4)
    assert cost.throughput_ratio.median == pytest.approx(1.0)
    # a quarter second of CPU in the two seconds that begin and end line take
    assert cost.cpu_share.median == pytest.approx(0.125)


@pytest.mark.parametrize("stream", ["pipe", "socket"])
def test_the_smallest_process_announces_itself_and_leaves(stream: Stream) -> None:
    assert len(program()) < 256
    backend = FloorBackend(stream)
    plan = null_plan({backend.name: backend}, 2, seed=1)
    trials = observe(plan, {backend.name: backend}, NO_IMAGE)
    for trial in trials:
        names = [milestone.milestone for milestone in trial.records.milestones]
        left_out = ("kernel", "first_response", "first_result")
        assert names == [m for m in MILESTONES if m not in left_out]
    figures = {floor.stream: floor.spawn_to_line_s for floor in floor_figures(trials)}
    assert len(FLOORS) == 2 and set(figures) == {stream}
    median = figures[stream].median
    assert figures[stream].n == 2 and median is not None and 0 < median < 5


def test_where_nothing_can_run_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "available", lambda: ())
    with pytest.raises(BackendError, match="none of host, docker, qemu can run here"):
        perform.selftest(progress=False)

"""Overhead trials and the A/A test, on fake backends and a fake clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest

from labkit.backends.base import Backend
from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments.selftest import plan as planning
from labkit.experiments.selftest.floor import FloorBackend, Stream
from labkit.experiments.selftest.plan import (
    UNMETERED,
    SelftestOptions,
    a_a_plan,
    make_plan,
    overhead_plan,
    with_floors,
)
from labkit.experiments.selftest.records import Part, SamplingPair, SelftestTrial
from labkit.experiments.selftest.sampling import sampled_and_not
from labkit.experiments.selftest.stats.a_a import QUANTITIES, a_a_tests, paired_ratios
from labkit.experiments.selftest.stats.overhead import floors, overheads, sampler_costs
from labkit.experiments.selftest.trials import Observed, observe
from labkit.image import LabImage
from labkit.measure.plan import Plan
from labkit.measure.session import Session
from labkit.recordings import tables
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import Clock, HostClock
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock


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


def session(backends: Mapping[str, Backend], clock: Clock) -> Session:
    return Session(NO_IMAGE, NO_IMAGE, backends, clock=clock)


def observed(
    plan: Plan,
    backends: Mapping[str, Backend],
    clock: Clock | None = None,
    image: LabImage = NO_IMAGE,
) -> list[Observed]:
    cpu = quarter_seconds()
    given = Session(image, image, backends, clock=clock or HostClock())
    return list(observe(plan, backends, given, cpu_clock=lambda: next(cpu)))


def rows(trials: list[Observed], part: Part) -> pd.DataFrame:
    return tables.frame([trial.row(part) for trial in trials], SelftestTrial)


def overhead_trials(repeats: int = 4) -> list[Observed]:
    clock = FakeClock()
    backend = SlowMeters(clock=clock)
    backend.about_s = 0.1
    backends = {"fake": backend}
    return observed(overhead_plan(backends, repeats, seed=1), backends, clock)


def test_each_is_measured_with_and_without_meters_in_each_block() -> None:
    trials = [trial.records.trial for trial in overhead_trials()]
    blocks = [{t.backend for t in trials if t.block == block} for block in range(1, 5)]
    assert blocks == [{"fake", "fake" + UNMETERED}] * 4
    order = [t.backend for t in trials]
    assert order != sorted(order) and order != sorted(order, reverse=True)


def test_what_the_sampler_adds_and_what_the_lab_spends() -> None:
    (figures,) = overheads(rows(overhead_trials(), "overhead"), ["fake"])
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
    plan = overhead_plan(with_floors({"quick": quick, "slow": slow}), 16, seed=1)
    assert plan.trials["quick"] == plan.trials["quick" + UNMETERED] == 16
    assert plan.trials["slow"] == plan.trials["slow" + UNMETERED] == 5
    assert set(plan.warmups) == {"quick", "slow", "floor-pipe", "floor-socket"}
    assert overhead_plan({"slow": slow}, 3, seed=1).trials["slow"] == 3


def test_a_trial_that_fails_ends_the_selftest_with_the_reason() -> None:
    clock = FakeClock()
    backend = FakeBackend(clock=clock, fails_at=3)
    plan = a_a_plan(["fake"], 5, seed=1)
    with pytest.raises(BackendError) as caught:
        observed(plan, {"fake": backend}, clock)
    assert "it broke" in caught.value.details and "labkit doctor" in caught.value.resolution
    assert backend.launched == backend.cleaned == 3


def test_what_is_done_is_not_done_again() -> None:
    clock = FakeClock()
    backends = {"fake": FakeBackend(clock=clock)}
    plan = a_a_plan(["fake"], 3, seed=1)
    whole = observed(plan, backends, clock)
    done = {trial.records.trial.trial for trial in whole[:4]}
    rest = list(observe(plan, backends, session(backends, clock), done=done))
    assert [one.records.trial.trial for one in rest] == [
        one.records.trial.trial for one in whole[4:]
    ]
    assert [one.records.trial.backend for one in rest] == [
        one.records.trial.backend for one in whole[4:]
    ]


def a_a_rows(second: float = 1.0, repeats: int = 3) -> pd.DataFrame:
    """Trials of a backend that takes so many times as long under its second name."""
    clock = FakeClock()
    backends = {"fake": FakeBackend(clock=clock)}
    trials = rows(observed(a_a_plan(["fake"], repeats, seed=1), backends, clock), "a_a")
    factor = trials["second"].map({True: second, False: 1.0}).astype(float)
    return trials.assign(startup_s=trials["startup_s"] * factor)


def test_ratios_are_paired_by_block() -> None:
    trials = a_a_rows(second=2.0)
    assert paired_ratios(trials, "fake", QUANTITIES["startup"]) == [2.0] * 3
    assert paired_ratios(trials, "fake", QUANTITIES["cpu"]) == pytest.approx([1.0] * 3)
    lost = trials[~(trials["second"].astype(bool) & (trials["block"] == 2))]
    assert paired_ratios(lost, "fake", QUANTITIES["startup"]) == [2.0] * 2


def test_a_thing_that_is_itself() -> None:
    startup, cpu = a_a_tests(a_a_rows(), ["fake"], 1)
    assert (startup.quantity, cpu.quantity) == ("startup", "cpu")
    for figure in (startup, cpu):
        assert figure.ratio.n == 3 and figure.ratio.median == pytest.approx(1.0)
        assert figure.found.alarms == 100


def test_the_second_name_is_one_of_the_plan_and_of_no_backend() -> None:
    backend = FakeBackend(clock=FakeClock())
    trials = rows(observed(a_a_plan(["fake"], 2, 1), {"fake": backend}), "a_a")
    assert backend.name == "fake" and set(trials["backend"]) == {"fake"}
    assert sorted(trials["second"]) == [False, False, True, True]


def test_the_samplers_share_of_a_cpu() -> None:
    clock, cpu = FakeClock(), quarter_seconds()
    backend = FakeBackend(clock=clock)
    given = session({"fake": backend}, clock)
    pairs = list(sampled_and_not("fake", backend, given, pairs=4, cpu_clock=lambda: next(cpu)))
    assert [pair.sampled_first for pair in pairs] == [False, True, False, True]
    (cost,) = sampler_costs(tables.frame(pairs, SamplingPair))
    assert (cost.backend, cost.cpu_share.n) == ("fake", 4)
    assert cost.throughput_ratio.median == pytest.approx(1.0)
    # a quarter second of CPU in the two seconds that begin and end line take
    assert cost.cpu_share.median == pytest.approx(0.125)


@pytest.mark.parametrize("stream", ["pipe", "socket"])
def test_the_floor_announces_itself_and_leaves(stream: Stream, tmp_path: Path) -> None:
    busybox = tmp_path / "bin/busybox"  # called as `busybox sh -c …`: this computer's sh does it
    busybox.parent.mkdir()
    busybox.write_text('#!/bin/sh\nexec "$@"\n')
    busybox.chmod(0o755)
    image = cast(LabImage, SimpleNamespace(rootfs=tmp_path))
    backend = FloorBackend(stream)
    plan = overhead_plan({backend.name: backend}, 2, seed=1)
    trials = observed(plan, {backend.name: backend}, image=image)
    for trial in trials:
        names = [milestone.milestone for milestone in trial.records.milestones]
        left_out = ("kernel", "first_response", "first_result", *OF_PODS)
        assert names == [m for m in MILESTONES if m not in left_out]
    (floor,) = floors(rows(trials, "overhead"))
    median = floor.spawn_to_line_s.median
    assert floor.stream == stream and floor.spawn_to_line_s.n == 2
    assert median is not None and 0 < median < 5


def test_where_nothing_can_run_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "ONCE", ())
    with pytest.raises(BackendError):
        make_plan(SelftestOptions())

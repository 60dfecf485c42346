"""The noisy-neighbour experiment on a fake backend: order, what stays empty, and that nothing is
left running."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from labkit import stats
from labkit.errors import UsageError
from labkit.neighbours import CONDITIONS, KINDS, frame, make_plan, plan, victim
from labkit.neighbours.placement import Cpus
from labkit.records import SEVERAL
from tests.unit.neighbours.made_up import ONE, TWO, Scene, measured


def test_each_block_has_each_condition_of_each_kind_once() -> None:
    scene = Scene()
    trials = measured(scene)
    assert [trial.trial for trial in trials] == list(range(1, 19))
    assert {(t.block, t.kind, t.condition) for t in trials} == {
        (block, kind, condition)
        for block in (1, 2)
        for kind in KINDS
        for condition in ("alone", "unlimited", "limited")
    }
    assert {trial.status for trial in trials} == {"ok"}
    assert scene.launched == scene.cleaned == 2 * 3 * 3


def test_the_order_is_random_and_the_seeds() -> None:
    first = [(t.kind, t.condition) for t in measured(Scene())]
    assert first == [(t.kind, t.condition) for t in measured(Scene())]
    assert first != [(t.kind, t.condition) for t in measured(Scene(), seed=2)]


def test_the_neighbour_has_done_something_and_a_limit_has_held() -> None:
    for trial in measured(Scene()):
        if trial.condition == "alone":
            assert trial.neighbour_mib is None and trial.neighbour_cpu is None
        elif (trial.kind, trial.condition) == ("memory", "limited"):
            assert trial.neighbour_mib == 0 and trial.neighbour_refused
        else:
            assert trial.neighbour_mib and trial.neighbour_refused == 0


def test_only_what_is_to_be_limited_is() -> None:
    cells = [(kind, condition) for kind in KINDS for condition in CONDITIONS[1:]]
    limits = {cell: plan.limits_of(*cell) for cell in cells}
    assert limits["memory", "unlimited"].memory_mib > 512 > limits["memory", "limited"].memory_mib
    rates = {cell: found.disk_write_mib_per_s for cell, found in limits.items()}
    assert rates.pop(("disk", "limited")) == 8
    assert set(rates.values()) == {None}
    cpus = {cell: plan.cpu_of(*cell, Cpus(3, 7)) for cell in cells}
    assert cpus.pop(("cpu", "unlimited")) == 3
    assert set(cpus.values()) == {7}


@pytest.mark.parametrize(
    ("change", "cpus", "empty", "reason"),
    [
        ({}, ONE, {("cpu", "limited")}, "a single CPU"),
        ({"limits_disk": False}, TWO, {("disk", "limited")}, "no way to limit"),
        ({"cannot": {"disk": "no disk"}}, TWO, {("disk", c) for c in CONDITIONS}, "no disk"),
        ({"publishes": False}, TWO, {(k, c) for k in KINDS for c in CONDITIONS}, "port"),
        (
            {"cannot": {SEVERAL: "one at a time"}},
            TWO,
            {(k, c) for k in KINDS for c in CONDITIONS},
            "one at a time",
        ),
        ({"start": "resumed"}, TWO, {(k, c) for k in KINDS for c in CONDITIONS}, "saved"),
    ],
)
def test_what_cannot_be_measured_is_empty_and_says_why(
    change: dict[str, Any],
    cpus: Cpus,
    empty: set[tuple[str, str]],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in change.items():
        monkeypatch.setattr(Scene, name, value)
    trials = measured(Scene(), cpus, blocks=1)
    left = [trial for trial in trials if trial.status == "left out"]
    assert {(trial.kind, trial.condition) for trial in left} == empty
    assert all(reason in str(trial.error) and trial.requests is None for trial in left)
    assert len(trials) == 9 and {t.block for t in left} == {0}
    shown = stats.neighbours(frame(trials))
    shown = shown[shown["quantity"] == "throughput"]  # five requests have no p95
    assert shown.loc[shown["n"] == 0, "reason"].str.contains(reason).all()


def test_a_neighbour_that_breaks_spoils_its_condition_only() -> None:
    scene = Scene()
    scene.neighbour_fails = True
    trials = measured(scene, kinds=("cpu",))
    failed = [trial for trial in trials if trial.status == "failed"]
    assert {trial.condition for trial in failed} == {"unlimited", "limited"}
    assert all("it broke" in str(trial.error) and trial.p50_s is None for trial in failed)
    assert scene.launched == scene.cleaned == 6


def test_a_neighbour_that_did_nothing_is_none() -> None:
    scene = Scene()
    scene.idle = True
    failed = [t for t in measured(scene, kinds=("cpu",), blocks=1) if t.status == "failed"]
    assert [trial.condition for trial in failed] == ["unlimited"]
    assert "could not work" in str(failed[0].error)


def test_a_victim_that_does_not_start_takes_no_further_part() -> None:
    scene = Scene(fails_at=1)
    trials = measured(scene, kinds=("cpu",))
    assert [trial.status for trial in trials] == ["failed"] * 3
    assert scene.launched == scene.cleaned == 1


def test_an_interrupt_ends_both_and_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    def answers(port: int, path: str, timeout: float) -> bool:
        if scene.launched == 2:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(victim, "answers", answers)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        measured(scene, kinds=("cpu",))
    assert scene.launched == scene.cleaned == 2
    assert threading.active_count() == before


def test_a_slow_backend_is_in_one_block_with_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "about_s", 45.0)
    chosen = plan.Neighbours(("virtualbox",), KINDS, 10, 40, 1)
    assert {group.block for group in plan.schedule(chosen)} == {1}
    assert plan.requests_of(Scene(), chosen) == 5
    assert "virtualbox 1" in plan.describe(chosen)


@pytest.mark.parametrize(
    "choices",
    [{"blocks": 0}, {"requests": 1}, {"kinds": ["noise"]}, {"backends": ["chess"]}],
)
def test_what_makes_no_sense(choices: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        make_plan(**{"backends": ["host"], **choices})

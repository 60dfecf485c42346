"""The noisy-neighbour experiment on a fake backend: order, what stays empty, and that nothing is
left running."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from labkit.errors import UsageError
from labkit.experiments import neighbours
from labkit.experiments.neighbours import planning, stats, victim
from labkit.experiments.neighbours.measure import measure
from labkit.experiments.neighbours.placement import Cpus
from labkit.experiments.neighbours.records import CONDITIONS, KINDS, Condition, Kind
from labkit.recordings.words import SEVERAL
from labkit.system import file_systems
from labkit.system.interruptions import Interruptions, Watch
from tests.unit.experiments.neighbours.made_up import (
    ONE,
    TWO,
    Scene,
    frame,
    measured,
    plan_of,
    session_of,
)


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


def test_a_condition_in_which_the_lab_stood_still_is_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stood_still = iter([Interruptions(0, 0, 0), Interruptions(2.5, 0, 0)])
    nothing = Interruptions(0, 0, 0)
    monkeypatch.setattr(Watch, "take", lambda watch: next(stood_still, nothing))
    trials = measured(Scene(), kinds=("cpu",), blocks=1)
    assert [trial.status for trial in trials] == ["ok"] * 3
    monkeypatch.setattr(Watch, "take", lambda watch: Interruptions(2.5, 0, 0))
    trials = measured(Scene(), kinds=("cpu",), blocks=1)
    assert [trial.status for trial in trials] == ["failed"] * 3
    assert all("disturbed" in str(trial.error) for trial in trials)


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
    cells: list[tuple[Kind, Condition]]
    cells = [(kind, condition) for kind in KINDS for condition in CONDITIONS[1:]]
    limits = {cell: planning.limits_of(*cell) for cell in cells}
    assert limits["memory", "unlimited"].memory_mib > 512 > limits["memory", "limited"].memory_mib
    rates = {cell: found.disk_write_mib_per_s for cell, found in limits.items()}
    assert rates.pop(("disk", "limited")) == 8
    assert set(rates.values()) == {None}
    cpus = {cell: planning.cpu_of(*cell, Cpus(3, 7)) for cell in cells}
    assert cpus.pop(("cpu", "unlimited")) == 3
    assert set(cpus.values()) == {7}


@pytest.mark.parametrize(
    ("change", "cpus", "empty", "reason"),
    [
        ({}, ONE, {("cpu", "limited")}, "a single CPU"),
        ({"limits_disk": False}, TWO, {("disk", "limited")}, "no way to limit"),
        ({"unsupported": {"disk": "no disk"}}, TWO, {("disk", c) for c in CONDITIONS}, "no disk"),
        ({"publishes": False}, TWO, {(k, c) for k in KINDS for c in CONDITIONS}, "port"),
        (
            {"unsupported": {SEVERAL: "one at a time"}},
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


def test_a_trial_is_handed_out_while_its_victim_still_serves() -> None:
    scene = Scene()
    batches = measure(plan_of(scene, kinds=("cpu",)), session_of(scene), TWO)
    next(batches)
    assert scene.launched > scene.cleaned
    batches.close()
    assert scene.launched == scene.cleaned


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 8, 17, 18])
def test_a_resumed_one_makes_what_is_missing_and_no_more(kept: int) -> None:
    whole = measured(Scene())
    scene = Scene()
    rest = measured(scene, before=whole[:kept])
    cells = [(trial.trial, trial.block, trial.kind, trial.condition) for trial in whole]
    assert [(t.trial, t.block, t.kind, t.condition) for t in rest] == cells[kept:]
    groups = {(trial.block, trial.kind) for trial in rest}
    with_neighbour = sum(trial.condition != "alone" for trial in rest)
    assert scene.launched == scene.cleaned == len(groups) + with_neighbour


def test_a_resumed_victim_has_the_work_of_the_one_before() -> None:
    (first, *_) = measured(Scene(), kinds=("cpu",), blocks=1)
    before = first.model_copy(update={"amount": 3})
    rest = measured(Scene(), kinds=("cpu",), blocks=1, before=[before])
    assert [trial.amount for trial in rest] == [3, 3]


def test_what_stays_empty_is_said_once_in_a_resumed_one() -> None:
    whole = measured(Scene(), ONE)
    left = [trial for trial in whole if trial.status == "left out"]
    assert left and not measured(Scene(), ONE, before=whole)


def test_without_any_figure_the_reason_is_failures() -> None:
    scene = Scene(fails_at=1)
    batches, reason = measure(plan_of(scene, kinds=("cpu",)), session_of(scene), TWO), None
    while reason is None:
        try:
            next(batches)
        except StopIteration as end:
            reason = end.value
    assert reason == "failures"


def test_the_number_of_trials_is_known_before() -> None:
    for cpus in (ONE, TWO):
        plan = plan_of(Scene(), backends=("host",), blocks=3)
        host, empty = (
            len(KINDS) * 3,
            {("disk", "limited")} | ({("cpu", "limited")} if cpus is ONE else set()),
        )
        trials = host * len(CONDITIONS) - 3 * len(empty) + len(empty)
        assert planning.count(plan, cpus) == trials


def test_a_slow_backend_is_in_one_block_with_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "about_s", 45.0)
    chosen = plan_of(Scene(), backends=("virtualbox",), blocks=10, requests=40)
    assert {group.block for group in planning.schedule(chosen)} == {1}
    assert planning.requests_of(Scene(), chosen) == 5
    assert "virtualbox 1" in planning.describe(chosen)


def test_a_disk_that_lies_in_memory_is_told_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_systems, "kind_of", lambda place: "tmpfs")
    for kinds, lines in ((["disk"], 2), (["cpu"], 1)):
        told = planning.describe(neighbours.plan(backends=["host", "docker"], kinds=kinds))
        assert len(told.splitlines()) == lines
        assert ("host, disk" in told) == (lines == 2)  # a container has a volume


@pytest.mark.parametrize(
    "choices",
    [
        {"blocks": 0},
        {"blocks": 201},
        {"requests": 1},
        {"requests": 2001},
        {"kinds": ["noise"]},
        {"backends": ["chess"]},
        {"backends": "host"},
    ],
)
def test_what_makes_no_sense(choices: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        neighbours.plan(**{"backends": ["host"], **choices})

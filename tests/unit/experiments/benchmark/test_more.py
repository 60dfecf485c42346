"""When a run that waits for a precision stops, and what its folder says about it."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import measure
from labkit.experiments.benchmark.measure import SoFar
from labkit.measure.plan import Plan
from labkit.measure.session import Session
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock

TRIAL_S = 3.5  # of a fake backend that is ready after half a second: cpu, idle, goodbye


def perform(
    monkeypatch: pytest.MonkeyPatch, plan: Plan, widths: list[float], **fails: int
) -> tuple[str, int, list[int]]:
    """Runs a plan with fakes: (why it ended, trials, trials whenever the precision was asked for).
    `widths` are the precisions that are reached, block by block."""
    clock = FakeClock()
    backends = {name: FakeBackend(name, clock=clock, **fails) for name in plan.backends}
    asked: list[int] = []

    def precision(so_far: SoFar) -> float:
        asked.append(len(so_far.trials))
        return widths.pop(0)

    monkeypatch.setattr(SoFar, "precision", precision)
    batches = measure.measure(plan, Session(NO_IMAGE, NO_IMAGE, backends, clock=clock))
    trials = 0
    while True:
        try:
            trials += len(next(batches)["trials"])
        except StopIteration as end:
            return end.value, trials, asked


def plan(until: float | None, budget: float | None = None) -> Plan:
    return Plan(
        backends=("a", "b"),
        workloads=("cpu", "idle"),
        trials={"a": 2, "b": 1},
        seconds=1,
        until_precision=until,
        budget_s=budget,
    )


def test_a_fixed_plan_asks_for_no_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    assert perform(monkeypatch, plan(None), []) == ("plan", 3, [])


def test_blocks_are_added_until_the_precision_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all backends, also of one that the plan gave fewer trials."""
    found = perform(monkeypatch, plan(0.1, 1000), [0.5, 0.2, 0.1])
    assert found == ("precision", 7, [3, 5, 7])


def test_a_block_that_does_not_fit_into_the_budget_is_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget = 7 * TRIAL_S + 1
    reason, trials, asked = perform(monkeypatch, plan(0.1, budget), [0.5] * 9)
    assert reason == "time budget"
    assert trials == asked[-1] and 3 < trials <= 7


def test_when_all_backends_fail_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert perform(monkeypatch, plan(0.1, 1000), [0.5] * 9, fails_at=1) == ("failures", 2, [])


@pytest.mark.parametrize("width", [float("inf"), float("nan")])
def test_a_precision_that_is_not_known_is_not_reached(
    width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason, trials, _ = perform(monkeypatch, plan(0.1, 1000), [width, 0.05])
    assert (reason, trials) == ("precision", 5)

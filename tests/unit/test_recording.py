"""When a run that waits for a precision stops, and what its folder says about it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from labkit import runner
from labkit.recording import Recording
from labkit.records import Plan
from labkit.run_writer import RunWriter
from labkit.store import TrialRecords, load
from tests.unit.fakes import FakeBackend, FakeClock
from tests.unit.test_runner import NO_IMAGE
from tests.unit.test_store import manifest

TRIAL_S = 3.5  # of a fake backend that is ready after half a second: cpu, idle, goodbye


def perform(tmp_path: Path, plan: Plan, widths: list[float], **fails: int) -> list[int]:
    """Runs a plan with fakes; `widths` are the precisions that are reached, block by block."""
    clock = FakeClock()
    backends = {name: FakeBackend(name, clock=clock, **fails) for name in plan.backends}
    asked: list[int] = []

    def precision(trials: Sequence[TrialRecords]) -> float:
        asked.append(len(trials))
        return widths.pop(0)

    with (
        closing(RunWriter.begin(tmp_path / "run", manifest(plan=plan))) as writer,
        closing(Recording(plan, writer, [], precision, progress=False, clock=clock)) as recording,
    ):
        going = runner.execute(plan, backends, NO_IMAGE, recording.hooks(), clock=clock)
        recording.finish(failed=not going)
    return asked


def plan(until: float | None, budget: float | None = None) -> Plan:
    return Plan(
        backends=("a", "b"),
        workloads=("cpu", "idle"),
        trials={"a": 2, "b": 1},
        seconds=1,
        until_precision=until,
        budget_s=budget,
    )


def ending(tmp_path: Path) -> tuple[str, int]:
    found = load(tmp_path / "run").ending
    assert found is not None
    return found.reason, found.trials


def test_a_fixed_plan_asks_for_no_precision(tmp_path: Path) -> None:
    assert perform(tmp_path, plan(None), []) == []
    assert ending(tmp_path) == ("plan", 3)


def test_blocks_are_added_until_the_precision_is_reached(tmp_path: Path) -> None:
    """Of all backends, also of one that the plan gave fewer trials."""
    assert perform(tmp_path, plan(0.1, 1000), [0.5, 0.2, 0.1]) == [3, 5, 7]
    assert ending(tmp_path) == ("precision", 7)


def test_a_block_that_does_not_fit_into_the_budget_is_not_begun(tmp_path: Path) -> None:
    budget = 7 * TRIAL_S + 1
    asked = perform(tmp_path, plan(0.1, budget), [0.5] * 9)
    reason, trials = ending(tmp_path)
    assert reason == "time budget"
    assert trials == asked[-1] and 3 < trials <= 7


def test_when_all_backends_fail_the_run_ends(tmp_path: Path) -> None:
    perform(tmp_path, plan(0.1, 1000), [0.5] * 9, fails_at=1)
    assert ending(tmp_path) == ("failures", 2)


@pytest.mark.parametrize("width", [float("inf"), float("nan")])
def test_a_precision_that_is_not_known_is_not_reached(tmp_path: Path, width: float) -> None:
    perform(tmp_path, plan(0.1, 1000), [width, 0.05])
    assert ending(tmp_path) == ("precision", 5)

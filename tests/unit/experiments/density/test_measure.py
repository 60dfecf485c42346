"""Groups that start one by one and together: in which order, and that nothing is left of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest

from labkit.backends.instance import Meter
from labkit.errors import BackendError, UsageError
from labkit.experiments import density
from labkit.experiments.density import planning
from labkit.experiments.density.measure import cell_of, measure
from labkit.system import host
from tests.unit.experiments.density.made_up import (
    Crowd,
    all_but,
    breaks,
    measured,
    plan_of,
    session_of,
)

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def test_the_numbers_double_up_to_the_largest() -> None:
    assert planning.levels(1) == (1,)
    assert planning.levels(8) == (1, 2, 4, 8)
    assert planning.levels(12) == (1, 2, 4, 8, 12)


def test_each_block_has_all_groups_in_an_order_that_the_seed_makes() -> None:
    plan = plan_of(Crowd(), backends=("host", "docker"), repeats=3)
    cells = planning.schedule(plan)
    assert cells == planning.schedule(plan) != planning.schedule(plan_of(Crowd(), seed=2))
    assert len(set(cells)) == len(cells) == 3 * 2 * 3 * 2
    assert [block for block, *_ in cells] == sorted(block for block, *_ in cells)
    orders = [[cell[1:] for cell in cells if cell[0] == block] for block in (1, 2)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def test_both_ways_are_measured() -> None:
    crowd = Crowd(boot=0.03)
    starts, groups = measured(crowd)
    assert len(groups) == 6 and len(starts) == 2 * (1 + 2 + 4)
    assert all(row.status == "ok" and row.cpu_s is not None for row in groups)
    for row in groups:
        mine = [start for start in starts if cell_of(row) == _cell(start)]
        assert [start.instance for start in mine] == list(range(1, row.level + 1))
        ready = [start.requested_s + (start.startup_s or 0) for start in mine]
        assert max(ready) == row.all_ready_s and min(s.requested_s for s in mine) == 0
        if row.way == "one by one":
            assert all(
                first <= after.requested_s
                for first, after in zip(ready[:-1], mine[1:], strict=True)
            )
    four = {row.way: row.all_ready_s or 0 for row in groups if row.level == 4}
    assert four["one by one"] >= 4 * 0.03 and four["one by one"] > four["together"]
    assert crowd.most_running == 4 and crowd.running == 0 and crowd.launched == crowd.cleaned == 14


def _cell(start: Any) -> Any:
    return start.block, start.backend, start.level, start.way


def test_they_are_ended_in_reverse_order() -> None:
    crowd = Crowd()
    _, (row,) = measured(crowd, all_but(crowd, ("one by one", 4)))
    assert row.status == "ok" and crowd.ended == [4, 3, 2, 1]


def test_one_that_fails_is_noted_and_all_others_are_ended() -> None:
    crowd = Crowd()
    crowd.on_launch = breaks(2)
    starts, (row,) = measured(crowd, all_but(crowd, ("together", 4)))
    assert row.status == "failed" and "it broke" in str(row.error) and row.all_ready_s is None
    assert sorted(start.error is None for start in starts) == [False, True, True, True]
    assert crowd.launched == crowd.cleaned == 4 and crowd.running == 0


def test_one_by_one_none_is_requested_after_one_that_fails() -> None:
    crowd = Crowd()
    crowd.on_launch = breaks(2)
    starts, (row,) = measured(crowd, all_but(crowd, ("one by one", 4)))
    assert row.status == "failed" and [start.error is None for start in starts] == [True, False]
    assert crowd.launched == crowd.cleaned == 2


def test_a_backend_that_fails_in_a_whole_block_takes_no_further_part() -> None:
    crowd = Crowd()
    crowd.on_launch = breaks(*range(1, 100))
    session, reason = session_of(crowd), None
    batches = measure(plan_of(crowd, repeats=3), session)
    rows: list[Any] = []
    while reason is None:
        try:
            rows += next(batches)["groups"]
        except StopIteration as end:
            reason = end.value
    assert {row.block for row in rows} == {1} and reason == "failures"
    assert list(session.left_out) == ["docker after block 1"]


def test_a_fault_that_is_no_error_of_the_labs_is_not_hidden() -> None:
    crowd = Crowd()

    def on_launch(number: int) -> None:
        raise ZeroDivisionError

    crowd.on_launch = on_launch
    with pytest.raises(ZeroDivisionError):
        measured(crowd)
    assert crowd.running == 0 and crowd.launched == crowd.cleaned


def test_one_that_cannot_be_ended_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    launch = crowd.launch

    def stays(*args: Any) -> Any:
        @contextmanager
        def launched() -> Any:
            with launch(*args) as instance:
                yield instance
            raise BackendError("it could not be removed")

        return launched()

    monkeypatch.setattr(crowd, "launch", stays)
    _, groups = measured(crowd)
    assert {row.status for row in groups} == {"failed"}
    assert all("could not be removed" in str(row.error) for row in groups)


def test_without_room_nothing_is_started_and_the_reason_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "memory_available", lambda: 500 * 2**20)
    crowd = Crowd()
    starts, groups = measured(crowd)
    left = {row.level for row in groups if row.status == "left out"}
    assert left == {4} and all("no room" in str(r.error) for r in groups if r.level == 4)
    assert {start.level for start in starts} == {1, 2}


def test_before_the_computer_would_swap_no_more_are_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what an instance has really taken, though the limits of all of them fit."""
    crowd = Crowd()
    two = [row for row in measured(Crowd())[1] if row.level == 2]
    large = [row.model_copy(update={"memory_bytes": 800 * 2**20}) for row in two]
    monkeypatch.setattr(host, "memory_available", lambda: 1200 * 2**20)
    _, groups = measured(crowd, large)
    assert {row.level for row in groups if row.status == "left out"} == {4}
    assert all("swap" in str(row.error) for row in groups if row.status == "left out")


def test_memory_that_cannot_be_read_is_empty_and_says_why() -> None:
    crowd = Crowd()
    crowd.meter = Meter("far away", "instance", why="it is on another computer")
    _, groups = measured(crowd)
    assert all(row.status == "ok" and row.memory_bytes is None for row in groups)
    assert all("another computer" in str(row.memory_why) for row in groups)


def test_one_that_runs_once_at_a_time_is_left_out() -> None:
    crowd = Crowd()
    names = ("docker", "virtualbox-resumed")
    session = session_of(crowd)
    list(measure(plan_of(crowd, backends=names), session))
    assert list(session.left_out) == ["virtualbox-resumed"]
    assert planning.able(plan_of(crowd, backends=names)) == ("docker",)
    with pytest.raises(UsageError):
        density.plan(backends=["virtualbox-resumed"])


@pytest.mark.parametrize("kept", [0, 1, 5, 6])
def test_a_resumed_one_makes_what_is_missing_and_no_more(kept: int) -> None:
    _, whole = measured(Crowd())
    _, rest = measured(Crowd(), whole[:kept])
    assert list(map(cell_of, rest)) == list(map(cell_of, whole[kept:]))


@pytest.mark.parametrize(
    "choices",
    [
        {"most": 0},
        {"most": 65},
        {"repeats": 0},
        {"memory_mib": 1},
        {"cpus": 0},
        {"backends": ["chess"]},
        {"backends": "host"},
    ],
)
def test_what_makes_no_sense(choices: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        density.plan(**{"backends": ["host"], **choices})


def test_a_plan_is_described() -> None:
    told = planning.describe(density.plan(backends=["host"], most=4))
    assert "1, 2, 4" in told and "host" in told


def test_a_daemon_that_is_gone_is_the_reason_of_its_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for its engine then, it would not answer."""
    crowd = Crowd()

    def on_launch(number: int) -> None:
        monkeypatch.setattr(crowd, "engine", refuses)
        monkeypatch.setattr(crowd, "services", refuses)
        raise BackendError("the daemon is gone")

    def refuses(*_: object) -> None:
        raise BackendError("the daemon is gone")

    crowd.on_launch = on_launch
    _, groups = measured(crowd, repeats=2)
    assert {(row.status, row.block) for row in groups} == {("failed", 1)} and len(groups) == 6

"""The victim: how much work a request is, and what its client notes."""

from __future__ import annotations

import pytest

from labkit.errors import BackendError
from labkit.experiments.neighbours import victim
from labkit.system.clock import HostClock
from tests.unit.experiments.neighbours.made_up import Scene, measured
from tests.unit.fakes import FakeClock


@pytest.mark.parametrize(("each_s", "amount"), [(0.001, 4), (0.02, 2), (3.0, 1)])
def test_a_request_gets_so_much_work_that_it_takes_a_while(
    each_s: float, amount: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()

    def answers(port: int, path: str, timeout: float) -> bool:
        clock.sleep(each_s * int(path.partition("?")[2]))
        return True

    monkeypatch.setattr(victim, "answers", answers)
    served = victim.Victim(1, clock)
    served.warm_up()
    assert served.amount == amount  # no more than the fixture's MOST_WORK
    figures = served.serve(20).figures()
    assert figures["requests"] == 20 and figures["errors"] == 0
    assert figures["p50_s"] == pytest.approx(each_s * amount)
    assert figures["requests_per_s"] == pytest.approx(1 / (each_s * amount))
    assert figures["p95_s"] is not None and figures["p99_s"] is None


def test_what_is_not_answered_is_counted_and_in_no_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = iter(range(100))
    monkeypatch.setattr(victim, "answers", lambda port, path, timeout: next(turns) % 2 == 0)
    figures = victim.Victim(1, HostClock()).serve(10).figures()
    assert (figures["requests"], figures["errors"]) == (5, 5)


def test_a_server_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(victim, "answers", lambda port, path, timeout: False)
    with pytest.raises(BackendError, match="does not answer"):
        victim.Victim(1, HostClock()).warm_up()
    trials = measured(Scene(), kinds=("cpu",))
    assert [trial.status for trial in trials] == ["failed"] * 3

"""Doubts about what a run was made under."""

from __future__ import annotations

import pytest

from labkit.records import Limits
from tests.unit.charts.made_up import make_run
from tests.unit.stats.doubts.runs import found, only, quiet


def test_a_busy_computer_is_told_with_the_trials() -> None:
    run = quiet()
    run.trials.loc[run.trials["trial"].isin([3, 4, 5, 9]), "load_1m"] = 4.2
    doubt = only(run, "busy")
    assert doubt.trials == (3, 4, 5, 9)
    assert doubt.sentence == (
        "busy computer: up to 4.2 processes wanted 2 processors before trials 3–5, 9; "
        "end other programs"
    )


@pytest.mark.parametrize(
    ("of_instance", "of_host", "load", "told"),
    [(1, 3, 2.9, False), (1, 3, 3.1, True), (2, 2, 2.4, False), (2, 2, 2.6, True)],
)
def test_what_the_lab_itself_keeps_running_is_no_doubt(
    of_instance: int, of_host: int, load: float, told: bool
) -> None:
    run = quiet(2)
    host = run.manifest.host.model_copy(update={"cpus": of_host})
    limits = {"limits": Limits(cpus=of_instance)}
    plan = run.manifest.plan.model_copy(update=limits)
    run.manifest = run.manifest.model_copy(update={"plan": plan, "host": host})
    run.trials["load_1m"] = load
    assert bool(found(run, "busy")) == told


def test_stolen_time_is_told_with_the_trials() -> None:
    run = quiet()
    run.trials.loc[run.trials["trial"].isin([2, 8]), "steal_share"] = [0.07, 0.03]
    doubt = only(run, "steal")
    assert doubt.trials == (2, 8)
    assert "took away up to 7 % of the processors' time in trials 2, 8" in doubt.sentence


def test_conditions_that_could_not_be_read_are_no_doubt() -> None:
    run = quiet()
    run.trials[["load_1m", "steal_share"]] = None
    assert not found(run, "busy") and not found(run, "steal")
    run.trials["steal_share"] = 0.015
    assert not found(run, "steal")


def test_a_guests_clock_that_runs_away_is_told() -> None:
    run = make_run(("host", "qemu"), n=6)
    off = run.results["trial"].isin([3, 5])
    run.results.loc[off, "guest_seconds"] = 2.4
    doubt = only(run, "clock")
    assert (doubt.backend, doubt.trials) == ("qemu", (3, 5))
    assert "the guest's clock of qemu ran 20 % too fast in trials 3, 5" in doubt.sentence


def test_a_clock_within_its_steps_is_no_doubt() -> None:
    run = make_run(("host", "qemu"), n=6)
    run.results["seconds"] = 0.1
    run.results["guest_seconds"] = 0.11  # a tenth off, and one step of the clock
    assert not found(run, "clock")
    run.results["guest_seconds"] = None
    assert not found(run, "clock")


def test_what_shares_the_hosts_kernel_shares_its_clock() -> None:
    run = make_run(("host", "docker"), n=6)
    run.results["guest_seconds"] = 3.0
    assert not found(run, "clock")

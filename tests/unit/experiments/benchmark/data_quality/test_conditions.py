"""Quality issues of what a run was made under."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import stats
from labkit.recordings.facts import Limits
from tests.unit.charts.made_up import make_run
from tests.unit.experiments.benchmark.data_quality.runs import found, only, quiet, start


def test_a_busy_computer_is_told_with_the_trials() -> None:
    run = quiet()
    run.trials.loc[run.trials["trial"].isin([3, 4, 5, 9]), "load_1m"] = 4.2
    issue = only(run, "busy")
    assert issue.trials == (3, 4, 5, 9)
    assert issue.sentence == (
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
    issue = only(run, "steal")
    assert issue.trials == (2, 8)
    assert "took away up to 7 % of the processors' time in trials 2, 8" in issue.sentence


def test_conditions_that_could_not_be_read_are_no_doubt() -> None:
    run = quiet()
    run.trials[["load_1m", "steal_share"]] = None
    assert not found(run, "busy") and not found(run, "steal")
    run.trials["steal_share"] = 0.015
    assert not found(run, "steal")


@pytest.mark.parametrize(
    ("nice", "policy", "told"),
    [
        (None, None, []),
        (0, "SCHED_OTHER", []),
        (10, "SCHED_OTHER", ["nice 10"]),
        (-5, None, ["nice -5"]),
        (0, "SCHED_IDLE", ["SCHED_IDLE"]),
    ],
)
def test_a_changed_priority_is_told(nice: int | None, policy: str | None, told: list[str]) -> None:
    run = quiet()
    host = run.manifest.host.model_copy(update={"nice": nice, "policy": policy})
    run.manifest = run.manifest.model_copy(update={"host": host})
    issues = found(run, "priority")
    assert len(issues) == len(told)
    assert all(word in issue.sentence for issue, word in zip(issues, told, strict=True))


def test_a_guests_clock_that_runs_away_is_told() -> None:
    run = make_run(("host", "qemu"), n=6)
    off = run.results["trial"].isin([3, 5])
    run.results.loc[off, "guest_seconds"] = 2.4
    issue = only(run, "clock")
    assert (issue.backend, issue.trials) == ("qemu", (3, 5))
    assert "the guest's clock of qemu ran up to 20 % too fast in trials 3, 5" in issue.sentence
    run.results.loc[run.results["trial"] == 3, "guest_seconds"] = 1.0
    issue = only(run, "clock")
    assert issue.trials == (3, 5)
    assert "ran up to 20 % too fast and up to 50 % too slow in trials 3, 5" in issue.sentence


def test_a_clock_within_its_steps_is_no_doubt() -> None:
    run = make_run(("host", "qemu"), n=6)
    run.results["seconds"] = 0.1
    run.results["guest_seconds"] = 0.11  # a tenth off, and one step of the clock
    assert not found(run, "clock")
    run.results["guest_seconds"] = None
    assert not found(run, "clock")


def test_what_shares_the_hosts_kernel_shows_that_the_lab_was_held_up() -> None:
    run = make_run(("host", "docker"), n=6)
    run.results["guest_seconds"] = run.results["seconds"]
    docker = (run.results["trial"] == 3) & (run.results["backend"] == "docker")
    run.results.loc[docker, "seconds"] *= 1.2
    issue = only(run, "clock")
    assert (issue.backend, issue.trials) == ("docker", (3,))
    assert "the guest's clock" not in issue.sentence


def test_a_disturbed_trial_is_told_and_in_no_figure() -> None:
    run = quiet(6)
    trial = start(run, 3, 9.0)
    for name in ("stopped_s", "suspended_s", "clock_step_s"):
        run.trials[name] = 0.0
    row = run.trials["trial"] == trial
    for name, value in (("status", "disturbed"), ("stopped_s", 8.5), ("clock_step_s", -3600.0)):
        run.trials.loc[row, name] = value
    issue = only(run, "disturbed")
    assert (issue.backend, issue.trials) == ("docker", (trial,))
    assert "8.5 s" in issue.sentence and "-3600.0 s" in issue.sentence
    table = stats.startup(run.trials).set_index("backend")
    assert table["n"].to_dict() == {"host": 6, "docker": 5}
    assert (table["high_s"] < 1).all()
    counts = stats.backends(run.trials).set_index("backend")["n_disturbed"]
    assert counts.to_dict() == {"host": 0, "docker": 1}

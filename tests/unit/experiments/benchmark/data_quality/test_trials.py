"""Quality issues of single trials and about their order."""

from __future__ import annotations

import numpy as np
import pytest

from labkit.experiments.benchmark import data_quality
from tests.unit.charts.made_up import MadeUpRun
from tests.unit.experiments.benchmark.data_quality.runs import found, only, quiet, start


def test_a_run_in_which_nothing_happens_raises_no_doubt() -> None:
    kinds = {issue.kind for issue in data_quality.quality_issues(quiet(20))}
    assert kinds <= {"undecided"}


def test_a_slow_first_start_is_told_with_what_to_do() -> None:
    run = quiet()
    number = start(run, 0, 2.1)
    issue = only(run, "slow first")
    assert issue.sentence == (
        "the first start of docker took 2.10 s, the others 400 ms: were caches cold? "
        "use --warmups 1"
    )
    assert (issue.backend, issue.quantity, issue.trials) == ("docker", "startup_s", (number,))
    assert not found(run, "outlier")


def test_a_slow_first_start_after_a_warmup_asks_for_one_more() -> None:
    run = quiet()
    start(run, 0, 2.1)
    plan = run.manifest.plan.model_copy(update={"warmups": {"docker": 1}})
    run.manifest = run.manifest.model_copy(update={"plan": plan})
    assert "use --warmups 2" in only(run, "slow first").sentence


def test_a_fast_first_start_is_an_outlier_and_no_cold_cache() -> None:
    run = quiet()
    start(run, 0, 0.04)
    assert not found(run, "slow first")
    assert only(run, "outlier").trials == (1,)


def test_outliers_are_named_with_their_values() -> None:
    run = quiet()
    numbers = (start(run, 3, 1.5), start(run, 6, 0.9))
    issue = only(run, "outlier")
    assert issue.trials == numbers
    assert issue.sentence.startswith(
        "startup of docker: trials 7, 13 far off (1.50 s, 900 ms; the others 400 ms)"
    )
    assert "--repeats 20" in issue.sentence


def test_an_outlier_of_a_workload_names_it() -> None:
    run = quiet()
    slow = (run.results["trial"] == 5) & (run.results["workload"] == "cpu")
    run.results.loc[slow, "ops_per_s"] /= 3
    issue = only(run, "outlier")
    assert (issue.quantity, issue.workload, issue.trials) == ("ops_per_s", "cpu", (5,))
    assert "throughput (cpu) of docker: trial 5 far off (" in issue.sentence
    assert " MiB/s; the others " in issue.sentence


def test_values_that_hardly_differ_have_no_outliers() -> None:
    run = quiet()
    run.trials["startup_s"] = run.trials["backend"].map({"host": 0.005, "docker": 0.4})
    start(run, 4, 0.42)
    assert not found(run, "outlier")


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_three_trials_are_too_few_for_an_outlier_or_a_trend(n: int) -> None:
    run = quiet(n)
    start(run, 0, 40.0)
    start(run, n - 1, 4.0)
    assert {issue.kind for issue in data_quality.quality_issues(run)} <= {"undecided"}


def test_a_drift_over_the_run_is_told_with_its_size() -> None:
    run = quiet()
    docker = run.trials["backend"] == "docker"
    run.trials.loc[docker, "startup_s"] *= np.linspace(1, 1.3, 10)
    issue = only(run, "drift")
    assert issue.sentence.startswith(
        "startup of docker drifts over the run, from 398 ms to 518 ms (+30 %)"
    )
    assert issue.trials == ()


def test_a_drift_that_is_sure_but_small_is_no_doubt() -> None:
    run = quiet()
    run.trials["startup_s"] = run.trials["backend"].map({"host": 0.005, "docker": 0.4})
    run.trials["startup_s"] *= 1 + 0.005 * run.trials["block"]
    assert not found(run, "drift")


def test_a_short_run_has_no_drift() -> None:
    run = quiet(5)
    run.trials["startup_s"] *= 1 + run.trials["block"]
    assert not found(run, "drift")


def reordered(slower_second: float) -> MadeUpRun:
    """docker is the first in even blocks and the second in odd ones, and slower there."""
    run = quiet(16)
    trials = run.trials
    even = trials["block"] % 2 == 0
    swapped = {2 * b: 2 * b + 1 for b in range(0, 16, 2)}
    swapped |= {second: first for first, second in swapped.items()}
    number = trials["trial"].where(~even, trials["trial"].map(swapped))
    for table in (run.milestones, run.results, run.samples, trials):
        table["trial"] = table["trial"].map(dict(zip(trials["trial"], number, strict=True)))
    second = ~even & (trials["backend"] == "docker")
    trials["startup_s"] = trials["startup_s"].where(~second, trials["startup_s"] * slower_second)
    return run


def test_an_effect_of_the_place_in_the_block_is_told() -> None:
    issue = only(reordered(1.3), "order")
    assert issue.backend == "docker"
    assert "depends on its place in the block (+28 % from first to last)" in issue.sentence
    assert not found(reordered(1.0), "order")

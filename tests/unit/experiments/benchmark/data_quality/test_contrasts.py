"""Quality issues of comparisons."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.unit.charts.made_up import MadeUpRun, make_run
from tests.unit.experiments.benchmark.data_quality.runs import found, only, quiet


def with_resumed(cold_s: float, resumed_s: float, n: int = 6) -> MadeUpRun:
    run = make_run(("host", "qemu", "qemu-resumed"), n=n)
    seconds = {"host": 0.005, "qemu": cold_s, "qemu-resumed": resumed_s}
    wave = 1 + run.trials["block"] % 3 / 50
    run.trials["startup_s"] = run.trials["backend"].map(seconds) * wave
    return run


def test_a_machine_that_boots_faster_than_it_continues_is_told() -> None:
    issue = only(with_resumed(0.4, 0.6), "cold faster")
    assert issue.backend == "qemu-resumed"
    assert "qemu starts faster from nothing (408 ms) than qemu-resumed continues (612 ms)" in (
        issue.sentence
    )


@pytest.mark.parametrize(("cold", "resumed", "n"), [(2.0, 0.6, 6), (0.4, 0.6, 3), (0.5, 0.5, 6)])
def test_a_saved_state_that_gains_something_is_no_doubt(
    cold: float, resumed: float, n: int
) -> None:
    assert not found(with_resumed(cold, resumed, n), "cold faster")


def warmed_up(seconds: float, n: int = 10) -> MadeUpRun:
    run = quiet(n)
    first = run.trials[run.trials["backend"] == "docker"].iloc[[0]]
    warmup = first.assign(trial=999, block=0, stage="warmup", startup_s=seconds)
    run.trials = pd.concat([warmup, run.trials], ignore_index=True)
    return run


def test_a_warmup_that_was_far_faster_is_told() -> None:
    issue = only(warmed_up(0.1), "cold faster")
    assert issue.trials == (999,)
    assert "a warm-up of docker started in 100 ms, the measured ones in 400 ms" in issue.sentence


@pytest.mark.parametrize(("seconds", "n"), [(0.39, 10), (3.0, 10), (0.1, 3)])
def test_a_warmup_that_was_slower_or_much_the_same_is_no_doubt(seconds: float, n: int) -> None:
    assert not found(warmed_up(seconds, n), "cold faster")


def sped_up(factors: list[float]) -> MadeUpRun:
    """docker's throughput at `cpu` in multiples of the host's, a block each."""
    run = make_run(("host", "docker"), n=len(factors))
    cpu = run.results["workload"] == "cpu"
    run.results.loc[cpu, "ops_per_s"] = [v for factor in factors for v in (100.0, 100 * factor)]
    return run


def test_a_ratio_whose_interval_holds_one_is_told() -> None:
    doubts = found(sped_up([0.8, 1.3, 0.9, 1.2, 1.0, 1.1]), "undecided")
    (issue,) = [d for d in doubts if d.quantity == "ops_per_s" and d.workload == "cpu"]
    assert issue.backend == "docker"
    assert issue.sentence.startswith("cannot tell docker from host in throughput (cpu): 1.04× [")
    assert issue.sentence.endswith("; try --repeats 24")


@pytest.mark.parametrize(
    "factors",
    [
        pytest.param([0.8, 0.7, 0.75, 0.8, 0.7], id="surely lower"),
        pytest.param([0.99, 1.01, 1.0, 0.99, 1.01], id="surely alike"),
        pytest.param([0.8, 1.3, 0.9], id="three trials"),
    ],
)
def test_a_ratio_that_is_known_is_no_doubt(factors: list[float]) -> None:
    doubts = found(sped_up(factors), "undecided")
    assert not [d for d in doubts if d.quantity == "ops_per_s" and d.workload == "cpu"]

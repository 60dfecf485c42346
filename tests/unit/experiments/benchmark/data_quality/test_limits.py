"""Limits that do not hold: told, and not compared as if they did."""

from __future__ import annotations

import pytest

from labkit.errors import UsageError
from labkit.experiments.benchmark import comparison, stats
from tests.unit.charts.made_up import MadeUpRun
from tests.unit.experiments.benchmark.data_quality.runs import found, quiet

MIB = 2**20


def held(backend: str, column: str, value: float) -> MadeUpRun:
    """A quiet run whose backends are held to what was asked, but for one of them."""
    run = quiet()
    run.trials["held_memory_bytes"] = float(run.manifest.plan.limits.memory_mib * MIB)
    run.trials["held_cpus"] = float(run.manifest.plan.limits.cpus)
    run.trials.loc[run.trials["backend"] == backend, column] = value
    return run


def ratios(run: MadeUpRun) -> set[tuple[str, str]]:
    """The backends' quantities that have a ratio."""
    table = stats.quantities(run)
    table = table[(table["n_ratio"] > 0) & table["median_ratio"].notna()]
    return set(zip(table["backend"], table["quantity"], strict=True))


def test_what_is_held_as_asked_is_no_doubt() -> None:
    run = held("docker", "held_cpus", 1.0)
    assert not found(run, "limits")
    assert ratios(run) == ratios(quiet())  # where nothing is known, as before


@pytest.mark.parametrize(
    ("backend", "column", "value"),
    [
        ("docker", "held_memory_bytes", 8192.0 * MIB),
        ("docker", "held_cpus", 2.0),
        ("host", "held_cpus", 0.5),  # the lab in a slice: the container is not in it
    ],
)
def test_what_is_held_otherwise_is_told_and_not_compared(
    backend: str, column: str, value: float
) -> None:
    run = held(backend, column, value)
    told = {(issue.backend, issue.quantity) for issue in found(run, "limits")}
    assert told == {(backend, column), ("docker", "pair")}
    assert {name for name, _ in ratios(run)} == {"host"}
    table = stats.summary(run).set_index("backend")
    assert table.loc[["docker"], "median_startup_s"].notna().all()
    assert (
        table.loc[["docker"], ["median_startup_ratio", "delta_startup_ratio"]].isna().all(axis=None)
    )
    speeds = stats.throughput(run.results, run.trials).set_index("backend")
    assert "limits" in speeds.loc[["docker"], "reason"].iloc[0]


def test_a_machine_has_what_it_was_made_with() -> None:
    run = held("docker", "held_memory_bytes", float("nan"))
    assert not found(run, "limits")


def test_runs_that_were_held_otherwise_are_not_compared() -> None:
    one, other = held("docker", "held_cpus", 1.0), held("docker", "held_cpus", 0.5)
    with pytest.raises(UsageError) as caught:
        comparison.compare(one, other)
    assert caught.value.details == "held_cpus of docker: 1 and 0.5"
    assert comparison.compare(one, other, force=True).json()["forced"] is True
    assert not comparison.compare(one, quiet()).obstacles

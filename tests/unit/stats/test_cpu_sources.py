"""CPU time by three sources, and what it costs, on numbers that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit.experiments.benchmark import stats
from tests.cpu_sources import ENDED, NO_GROUP, cpu_sources
from tests.unit.charts.made_up import make_run


def with_sources(samples: pd.DataFrame) -> pd.DataFrame:
    """Both other sources count a tenth of a second more at each reading than at the one before."""
    own = samples["role"] == "instance"
    extra = samples.groupby(["trial", "meter"]).cumcount() * 0.1
    table = samples.assign(schedstat_s=(samples["cpu_s"] + extra).where(own))
    return table.assign(
        cgroup_cpu_s=table["schedstat_s"].where(table["backend"] == "docker"),
    )


def test_sources_are_compared_only_where_each_sees_everything() -> None:
    run = make_run(n=3)
    table = cpu_sources(with_sources(run.samples), run.trials)
    rows: dict[Any, Any] = {
        (row["backend"], row["source"], row["workload"]): row for row in table.to_dict("records")
    }
    # From "begin cpu" to "end cpu" there is one periodic reading, so two steps.
    for found in (rows["qemu", "schedstat", "cpu"], rows["docker", "cgroup", "cpu"]):
        assert found["median_difference_s"] == pytest.approx(0.2)
        assert found["median_other_s"] == pytest.approx(found["median_cpu_s"] + 0.2)
        assert (found["n"], found["reason"]) == (3, "")
    for backend in ("host", "docker"):
        assert rows[backend, "schedstat", "cpu"]["reason"] == ENDED
        assert rows[backend, "schedstat", "cpu"]["n"] == 0
    assert rows["qemu", "cgroup", "cpu"]["reason"] == NO_GROUP


def test_an_idle_instance_burns_what_its_idle_workload_took() -> None:
    run = make_run(n=3)
    table = stats.idle_burn(run.samples, run.results, run.trials)
    row = table[(table["backend"] == "qemu") & (table["role"] == "all")].iloc[0]
    assert row["median_host_cpu_s_per_s"] == pytest.approx(0.98 * 0.02)

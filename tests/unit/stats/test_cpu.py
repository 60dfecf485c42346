"""CPU time that the host spends."""

from __future__ import annotations

import math

from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.stats.cpu import startup_cpu_by_trial
from tests.unit.charts.made_up import make_run
from tests.unit.stats.picking import pick


def test_cpu_spent_is_a_difference_between_readings() -> None:
    run = make_run(("docker",), n=1)
    moments = {"begin cpu": 10.0, "end cpu": 13.0}
    run.samples["cpu_s"] = run.samples["moment"].map(moments)
    run.results["ops"] = 1500.0
    table = stats.cpu_spent(run.samples, run.results, run.trials)
    row = pick(table, workload="cpu", role="services")
    assert row["median_host_cpu_s"] == 3.0
    assert row["median_host_cpu_s_per_s"] == 1.5
    assert row["median_host_cpu_s_per_1000_ops"] == 2.0
    assert pick(table, workload="cpu", role="all")["median_host_cpu_s"] == 9.0
    assert math.isnan(pick(table, workload="idle", role="all")["median_host_cpu_s"])


def test_cpu_that_went_back_is_unknown() -> None:
    run = make_run(("host",), n=1)
    run.samples["cpu_s"] = run.samples["moment"].map({"begin cpu": 10.0, "end cpu": 9.0})
    table = stats.cpu_spent(run.samples, run.results, run.trials)
    assert math.isnan(pick(table, workload="cpu", role="all")["median_host_cpu_s"])


def test_startup_cpu_counts_only_what_services_spent_since_the_request() -> None:
    run = make_run(("docker",), n=1)
    run.samples["cpu_s"] = run.samples["moment"].map({"requested": 7.0, "ready": 7.5})
    table = startup_cpu_by_trial(run.samples, run.trials)
    assert pick(table, role="services")["host_cpu_s"] == 0.5
    assert pick(table, role="instance")["host_cpu_s"] == 7.5
    without = run.samples[run.samples["moment"] != "requested"]
    table = startup_cpu_by_trial(without, run.trials)
    assert math.isnan(pick(table, role="services")["host_cpu_s"])

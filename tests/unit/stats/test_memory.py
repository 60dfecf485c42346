"""Memory: roles, sums, readings."""

from __future__ import annotations

import math

import pandas as pd

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import MIB, make_run
from tests.unit.stats.picking import pick


def test_memory_keeps_roles_apart_and_names_their_sum() -> None:
    run = make_run(("docker",), n=1)
    run.samples["pss_bytes"] = run.samples["role"].map(
        {"instance": 2 * MIB, "helper": 10 * MIB, "services": 90 * MIB}
    )
    table = stats.memory(run.samples, run.trials)
    sizes = {
        role: pick(table, metric="pss", role=role)["median_bytes"] / MIB
        for role in ("instance", "helper", "services", "each")
    }
    assert sizes == {"instance": 2, "helper": 10, "services": 90, "each": 12}


def test_memory_counts_readings_from_ready_to_stop_only() -> None:
    run = make_run(("host",), n=1)
    before = run.samples.iloc[[0]].assign(at_s=-1.0, moment=None, pss_bytes=10**12)
    samples = pd.concat([before, run.samples], ignore_index=True)
    row = pick(stats.memory(samples, run.trials), metric="pss", role="each")
    assert row["peak_bytes"] < 10**9


def test_memory_adds_up_the_meters_of_a_role() -> None:
    run = make_run(("docker",), n=1)
    services = run.samples[run.samples["role"] == "services"].assign(meter="containerd")
    both = pd.concat([run.samples, services], ignore_index=True)
    one = pick(stats.memory(run.samples, run.trials), metric="pss", role="services")
    two = pick(stats.memory(both, run.trials), metric="pss", role="services")
    assert two["median_bytes"] == 2 * one["median_bytes"]


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    run = make_run(("docker",), n=2)
    run.samples["pss_bytes"] = run.samples["pss_bytes"].where(run.samples["role"] != "instance")
    table = stats.memory(run.samples, run.trials)
    assert math.isnan(pick(table, metric="pss", role="each")["median_bytes"])
    assert pick(table, metric="pss", role="helper")["median_bytes"] > 0

"""Statistics: frames in, frames out, against numbers that can be checked by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import warnings
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit import stats
from labkit.errors import UsageError
from tests.unit.charts.made_up import MIB, make_run

VALUES = st.floats(min_value=1e-6, max_value=1e12)


@settings(max_examples=40, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=12))
def test_interval_holds_the_median_and_stays_within_the_values(values: list[float]) -> None:
    median, low, high = stats.interval(values)
    assert low is not None and median is not None and high is not None
    assert min(values) <= low <= median <= high <= max(values)


@settings(max_examples=20, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_interval_does_not_depend_on_the_order(values: list[float], random: Any) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert stats.interval(values) == stats.interval(shuffled)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (None, None, None)),
        ([None, float("nan")], (None, None, None)),
        ([3.0], (3.0, None, None)),
        ([3.0, None], (3.0, None, None)),
        ([2, 2, 2], (2.0, 2.0, 2.0)),
    ],
)
def test_interval_of_little_data(values: list[Any], expected: tuple[Any, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stats.interval(values) == expected


def test_interval_of_many_ties_is_defined() -> None:
    _, low, high = stats.interval([1.0] * 9 + [2.0])
    assert low == 1.0
    assert high is not None and math.isfinite(high)


def test_importing_stats_loads_neither_scipy_nor_matplotlib() -> None:
    code = "import sys, labkit.stats; print({'scipy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_backends_are_ordered_by_family_and_failures_counted() -> None:
    run = make_run(("virtualbox", "qemu", "host", "docker"), n=2, failed=(1,))
    table = stats.backends(run.trials)
    assert list(table["backend"]) == ["host", "docker", "qemu", "virtualbox"]
    assert list(table["n_failed"]) == [0, 0, 1, 0]
    assert list(stats.failures(run.trials)["trial"]) == [1]


def test_one_backend_with_two_engines_is_refused() -> None:
    run = make_run(("qemu",), n=2)
    run.trials["engine"] = ["tcg", "kvm"]
    with pytest.raises(UsageError, match="several engines"):
        stats.startup(run.trials)


def test_startup_leaves_failed_trials_out() -> None:
    run = make_run(("host", "docker"), n=3, failed=(1,))
    run.trials["startup_s"] = [1.0, 99.0, 2.0, 5.0, 6.0, 7.0]
    table = stats.startup(run.trials).set_index("backend")
    assert table.loc["host", "median_s"] == 2.0
    assert table.loc["host", "n"] == 3
    assert table.loc["docker", "median_s"] == 6.0
    assert table.loc["docker", "n_failed"] == 1
    assert table["few"].all()


def test_startup_without_a_good_trial_is_empty_not_zero() -> None:
    table = stats.startup(make_run(("docker",), n=1, failed=(0,)).trials)
    assert table["n"].tolist() == [0]
    assert table["median_s"].isna().all()


def test_timeline_is_made_of_the_milestones_that_a_backend_has() -> None:
    run = make_run(("host", "qemu"), n=1)
    run.milestones = pd.DataFrame(
        [
            (0, "host", "requested", 0.0),
            (0, "host", "ready", 2.0),
            (1, "qemu", "requested", 0.0),
            (1, "qemu", "started", 1.0),
            (1, "qemu", "kernel", 0.9),
            (1, "qemu", "ready", 4.0),
            (1, "qemu", "stopped", 5.0),
        ],
        columns=["trial", "backend", "milestone", "at_s"],
    )
    table = stats.timeline(run.milestones, run.trials)
    assert list(table["phase"]) == [
        "requested → ready",
        "requested → started",
        "started → kernel",
        "kernel → ready",
    ]
    assert list(table["length_s"]) == pytest.approx([2.0, 1.0, 0.0, 3.1])
    assert table.groupby("backend")["share"].sum().tolist() == pytest.approx([1.0, 1.0])
    longer = stats.timeline(run.milestones, run.trials, until="stopped")
    assert longer["phase"].iloc[-1] == "ready → stopped"


def pick(table: pd.DataFrame, **where: str) -> Any:
    """The one row of a table that fits."""
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


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


def test_throughput_pairs_trials_of_the_same_block() -> None:
    run = make_run(("host", "docker"), n=2)
    speeds = {0: 100.0, 1: 50.0, 2: 400.0, 3: 100.0}
    run.results["ops_per_s"] = run.results["trial"].map(speeds)
    row = pick(stats.throughput(run.results, run.trials), backend="docker", workload="cpu")
    assert row["median_ratio"] == pytest.approx((0.5 + 0.25) / 2)
    assert (row["n_ratio"], row["reason"]) == (2, "")


def test_throughput_says_why_there_is_no_ratio() -> None:
    alone = make_run(("docker",), n=1)
    table = stats.throughput(alone.results, alone.trials)
    assert pick(table, workload="cpu")["reason"] == "no baseline backend in this run"
    assert pick(table, workload="idle")["reason"] == "no operations counted"
    lost = make_run(("host", "docker"), n=1, failed=(0,))
    row = pick(stats.throughput(lost.results, lost.trials), workload="cpu")
    assert math.isnan(row["median_ratio"])
    assert row["reason"] == "no block with a good trial of the baseline"


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
    table = stats.startup_cpu(run.samples, run.trials)
    assert pick(table, role="services")["median_host_cpu_s"] == 0.5
    assert pick(table, role="instance")["median_host_cpu_s"] == 7.5
    without = run.samples[run.samples["moment"] != "requested"]
    table = stats.startup_cpu(without, run.trials)
    assert math.isnan(pick(table, role="services")["median_host_cpu_s"])


def test_summary_json_has_no_nan_and_no_zero_for_what_is_unknown() -> None:
    run = make_run(("host", "docker"), n=3, failed=(1, 3, 5))
    entries = json.loads(json.dumps(stats.summary_json(run), allow_nan=False))
    assert [entry["backend"] for entry in entries] == ["host", "docker"]
    nothing = {"median": None, "low": None, "high": None}
    docker = entries[1]
    assert (docker["n"], docker["n_failed"], docker["engine"]) == (0, 3, "native")
    assert docker["startup_s"] == docker["pss_bytes"] == nothing
    assert docker["cpu"] == {
        "ops_per_s": nothing,
        "unit": None,
        "relative_to_host": nothing,
        "host_cpu_s_per_s": nothing,
        "host_cpu_relative": nothing,
    }
    host = entries[0]
    assert host["cpu"]["unit"] == "MiB"
    assert host["cpu"]["relative_to_host"]["median"] == 1.0


def test_statistics_of_nothing_are_empty_frames() -> None:
    run = make_run((), n=0)
    tables = [
        stats.startup(run.trials),
        stats.timeline(run.milestones, run.trials),
        stats.memory(run.samples, run.trials),
        stats.throughput(run.results, run.trials),
        stats.cpu_spent(run.samples, run.results, run.trials),
        stats.startup_cpu(run.samples, run.trials),
        stats.summary(run),
    ]
    assert all(table.empty for table in tables)


def test_statistics_are_repeatable() -> None:
    first, second = (stats.summary(make_run(n=6)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)

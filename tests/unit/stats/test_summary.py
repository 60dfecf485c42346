"""The summary, as a frame and for JSON."""

from __future__ import annotations

import json

import pandas as pd

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run


def test_summary_json_has_no_nan_and_no_zero_for_what_is_unknown() -> None:
    run = make_run(("host", "docker"), n=3, failed=(1, 3, 5))
    entries = json.loads(json.dumps(stats.summary_json(run), allow_nan=False))
    assert [entry["backend"] for entry in entries] == ["host", "docker"]
    docker = entries[1]
    assert (docker["n"], docker["n_failed"], docker["engine"]) == (0, 3, "native")
    assert docker["startup_s"] == docker["pss_bytes"]
    assert docker["startup_s"] == {
        "n": 0,
        "few": True,
        "median": None,
        "mad": None,
        "low": None,
        "high": None,
        "ratio_to_yardstick": {"n": 0, "median": None, "low": None, "high": None},
        "delta": None,
        "effect": None,
    }
    assert docker["workloads"] == {}
    host = entries[0]
    assert host["workloads"]["cpu"]["unit"] == "MiB"
    assert host["workloads"]["cpu"]["ops_per_s"]["ratio_to_yardstick"]["median"] == 1.0
    assert set(host["workloads"]["idle"]) == {"unit", "host_cpu_s_per_s"}


def test_summary_json_has_ratio_spread_and_effect_of_each_quantity() -> None:
    (_, docker) = stats.summary_json(make_run(("host", "docker"), n=5))
    startup = docker["startup_s"]
    assert startup["few"] and startup["n"] == startup["ratio_to_yardstick"]["n"] == 5
    assert 0 < startup["mad"] < startup["median"]
    assert 100 < startup["ratio_to_yardstick"]["low"] < startup["ratio_to_yardstick"]["high"] < 150
    assert (startup["delta"], startup["effect"]) == (1.0, "large")
    assert docker["workloads"]["cpu"]["host_cpu_s_per_1000_ops"]["ratio_to_yardstick"]["median"] > 1


def test_statistics_are_repeatable() -> None:
    first, second = (stats.summary(make_run(n=6)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)

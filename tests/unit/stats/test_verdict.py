"""The verdict of each metric, on made-up runs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.stats.memory import METRICS
from tests.unit.charts.made_up import make_run


def rows() -> dict[Any, Any]:
    run = make_run()
    table = stats.verdict(run.samples, run.trials)
    assert list(dict.fromkeys(table["metric"])) == list(METRICS)
    return {(row["metric"], row["backend"]): row for row in table.to_dict("records")}


def test_each_metric_has_its_own_order() -> None:
    found = rows()
    assert [found["pss", name]["rank"] for name in ("host", "docker", "qemu")] == [1, 2, 3]
    assert found["guest", "qemu"]["rank"] == 1, "the only one that has a kernel of its own"
    assert math.isnan(found["guest", "docker"]["rank"])


def test_what_is_shared_stands_apart() -> None:
    found = rows()
    assert found["pss", "docker"]["services_bytes"] > found["pss", "docker"]["median_bytes"]
    assert math.isnan(found["pss", "qemu"]["services_bytes"])


def test_figures_are_relative_to_the_bare_process_of_the_same_metric() -> None:
    found = rows()
    assert found["pss", "host"]["median_relative"] == pytest.approx(1)
    assert found["pss", "qemu"]["median_relative"] > 50
    assert math.isnan(found["cgroup", "docker"]["median_relative"]), "the host has no such figure"


def test_a_figure_or_a_reason() -> None:
    for row in rows().values():
        assert (row["n"] > 0) == (row["reason"] == ""), row

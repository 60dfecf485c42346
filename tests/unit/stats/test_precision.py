"""What tells a run that it may stop."""

from __future__ import annotations

import math

import pytest

from labkit.experiments.benchmark import stats
from tests.unit.charts.made_up import make_run


def test_the_widest_interval_is_named() -> None:
    run = make_run(("host", "docker"), n=4)
    run.trials["startup_s"] = [1.0, 2.0] * 4
    wide = run.results["workload"].eq("syscall") & run.results["backend"].eq("docker")
    run.results.loc[wide, "ops_per_s"] *= [1, 2, 3, 4]
    found = stats.widest(run.trials, run.results)
    assert found is not None
    assert (found.backend, found.what) == ("docker", "syscall")
    assert found.width > 0.5
    assert stats.precision(run.trials, run.results) == found.width


def test_equal_ratios_are_known_exactly() -> None:
    run = make_run(("host", "docker"), n=3)
    run.trials["startup_s"] = [1.0, 2.0] * 3
    run.results["ops_per_s"] = run.results["ops_per_s"].where(run.results["workload"] == "idle", 7)
    assert stats.precision(run.trials, run.results) == 0


def test_a_single_block_and_a_lonely_backend_are_not_precise_at_all() -> None:
    one = make_run(("host", "docker"), n=1)
    assert math.isinf(stats.precision(one.trials, one.results))
    alone = make_run(("docker",), n=5)
    assert math.isinf(stats.precision(alone.trials, alone.results))
    host = make_run(("host",), n=5)
    assert stats.widest(host.trials, host.results) is None
    assert math.isinf(stats.precision(host.trials, host.results))


def test_a_backend_that_is_not_tried_again_is_not_waited_for() -> None:
    both = make_run(("host", "docker"), n=4)
    three = make_run(("host", "docker", "qemu"), n=4, failed=(2,))
    docker = three.trials["backend"] != "qemu"
    alone = stats.precision(three.trials[docker], three.results)
    assert stats.precision(three.trials, three.results) == pytest.approx(alone)
    assert math.isfinite(stats.precision(both.trials, both.results))

"""Backends, failures, and what all statistics have in common."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labkit.errors import UsageError
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.stats.cpu import startup_cpu_by_trial
from tests.unit.charts.made_up import make_run


def test_importing_stats_loads_neither_scipy_nor_matplotlib() -> None:
    code = "import sys, labkit.stats; print({'scipy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_statistics_stand_right_of_the_backends_and_need_none() -> None:
    code = "import sys, labkit.stats; print({'docker', 'labkit.backends.table'} & set(sys.modules))"
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


def test_statistics_of_nothing_are_empty_frames() -> None:
    run = make_run((), n=0)
    tables = [
        stats.startup(run.trials),
        stats.timeline(run.milestones, run.trials),
        stats.memory(run.samples, run.trials),
        stats.throughput(run.results, run.trials),
        stats.cpu_spent(run.samples, run.results, run.trials),
        startup_cpu_by_trial(run.samples, run.trials),
        stats.summary(run),
    ]
    assert all(table.empty for table in tables)

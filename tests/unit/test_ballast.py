"""The proof of the meters, on readings that can be checked by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit.experiments.benchmark.stats.memory import METRICS
from labkit.measure.plan import Plan
from tests.ballast import ballast, expected, held_bytes
from tests.unit.charts.made_up import MIB, make_run

KINDS = {"host": "process", "docker": "container", "qemu": "qemu"}


def samples(backend: str, trial: int) -> pd.DataFrame:
    """10 MiB before, 74 while 64 are held, 40 when the end is read: it has begun to go."""
    moments = ["requested", "ready", "end idle", "begin ballast", None, "end ballast"]
    sizes = [10, 10, 10, 74, 74, 40]
    whole = pd.DataFrame(
        {
            "meter": KINDS[backend], "role": "instance", "moment": moments,
            "at_s": range(6), "rss_bytes": [size * MIB for size in sizes],
            "pss_bytes": [size * MIB for size in sizes],
        }
    )  # fmt: skip
    rest = whole.assign(meter="host", role="host", rss_bytes=None, pss_bytes=None)
    rest["host_available_bytes"] = [(1000 - size) * MIB for size in sizes]
    guest = whole.assign(meter="guest", rss_bytes=None, pss_bytes=None).iloc[[2, 3, 5]]
    guest["guest_used_bytes"] = [20 * MIB, 84 * MIB, 84 * MIB]
    tables = [whole, rest] + ([guest] if backend == "qemu" else [])
    columns = make_run().samples.columns
    table = pd.concat(tables).reindex(columns=columns)
    return table.assign(backend=backend, trial=trial)


def test_what_was_held_shows_where_it_must() -> None:
    run = make_run(n=1)
    numbers = dict(zip(run.trials["backend"], run.trials["trial"], strict=True))
    readings = pd.concat([samples(name, trial) for name, trial in numbers.items()])
    table = ballast(readings, run.trials, 64 * MIB)
    assert len(table) == len(KINDS) * len(METRICS)
    seen: Any = {(row.backend, row.metric): row for row in table.itertuples()}
    for backend in KINDS:
        for metric in ("rss", "pss", "host_delta"):
            assert seen[backend, metric].median_bytes == 64 * MIB
            assert seen[backend, metric].share == 1
        assert seen[backend, "uss"].reason == "not permitted, or not there"
    assert seen["qemu", "guest"].median_bytes == 64 * MIB
    assert pd.isna(seen["docker", "guest"].median_bytes)
    assert "the host's" in seen["docker", "guest"].reason
    assert "control group" in seen["qemu", "cgroup"].reason


def test_where_it_must_show() -> None:
    assert not expected("guest", "container") and expected("guest", "hypervisor")
    assert expected("cgroup", "container") and not expected("cgroup", "baseline")
    assert all(expected(metric, "baseline") for metric in ("rss", "pss", "uss", "host_delta"))


@pytest.mark.parametrize(
    ("workloads", "held"),
    [(("idle", "ballast:mib=96"), 96 * MIB), (("idle",), None), (("ballast",), None)],
)
def test_a_plan_says_how_much_is_held(workloads: tuple[str, ...], held: int | None) -> None:
    plan = Plan(backends=("host",), workloads=workloads, trials={"host": 1}, seconds=1)
    assert held_bytes(plan) == held

"""Each meter against a ballast: so much memory, held inside on purpose, must show outside.

Tolerances. A bare process and a container: from 95 % to what is held and 8 MiB more, since the
programs that hold it are in memory too. A virtual machine's processes: up to 24 MiB less, since
what the guest has used and freed before does not grow a second time. The guest's own view: 5 %
either way. A restored VirtualBox has all of its guest's memory resident from its start: what it
holds need not show in its process at all. What the whole computer has left moves with whatever
else runs on it: it must be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.experiments import benchmark
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.memory import METRICS, SUBJECTS
from tests.ballast import ballast, expected, held_bytes

MIB = 2**20
# A machine whose instructions are interpreted takes half a minute for each 64 MiB.
HELD_MIB = {"virtualbox-resumed": 48}


@pytest.mark.parametrize(
    "name",
    [
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
        pytest.param(
            "virtualbox-resumed", marks=[pytest.mark.virtualbox, pytest.mark.timeout(900)]
        ),
    ],
)
def test_what_is_held_inside_shows_in_each_meter(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(f"{name.partition('-')[0]}_backend")
    mib = HELD_MIB.get(name, 96)
    run = benchmark.run(
        [name],
        workloads=["idle", f"ballast:mib={mib}"],
        repeats=1,
        seconds=1.5,
        warmups=0,
        memory_mib=384,
        out=tmp_path / "run",
        progress=False,
    )
    assert list(run.trials["error"]) == [None]
    held = held_bytes(run.manifest.plan)
    assert held == mib * MIB
    table = ballast(run.samples, run.trials, held)
    print(table[["metric", "median_bytes", "share", "reason"]].to_string())
    rows: dict[str, Any] = {row["metric"]: row for row in table.to_dict("records")}
    family = run.manifest.backends[name].family
    for metric in METRICS:
        row = rows[metric]
        if not expected(metric, family):
            assert row["n"] == 0 and row["reason"], metric
        elif metric == "host_delta":
            assert row["n"] == 1
        else:
            least, most = _tolerance(metric, family, mib)
            assert least <= row["median_bytes"] <= most, (metric, row["median_bytes"] / MIB)
    _check_the_table_of_memory(run)


def _tolerance(metric: str, family: str, mib: int) -> tuple[float, float]:
    if metric == "guest":
        return 0.95 * mib * MIB, 1.05 * mib * MIB
    if family == "host-virtualization":
        return -float("inf"), (mib + 8) * MIB
    # A group's peak before the ballast may be that of the start: newer releases of runc copy
    # themselves into memory there (13 MiB under Debian 13's Docker 26).
    native = family in ("baseline", "container") and metric != "cgroup_peak"
    return (0.95 * mib if native else mib - 24) * MIB, (mib + 8) * MIB


def _check_the_table_of_memory(run: Run) -> None:
    """A figure or a reason, for every metric."""
    table = stats.memory(run.samples, run.trials)
    shown = table[table["role"] == table["metric"].map(SUBJECTS)]
    assert set(shown["metric"]) == set(METRICS)
    for row in shown.to_dict("records"):
        assert (row["n"] > 0) == (row["reason"] == ""), row

"""CPU time by the process table against the other sources, on real backends.

Tolerance: 0.05 s and 5 % of what was used. The process table counts in steps of 0.01 s for each
process, and the sources are read one after another, a millisecond or two apart.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.experiments import benchmark
from tests.cpu_sources import cpu_sources

SOURCES = {"docker": "cgroup", "qemu": "schedstat"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ],
)
def test_the_sources_agree(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(f"{name}_backend")
    run = benchmark.run(
        [name],
        workloads=["cpu"],
        repeats=2,
        seconds=1.0,
        warmups=0,
        out=tmp_path / "run",
        progress=False,
    )
    table = cpu_sources(run.samples, run.trials)
    (row,) = table[table["source"] == SOURCES[name]].to_dict("records")
    print(row)
    assert row["n"] == 2 and row["reason"] == ""
    assert abs(row["median_difference_s"]) < 0.05 + 0.05 * row["median_cpu_s"]

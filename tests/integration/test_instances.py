"""Several instances at once, on the real backends."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.table import make_backend
from labkit.experiments import benchmark
from labkit.experiments.benchmark import stats
from labkit.measure import cleanup

COUNT = 3
MIB = 2**20


@pytest.mark.parametrize(
    "name",
    [
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
        pytest.param("qemu-resumed", marks=pytest.mark.qemu),
    ],
)
def test_each_further_instance_has_its_cost(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(f"{name.partition('-')[0]}_backend")
    run = benchmark.run(
        [name],
        workloads=["idle"],
        repeats=1,
        seconds=0.3,
        warmups=0,
        instances=COUNT,
        memory_mib=128,
        out=tmp_path / "run",
        progress=False,
    )
    assert run.instances["error"].isna().all(), run.instances["error"].dropna().tolist()
    table = stats.instances(run.instances, run.trials)
    own = table[(table["metric"] == "pss") & (table["role"] == "instance")]
    assert own["running"].tolist() == [1, 2, 3]
    # Even a bare process has pages of its own; none has more than its limit and the machine's own.
    assert ((own["marginal_bytes"] > 0.05 * MIB) & (own["marginal_bytes"] < 256 * MIB)).all()
    assert own["total_bytes"].iloc[-1] == pytest.approx(own["marginal_bytes"].sum())
    assert cleanup.sweep([make_backend(name)], mine=True) == []

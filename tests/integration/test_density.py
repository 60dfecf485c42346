"""Many instances that start one by one and together, on the real backends; few of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit.backends.table import make_backend
from labkit.experiments import density
from labkit.measure import cleanup
from tests.traces import containers

MOST = 4
MIB = 2**20


@pytest.mark.parametrize(
    "name",
    [
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ],
)
def test_all_get_ready_in_both_ways_and_nothing_is_left(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(f"{name}_backend")
    found = density.run(
        [name], most=MOST, repeats=1, memory_mib=128, out=tmp_path / "it", progress=False
    )
    groups, starts = found.groups, found.starts
    assert (groups["status"] == "ok").all(), groups["error"].dropna().tolist()
    assert len(groups) == 2 * 3 and len(starts) == 2 * (1 + 2 + 4)
    # A bare process may take less than a step of the kernel's clock.
    assert (starts["startup_s"] > 0).all() and (groups["cpu_s"] >= 0).all()
    assert name == "host" or (groups["cpu_s"] > 0).all()
    # Even a bare process has pages of its own; none has more than its limit and the machine's own.
    each = groups["memory_bytes"] / groups["level"]
    assert ((each > 0.05 * MIB) & (each < 256 * MIB)).all(), each.tolist()
    together = starts[starts["way"] == "together"]
    assert (together["requested_s"] < together.groupby("level")["startup_s"].transform("max")).all()
    assert cleanup.sweep([make_backend(name)], mine=True) == []
    assert name != "docker" or containers(os.getpid()) == []

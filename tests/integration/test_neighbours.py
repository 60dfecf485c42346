"""A noisy neighbour and its victim, on the real backends; short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit.backends.table import make_backend
from labkit.experiments import neighbours
from labkit.experiments.neighbours.placement import choose
from labkit.measure import cleanup

REQUESTS = 12


BLOCKS = 3
Measured = Callable[[str, list[str], int], pd.DataFrame]


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """Runs the experiment: its trials, three in each block of a kind."""

    def trials(name: str, kinds: list[str], blocks: int) -> pd.DataFrame:
        found = neighbours.run(
            [name], kinds, blocks=blocks, requests=REQUESTS, out=tmp_path / "it", progress=False
        ).trials
        assert cleanup.sweep([make_backend(name)], mine=True) == []
        assert found.groupby(["kind", "condition"]).ngroups == 3 * len(kinds)
        assert (found["status"] != "failed").all(), list(found["error"])
        return pd.DataFrame(found)

    return trials


def by_cell(found: pd.DataFrame) -> dict[tuple[str, str], Any]:
    """(kind, condition) → its trial, of a single block."""
    return {(str(trial.kind), str(trial.condition)): trial for trial in found.itertuples()}


@pytest.mark.parametrize(
    "name",
    [
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ],
)
def test_on_one_cpu_the_victim_loses_and_on_another_it_is_left_in_peace(
    name: str, request: pytest.FixtureRequest, measured: Measured
) -> None:
    request.getfixturevalue(f"{name}_backend")
    found = measured(name, ["cpu"], BLOCKS)
    if choose().other is None:  # a computer of one CPU
        limited = found["condition"] == "limited"
        assert (found.loc[limited, "status"] == "left out").all()
        found = found[~limited]
    assert (found["errors"] == 0).all()
    speeds = found.pivot(index="block", columns="condition", values="requests_per_s").astype(float)
    # Half of a CPU is left; the rest is room for whatever else this computer does.
    assert (speeds["unlimited"] / speeds["alone"]).median() < 0.8
    if "limited" in speeds:
        assert (speeds["unlimited"] / speeds["limited"]).median() < 1


@pytest.mark.docker
def test_a_containers_limits_hold(docker_backend: object, measured: Measured) -> None:
    found = by_cell(measured("docker", ["memory", "disk"], 1))
    plenty, held = found["memory", "unlimited"], found["memory", "limited"]
    assert plenty.neighbour_mib >= 512 and plenty.neighbour_refused == 0
    assert held.neighbour_mib == 0 and held.neighbour_refused > 0
    assert held.requests == REQUESTS  # the victim goes on while its neighbour is ended
    free, slow = found["disk", "unlimited"], found["disk", "limited"]
    assert free.neighbour_mib > 0
    assert slow.neighbour_mib / slow.neighbour_seconds < 1.5 * slow.neighbour_disk_mib_per_s


def test_a_process_has_no_limit_of_the_disk_and_says_so(
    host_backend: object, measured: Measured
) -> None:
    found = by_cell(measured("host", ["memory", "disk"], 1))
    assert found["memory", "limited"].neighbour_refused > 0
    assert found["disk", "limited"].status == "left out"
    assert "no way to limit" in str(found["disk", "limited"].error)
    assert found["disk", "unlimited"].neighbour_mib > 0

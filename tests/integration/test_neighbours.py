"""A noisy neighbour and its victim, on the real backends; short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit.backends.table import make_backend
from labkit.experiments import neighbours
from labkit.experiments.neighbours.placement import choose
from labkit.measure import cleanup

REQUESTS = 12


Measured = Callable[[str, list[str]], dict[tuple[str, str], Any]]


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """(kind, condition) → its trial."""

    def trials(name: str, kinds: list[str]) -> dict[tuple[str, str], Any]:
        found = neighbours.run(
            [name], kinds, blocks=1, requests=REQUESTS, out=tmp_path / "it", progress=False
        ).trials
        assert cleanup.sweep([make_backend(name)], mine=True) == []
        assert len(found) == 3 * len(kinds)
        assert (found["status"] != "failed").all(), list(found["error"])
        return {(trial.kind, trial.condition): trial for trial in found.itertuples()}

    return trials


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
    found = measured(name, ["cpu"])
    if choose().other is None:  # a computer of one CPU
        assert found.pop(("cpu", "limited")).status == "left out"
    speed = {condition: trial.requests_per_s for (_, condition), trial in found.items()}
    assert all(trial.errors == 0 for trial in found.values())
    # Half of a CPU is left; the rest is room for whatever else this computer does.
    assert speed["unlimited"] < 0.8 * speed["alone"]
    assert speed["unlimited"] < speed.get("limited", float("inf"))


@pytest.mark.docker
def test_a_containers_limits_hold(docker_backend: object, measured: Measured) -> None:
    found = measured("docker", ["memory", "disk"])
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
    found = measured("host", ["memory", "disk"])
    assert found["memory", "limited"].neighbour_refused > 0
    assert found["disk", "limited"].status == "left out"
    assert "no way to limit" in str(found["disk", "limited"].error)
    assert found["disk", "unlimited"].neighbour_mib > 0

"""What chapter 06 says in words, held to the recorded experiment and the recorded answers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from labkit import neighbours, paths, stats
from labkit.neighbours import Recorded

BACKENDS = ("host", "docker", "qemu")


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return neighbours.load()


@pytest.fixture(scope="module")
def ratios(recorded: Recorded) -> pd.Series:
    """(quantity, kind, backend, condition) → median ratio to being alone."""
    table = stats.neighbours(recorded.trials)
    return table.set_index(["quantity", "kind", "backend", "condition"])["median_ratio"]


@pytest.fixture(scope="module")
def work(recorded: Recorded) -> pd.DataFrame:
    table = stats.neighbours_work(recorded.trials)
    return table.set_index(["kind", "backend", "condition"])


def answers(word: str) -> dict[str, str]:
    """Backend → output of the recorded script of this chapter that holds this word."""
    files = (paths.reference_dir() / "everywhere").glob("*.json")
    found = [json.loads(file.read_text()) for file in files]
    (kept,) = [one for one in found if word in one["script"]]
    return {answer["backend"]: answer["out"] for answer in kept["answers"]}


def test_all_that_the_text_speaks_of_is_there_and_nothing_failed(recorded: Recorded) -> None:
    assert set(recorded.trials["backend"]) == set(BACKENDS)
    assert set(recorded.trials["status"]) == {"ok", "left out"}
    assert recorded.trials["errors"].fillna(0).max() == 0


def test_on_one_cpu_each_victim_keeps_about_half(ratios: pd.Series) -> None:
    for name in BACKENDS:
        assert 0.3 < ratios["throughput", "cpu", name, "unlimited"] < 0.75
        assert 1.3 < ratios["p95", "cpu", name, "unlimited"] < 5


def test_on_another_cpu_hardly_anything_is_lost(ratios: pd.Series) -> None:
    for name in BACKENDS:
        assert ratios["throughput", "cpu", name, "limited"] > 0.8
        free, held = (ratios["p95", "cpu", name, c] for c in ("unlimited", "limited"))
        assert held < free


def test_memory_is_refused_beyond_the_limit_and_the_victim_goes_on(
    ratios: pd.Series, work: pd.DataFrame
) -> None:
    for name in BACKENDS:
        held, free = work.loc[("memory", name, "limited")], work.loc[("memory", name, "unlimited")]
        assert held["median_mib_per_s"] == 0 and held["refused"] > 0
        assert free["median_mib_per_s"] > 0 and free["refused"] == 0
        assert ratios["throughput", "memory", name, "limited"] > 0.5


def test_the_rate_of_writing_is_kept_where_it_can_be(
    recorded: Recorded, work: pd.DataFrame
) -> None:
    for name in ("docker", "qemu"):
        rates = work["median_mib_per_s"]["disk", name]
        assert rates["limited"] < 1.2 * 8 < rates["unlimited"]
    left = recorded.trials[recorded.trials["status"] == "left out"]
    assert left[["backend", "kind", "condition"]].to_numpy().tolist() == [
        ["host", "disk", "limited"]
    ]


def test_a_container_sees_the_computer_and_a_guest_its_machine() -> None:
    computer = {name: text.split() for name, text in _lines("MemTotal /proc/meminfo\necho load")}
    assert computer["docker"] != computer["qemu"]


def _lines(word: str) -> list[tuple[str, str]]:
    return list(answers(word).items())

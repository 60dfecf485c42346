"""What chapter 06 says in words, held to the recorded experiment and the recorded answers."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pandas as pd
import pytest

from labkit.experiments.neighbours import stats
from labkit.experiments.neighbours.records import Neighbours
from labkit.experiments.shell.text import answers_to
from labkit.experiments.table import load

BACKENDS = ("host", "docker", "qemu")


@pytest.fixture(scope="module")
def recorded() -> Neighbours:
    return load("neighbours")


@pytest.fixture(scope="module")
def cells(recorded: Neighbours) -> dict[Any, Any]:
    """(quantity, kind, backend, condition) → ratio to being alone, with its interval."""
    table = stats.neighbours(recorded.trials)
    return dict(table.set_index(["quantity", "kind", "backend", "condition"]).iterrows())


@pytest.fixture(scope="module")
def ratios(recorded: Neighbours) -> pd.Series:
    table = stats.neighbours(recorded.trials)
    index = table.set_index(["quantity", "kind", "backend", "condition"])
    return index["median_ratio"].sort_index()


@pytest.fixture(scope="module")
def work(recorded: Neighbours) -> pd.DataFrame:
    table = stats.neighbours_work(recorded.trials)
    return table.set_index(["kind", "backend", "condition"]).sort_index()


def answers(word: str) -> dict[str, str]:
    """Backend → output of the recorded script of this chapter that holds this word."""
    recorded = load("shell")
    (asked,) = [one for one in recorded.manifest.plan.scripts.values() if word in one.text]
    return {answer.backend: answer.stdout for answer in answers_to(recorded, asked)}


def test_all_that_the_text_speaks_of_is_there_and_nothing_failed(recorded: Neighbours) -> None:
    assert set(recorded.trials["backend"]) == set(BACKENDS)
    assert set(recorded.trials["status"]) == {"ok", "left out"}
    assert recorded.trials["errors"].fillna(0).max() == 0


def test_on_one_cpu_a_victim_keeps_half_and_the_emulated_one_less(ratios: pd.Series) -> None:
    kept = ratios["throughput", "cpu"].xs("unlimited", level="condition")
    assert 0.4 < kept["host"] < 0.6 and 0.4 < kept["docker"] < 0.6
    assert 0.15 < kept["qemu"] < 0.5
    for name in BACKENDS:
        assert 1.3 < ratios["p95", "cpu", name, "unlimited"] < 5


def test_on_another_cpu_the_victim_has_its_own_again(
    recorded: Neighbours, cells: dict[Any, Any], work: pd.DataFrame
) -> None:
    assert recorded.manifest.host.cpus == 2 and recorded.manifest.cpus_share_core is False
    good = recorded.trials[recorded.trials["status"] == "ok"]
    limited = good[(good["kind"] == "cpu") & (good["condition"] == "limited")]
    assert (limited["neighbour_cpu"] != limited["victim_cpu"]).all()
    for name in BACKENDS:
        cell = cells["throughput", "cpu", name, "limited"]
        assert cell["median_ratio"] > 0.75 and cell["high_ratio"] > 1
        rate = work["median_mib_per_s"]["cpu", name]
        assert rate["limited"] > 1.5 * rate["unlimited"]


def test_memory_and_disk_cost_the_victims_little(cells: dict[Any, Any]) -> None:
    for name in BACKENDS:
        memory, disk = (cells["throughput", kind, name, "unlimited"] for kind in ("memory", "disk"))
        assert memory["low_ratio"] < 1 < memory["high_ratio"]
        assert 0.7 < disk["median_ratio"] < 0.95
    for name in ("docker", "qemu"):
        assert cells["throughput", "disk", name, "limited"]["median_ratio"] > 0.9


def test_memory_is_refused_beyond_the_limit_and_the_victim_goes_on(
    ratios: pd.Series, work: pd.DataFrame
) -> None:
    for name in BACKENDS:
        rate, refused = (work[c]["memory", name] for c in ("median_mib_per_s", "refused"))
        assert rate["limited"] == 0 and refused["limited"] > 0
        assert rate["unlimited"] > 0 and refused["unlimited"] == 0
        assert ratios["throughput", "memory", name, "limited"] > 0.3


def test_in_one_row_the_slow_requests_are_slower_with_the_limit(
    recorded: Neighbours, work: pd.DataFrame
) -> None:
    """The emulated machine beside memory, in each block; its neighbour is refused and goes on."""
    good = recorded.trials[recorded.trials["status"] == "ok"]
    p95 = (
        good.set_index(["kind", "backend", "condition", "block"])["p95_s"]
        .astype(float)
        .sort_index()
    )
    worse = {
        (kind, name)
        for kind, name in {(kind, name) for kind, name, *_ in p95.index}
        if "limited" in p95[kind, name]
        and (p95[kind, name, "limited"] > p95[kind, name, "unlimited"]).all()
    }
    assert worse == {("memory", "qemu")}
    assert work["refused"]["memory", "qemu", "limited"] > 0


def test_the_rate_of_writing_is_kept_where_it_can_be(
    recorded: Neighbours, work: pd.DataFrame
) -> None:
    for name in ("docker", "qemu"):
        rates = work["median_mib_per_s"]["disk", name]
        assert rates["limited"] < 1.2 * 8 < rates["unlimited"]
    left = recorded.trials[recorded.trials["status"] == "left out"]
    assert left[["backend", "kind", "condition"]].to_numpy().tolist() == [
        ["host", "disk", "limited"]
    ]


def test_a_container_sees_the_computer_and_a_guest_its_machine() -> None:
    seen = {name: numbers(text) for name, text in answers("echo kernel").items()}
    kernels = {name: text.split()[1] for name, text in answers("echo kernel").items()}
    assert kernels["docker"] != kernels["qemu"]
    assert seen["docker"]["processors"] > seen["docker"]["usable"] == 1
    assert seen["qemu"]["processors"] == seen["qemu"]["usable"] == 1
    assert seen["docker"]["MemTotal:"] > 2 * 2**20 > 256 * 2**10 > seen["qemu"]["MemTotal:"]
    assert seen["docker"]["for"] > seen["qemu"]["for"]  # how long it has been running


def test_names_are_hidden_and_a_guest_has_more_of_its_own() -> None:
    text = answers("echo processes:")
    seen = {name: numbers(said) for name, said in text.items()}
    assert 1 < seen["docker"]["processes:"] < 30 < seen["qemu"]["processes:"]
    assert all("network: lo\n" in said for said in text.values())
    networks = answers("ls /sys/class/net")  # no network is the lab's choice, not Docker's
    assert "eth0" in networks["docker:network=bridge"] and "eth0" not in networks["docker"]
    devices = {name: said.partition("devices: ")[2].split() for name, said in text.items()}
    assert {"null", "zero"} < set(devices["docker"])
    assert not {name for name in devices["docker"] if name.startswith(("nvme", "sd", "vd", "mem"))}
    assert len(devices["qemu"]) > len(devices["docker"]) and "nvme0n1" in devices["qemu"]


def numbers(text: str) -> dict[str, float]:
    """Each number in a text by the word before it."""
    words = text.replace(",", " ").split()
    return {
        before: float(word)
        for before, word in itertools.pairwise(words)
        if re.fullmatch(r"\d+(\.\d+)?", word)
    }

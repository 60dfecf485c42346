"""What notebook 00 says in words, held to the recorded run that it shows.

Its sentences speak of orders of magnitude. A run that is recorded anew and fails here needs
another sentence, or another look at the run.
"""

from __future__ import annotations

import pandas as pd
import pytest

from labkit import stats, store
from labkit.store import Run

EMULATING = {"tcg", "vbox-recompiler"}


@pytest.fixture(scope="module")
def run() -> Run:
    return store.load("first-comparison")


@pytest.fixture(scope="module")
def summary(run: Run) -> pd.DataFrame:
    return stats.summary(run).set_index("backend")


@pytest.fixture(scope="module")
def machines(run: Run) -> list[str]:
    """The virtual machines that boot; a resumed one is another matter."""
    infos = run.manifest.backends
    families = {"hypervisor", "host-virtualization"}
    return [n for n, info in infos.items() if info.family in families and info.start == "cold"]


def test_all_that_the_text_speaks_of_is_there_and_nothing_failed(
    summary: pd.DataFrame, machines: list[str]
) -> None:
    assert "qemu" in machines
    assert (summary["n_failed"] == 0).all()
    assert not summary.loc[["host", "docker", "qemu"], "few"].any()


def test_thousandths_tenths_and_whole_seconds_until_ready(
    summary: pd.DataFrame, machines: list[str]
) -> None:
    seconds = summary["median_startup_s"]
    assert 0.001 <= seconds["host"] < 0.01
    assert 0.1 <= seconds["docker"] < 1
    for machine in machines:
        limit = 10 if summary.at[machine, "engine"] != "vbox-recompiler" else 600
        assert 1 <= seconds[machine] < limit


def test_where_the_time_goes(run: Run, machines: list[str]) -> None:
    phases = stats.timeline(run.milestones, run.trials).set_index(["backend", "phase"])
    assert phases["share"]["docker", "created → started"] > 0.7
    assert phases["length_s"]["docker", "started → ready"] < 0.01
    for machine in machines:
        booting = phases.loc[machine].loc[["started → kernel", "kernel → ready"], "share"]
        assert booting.sum() > 0.5


def test_a_container_is_mostly_its_helper_and_a_machine_is_many_times_more(
    run: Run, machines: list[str]
) -> None:
    table = stats.memory(run.samples, run.trials)
    pss = table[table["metric"] == "pss"].set_index(["backend", "role"])["median_bytes"]
    assert 0.5 < pss["docker", "instance"] / pss["host", "instance"] < 2
    assert pss["docker", "helper"] > pss["docker", "instance"]
    assert pss["docker", "services"] > 3 * pss["docker", "each"]
    assert pss["docker", "services"] > 100 * 2**20  # the colleague in the second question
    for machine in machines:
        assert pss[machine, "each"] > 5 * pss["docker", "each"]


def test_a_container_computes_like_a_process_and_an_emulated_machine_does_not(
    summary: pd.DataFrame, machines: list[str]
) -> None:
    ratio = summary["median_ratio"]
    assert 0.85 < ratio["docker"] < 1.15
    for machine in machines:
        if summary.at[machine, "engine"] in EMULATING:
            assert ratio[machine] < 0.25
    assert summary["median_host_cpu_s_per_s"].between(0.8, 1.3).all()


def test_what_the_same_work_costs_the_host(run: Run, machines: list[str]) -> None:
    spent = stats.cpu_spent(run.samples, run.results, run.trials)
    spent = spent[spent["role"] == "all"].set_index(["backend", "workload"])
    cost = spent["median_host_cpu_s_per_1000_ops"]
    assert 0.8 < cost["docker", "cpu"] / cost["host", "cpu"] < 1.25
    idle = spent["median_host_cpu_s_per_s"]
    for machine in machines:
        if spent["engine"][machine, "cpu"] in EMULATING:
            assert cost[machine, "cpu"] > 4 * cost["host", "cpu"]
            assert idle[machine, "idle"] > 0.02 > idle["host", "idle"]


def test_calls_into_the_kernel_lose_some_speed_in_a_container(run: Run) -> None:
    table = stats.throughput(run.results, run.trials)
    speed = table.set_index(["backend", "workload"])["median_ratio"]
    for workload in ("syscall", "fork"):
        assert 0.5 < speed["docker", workload] < 1.1

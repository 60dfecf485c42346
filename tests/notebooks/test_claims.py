"""What notebook 00 says in words, held to the recorded run that it shows.

Its sentences speak of orders of magnitude. A run that is recorded anew and fails here needs
another sentence, or another look at the run.
"""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

import labkit
from labkit import benchmark
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.table import load_run
from tests.notebooks.books import NOTEBOOKS, code_cells, texts

CHAPTER = NOTEBOOKS[0]
EMULATING = {"tcg", "vbox-recompiler"}


@pytest.fixture(scope="module")
def run() -> Run:
    return load_run("first-comparison")


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


def test_times_as_long_are_divided_within_each_block(run: Run) -> None:
    """One median by another would be another figure: the cell must not show that one."""
    startup = stats.startup(run.trials).set_index("backend")
    shown = "".join("".join(texts(cell)) for cell in code_cells(CHAPTER) if "times" in cell.source)
    medians = startup["median_s"] / startup["median_s"]["host"]
    for backend in ("docker", "qemu", "virtualbox"):
        assert round(medians[backend]) != round(startup["median_ratio"][backend])
        assert f"{startup['median_ratio'][backend]:.0f}" in shown


def test_from_label_to_label_of_the_logarithmic_axis_is_a_hundred_times(run: Run) -> None:
    timeline = stats.timeline(run.milestones, run.trials)
    axes = benchmark.charts.startup(stats.startup(run.trials), timeline).figure.axes[0]
    labelled = [x for x in axes.get_xticks() if axes.get_xlim()[0] <= x <= axes.get_xlim()[1]]
    assert [b / a for a, b in pairwise(labelled)] == pytest.approx([100.0] * (len(labelled) - 1))


def test_overlapping_intervals_decide_nothing() -> None:
    """The case that the text names: they overlap, and the interval of the ratio leaves 1 out."""
    trials = labkit.load("docker-variants").trials
    spread = stats.startup(trials).set_index("backend")
    bridge = "docker:network=bridge"
    assert spread["low_s"][bridge] < spread["high_s"]["docker"]
    good = trials[(trials["status"] == "ok") & (trials["stage"] == "measured")]
    with_it, without = (good[good["backend"] == name] for name in (bridge, "docker"))
    table = labkit.stats.ratios(with_it, without, "startup_s", ["backend"], pair="block")
    ratio = table.iloc[0]
    assert ratio["low_ratio"] > 1


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


def test_calls_into_the_kernel_lose_some_speed_in_a_container_and_forks_do_not(run: Run) -> None:
    table = stats.throughput(run.results, run.trials).set_index(["backend", "workload"]).T
    syscall, fork = table["docker", "syscall"], table["docker", "fork"]
    assert syscall["high_ratio"] < 1 and syscall["median_ratio"] > 0.5
    assert fork["low_ratio"] <= 1 <= fork["high_ratio"]

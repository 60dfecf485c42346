"""What chapters 11 and 12 say in words, held to the recordings that they show."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.course.spectrum import boundaries
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark_stats
from labkit.experiments.orchestration import stats
from labkit.experiments.table import load
from labkit.recordings.words import MACHINES, OWN_KERNEL

LIGHT = ("namespaces", "container")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return boundaries().set_index("backend")


def test_the_kernel_is_the_hosts_above_the_user_space_kernels(table: pd.DataFrame) -> None:
    own = table["family"].isin(OWN_KERNEL)
    assert set(table["kernel"][own]) == {"own"} and set(table["kernel"][~own]) == {"host"}
    assert set(table["shared"][own]) == {0} and (table["shared"][~own] > 0).all()


def test_namespaces_and_containers_start_before_each_machine(table: pd.DataFrame) -> None:
    light = table[table["family"].isin(LIGHT)]
    assert light["median_s"].max() < table[table["family"].isin(MACHINES)]["median_s"].min()


def test_the_boundary_is_quick_and_its_engine_takes_the_time(table: pd.DataFrame) -> None:
    seconds = table["median_s"]
    assert seconds[["unshare", "bubblewrap"]].max() < 0.1
    assert seconds["docker"] > 2 * seconds["runc"]


def test_memory_grows_with_helpers_kernels_and_machines(table: pd.DataFrame) -> None:
    mib = table["median_mib"]
    assert mib[table["family"] == "namespaces"].max() < 3 < mib["docker"]
    assert mib["docker"] < mib[table["family"] == "user-space-kernel"].min()
    assert mib[table["family"].isin(MACHINES)].min() > 100


def test_a_system_call_is_dear_behind_a_user_space_kernel_only(table: pd.DataFrame) -> None:
    times = table["median_call_us"] / table["median_call_us"]["host"]
    hosts = times[~table["family"].isin(OWN_KERNEL)]
    filtered = table["system calls"].reindex(hosts.index) == "nothing"
    assert set(hosts[filtered].index) == {"firejail", "lxc", "nspawn", "podman", "docker"}
    assert hosts[filtered].between(1.15, 1.25).all() and hosts[~filtered].between(0.9, 1.1).all()
    assert times[table["family"] == "user-space-kernel"].min() > 10


def test_a_pipe_costs_behind_a_user_space_kernel_and_next_to_nothing_in_a_container() -> None:
    run = load("spectrum")
    speeds = benchmark_stats.throughput(run.results, run.trials)
    cpu = speeds[speeds["workload"] == "cpu"].set_index("backend")["median_ops_per_s"]
    longer = cpu["host"] / cpu
    assert 2 < longer["runsc"] < 3
    assert longer[["unshare", "bubblewrap", "runc", "docker"]].between(0.9, 1.1).all()


def test_an_idle_machine_takes_a_twentieth_of_a_processor_here_as_chapter_04_says() -> None:
    run = load("spectrum")
    table = benchmark_stats.idle_burn(run.samples, run.results, run.trials)
    idle = table.set_index(["backend", "role"])["median_host_cpu_s_per_s"]
    assert round(idle["qemu", "all"], 2) == 0.05


# 12


def test_what_the_orchestrator_did() -> None:
    recorded = load("orchestration")
    table = stats.outcomes(recorded.outcomes).set_index("part")
    seconds, pods, lost = table["median_s"], table["pods"], table["lost"]
    assert 0.5 < seconds["heal"] < 2.5
    assert pods["scale"] == 20
    rollouts = ["rollout abrupt", "rollout patient"]
    assert (lost[rollouts] == 0).all()
    durations = recorded.outcomes[recorded.outcomes["part"].isin(rollouts)]["seconds"]
    assert durations.min() > 10 and durations.max() > 60


def test_the_new_pods_answer_long_before_the_old_ones_are_off_the_list() -> None:
    table = load("orchestration").moments.query("trial == 5 and part == 'rollout patient'")
    pods = table.pivot(index="number", columns="moment", values="at_s")
    assert pods["ready"].max() < 6
    assert pods["deleted"].min() > 10 and pods["deleted"].max() > 60


def test_pods_that_are_added_together_answer_one_by_one_as_by_a_clock() -> None:
    pods = stats.coming_up(load("orchestration").moments).query("part == 'scale'")
    for _, ready in pods.groupby("trial")["ready_s"]:
        apart = ready.sort_values().diff().dropna()
        assert 5 < ready.min() < 10 and apart.between(0.38, 0.42).mean() > 0.7


def test_a_pod_is_noted_and_placed_at_once_and_takes_its_time_to_answer() -> None:
    pods = stats.coming_up(load("orchestration").moments)
    medians = pods.groupby("part")[["scheduled_s", "ready_s"]].median()
    together = medians.loc[["heal", "scale"]]  # the pods of a rollout are asked for one by one
    assert (together["scheduled_s"] < 0.1 * together["ready_s"]).all()


def test_the_published_figures_that_the_chapter_names() -> None:
    figures = published.load()
    said = figures.set_index("id").loc[["lightvm-boot", "lightvm-fork-exec"]]
    assert list(said["value"]) == [2.3, 1] and set(said["unit"]) == {"ms"}
    limit = figures.set_index("id").loc["firecracker-spec-startup"]
    assert (limit["bound"], limit["value"], limit["unit"]) == ("<=", 125, "ms")
    judged = benchmark_stats.beside(figures, benchmark_stats.comparable(load("spectrum"), figures))
    times = judged[judged["quantity"] == "startup"]
    assert 0 < times["shown"].sum() < len(times) / 4  # nearly all must not stand beside ours

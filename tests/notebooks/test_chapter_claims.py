"""What the chapters say in words, held to the recorded run that they show, as test_claims does it
for the first notebook: orders of magnitude, so that a run that is recorded anew keeps them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from labkit import paths, published, stats, store
from labkit.store import Run

MIB = 2**20


@pytest.fixture(scope="module")
def run() -> Run:
    return store.load("first-comparison")


@pytest.fixture(scope="module")
def memory(run: Run) -> pd.Series:
    table = stats.memory(run.samples, run.trials)
    return table.set_index(["backend", "metric", "role"])["median_bytes"]


# 02


def test_the_program_in_a_container_is_as_quick_as_a_process(run: Run) -> None:
    table = stats.timeline(run.milestones, run.trials).set_index(["backend", "phase"])
    own = table["length_s"][:, "started → ready"]
    assert own["docker"] < 0.02
    assert 0.3 < own["docker"] / own["host"] < 3
    assert table["share"]["docker", "created → started"] > 0.7
    assert table["share"]["qemu"].idxmax() == "kernel → ready"


def test_process_container_and_booting_machine_lie_apart(run: Run) -> None:
    starts = stats.distribution(run.trials).groupby("backend")["startup_s"]
    assert starts.max()["host"] < starts.min()["docker"]
    assert starts.max()["docker"] < starts.min()["qemu"]


def test_in_multiples_of_a_container_the_machine_takes_several_times(run: Run) -> None:
    good = run.trials[run.trials["status"] == "ok"]
    good = good[good["stage"] == "measured"]
    by_name = dict(tuple(good.groupby("backend")))
    boot = _ratio(by_name["qemu"], by_name["docker"])
    assert 2 < boot["median_ratio"] < 50
    assert boot["delta"] == 1
    resumed = _ratio(by_name["qemu-resumed"], by_name["qemu"])
    assert resumed["high_ratio"] < 0.7
    close = _ratio(by_name["qemu-resumed"], by_name["docker"])
    assert 0.2 < close["median_ratio"] < 5


def test_what_remains_of_a_resumed_start_is_over_before_started(run: Run) -> None:
    table = stats.timeline(run.milestones, run.trials).set_index(["backend", "phase"])
    assert table["share"]["qemu-resumed", "started → ready"] < 0.5
    infos = run.manifest.backends
    for name in ("host", "docker"):
        assert infos[name].cannot["resumed start"]
    for name, info in infos.items():
        assert info.start == ("resumed" if name.endswith("-resumed") else "cold")


def test_hardly_any_published_start_may_stand_beside_ours(run: Run) -> None:
    figures = published.load()
    table = stats.beside(figures, stats.comparable(run, figures))
    starts = table[table["quantity"] == "startup"]
    assert 1 <= starts["shown"].sum() <= 3
    assert 8 <= len(starts) <= 20
    assert starts["reason"].str.contains("to the end of the container").any()
    assert starts["reason"].str.contains("is hardware virtualization, but").sum() > 2


# 03


def test_the_process_shrinks_from_metric_to_metric_and_a_machine_hardly(memory: pd.Series) -> None:
    for name in ("rss", "pss"):
        smaller = {"rss": "pss", "pss": "uss"}[name]
        assert memory["host", name, "each"] > 1.5 * memory["host", smaller, "each"]
        assert memory["qemu", name, "each"] < 1.2 * memory["qemu", smaller, "each"]


def test_the_container_changes_its_verdict(memory: pd.Series) -> None:
    process, container = memory["host", "pss", "each"], memory["docker", "pss", "each"]
    assert 3 < container / process < 20
    assert memory["docker", "cgroup", "instance"] < 1.25 * process
    assert 0.3 * MIB < memory["docker", "cgroup", "instance"] < 3 * MIB
    assert 10 * MIB < container < 20 * MIB  # the title's 14
    assert memory["docker", "pss", "helper"] > memory["docker", "pss", "instance"]
    whole = container + memory["docker", "pss", "services"]
    assert whole > 100 * MIB
    assert 0.3 < whole / memory["qemu", "pss", "each"] < 3


def test_a_guest_says_less_than_the_host_has_given(memory: pd.Series) -> None:
    """Where the run was recorded with the guest's view."""
    told = memory[:, "guest", "instance"].dropna()
    for name, size in told.items():
        assert size < memory[str(name), "pss", "each"]


def test_each_further_container_is_small_and_each_further_machine_is_whole(run: Run) -> None:
    """Where the run was recorded with several instances at once."""
    if not run.manifest.plan.instances:
        assert run.instances.empty  # and the notebook says so
        return
    table = stats.instances(run.instances, run.trials)
    table = table[(table["metric"] == "pss") & (table["role"] == "all")]
    costs = table.set_index(["backend", "running"])["marginal_bytes"]
    assert costs["docker", 4] < 0.3 * costs["qemu", 4]
    assert 0.7 < costs["qemu", 4] / costs["qemu", 1] < 1.3


def test_containers_by_the_thousand_and_machines_by_dozens(memory: pd.Series) -> None:
    room = 16 * 2**30
    assert (room - memory["docker", "pss", "services"]) / memory["docker", "pss", "each"] > 500
    assert 30 < room / memory["qemu", "pss", "each"] < 200


def test_a_container_sees_the_hosts_memory_and_a_guest_its_own(run: Run) -> None:
    files = (paths.reference_dir() / "everywhere").glob("*.json")
    found = [json.loads(file.read_text()) for file in files]
    (kept,) = (one for one in found if one["script"].startswith("grep MemTotal"))
    seen = {answer["backend"]: int(answer["out"].split()[1]) * 1024 for answer in kept["answers"]}
    assert seen["docker"] > 1024 * MIB
    assert 180 * MIB < seen["qemu"] < run.manifest.plan.limits.memory_mib * MIB


# 04


def test_an_emulated_machine_has_no_single_slowness(run: Run) -> None:
    table = stats.throughput(run.results, run.trials).set_index(["backend", "workload"])
    ratios = table["median_ratio"]["qemu"].dropna()
    assert 0.02 < ratios["cpu"] < 0.3
    assert ratios.max() > 1.3 * ratios.min()
    assert ratios["cpu"] > 10 * table["median_ratio"]["virtualbox", "cpu"]


def test_slower_at_a_full_processor_is_dearer(run: Run) -> None:
    spent = stats.cpu_spent(run.samples, run.results, run.trials)
    whole = spent[(spent["workload"] == "cpu") & (spent["role"] == "all")].set_index("backend")
    assert whole["median_host_cpu_s_per_s"].between(0.8, 1.3).all()
    speed = stats.throughput(run.results, run.trials)
    ratio = speed[speed["workload"] == "cpu"].set_index("backend")["median_ratio"]
    assert 0.6 < whole.at["qemu", "median_relative"] * ratio["qemu"] < 1.6


def test_waiting_costs_a_machine_some_and_an_interpreted_one_more(run: Run) -> None:
    table = stats.idle_burn(run.samples, run.results, run.trials)
    burn = table[table["role"] == "all"].set_index("backend")["median_host_cpu_s_per_s"]
    assert burn["host"] < 0.015
    assert burn["docker"] < 0.03
    assert 0.01 < burn["qemu"] < 0.3
    assert burn["virtualbox"] > 2 * burn["qemu"]


def test_who_has_the_hosts_kernel_has_its_clock(run: Run) -> None:
    results = run.results
    ratio = results["guest_seconds"].astype(float) / results["seconds"]
    for name in ("host", "docker"):
        assert ratio[results["backend"] == name].between(0.95, 1.05).all()


def test_published_machines_with_kvm_are_near_one_and_not_drawn(run: Run) -> None:
    figures = published.load()
    table = stats.beside(figures, stats.comparable(run, figures))
    table = table[table["quantity"] == "cpu_throughput"]
    kvm = table[table["engine"] == "kvm"]
    assert not kvm["shown"].any()
    assert (kvm["amount"] > 0.9).sum() == len(kvm) - 1
    assert table.loc[table["backend"] == "docker", "shown"].all()


def _ratio(values: pd.DataFrame, reference: pd.DataFrame) -> pd.Series:
    table = stats.ratios(values, reference, "startup_s", ["backend"], pair="block")
    return table.iloc[0]

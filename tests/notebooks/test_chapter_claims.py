"""What the chapters say in words, held to the recorded run that they show, as test_claims does it
for the first notebook: orders of magnitude, so that a run that is recorded anew keeps them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit import stats
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark_stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.density import stats as density_stats
from labkit.experiments.shell.text import answers_to
from labkit.experiments.table import load, load_run

MIB = 2**20


@pytest.fixture(scope="module")
def run() -> Run:
    return load_run("first-comparison")


@pytest.fixture(scope="module")
def memory(run: Run) -> pd.Series:
    table = benchmark_stats.memory(run.samples, run.trials)
    return table.set_index(["backend", "metric", "role"])["median_bytes"]


@pytest.fixture(scope="module")
def crowd() -> pd.Series:
    """(backend, how many run) → PSS of all of them and what the services grew by."""
    return _together("density")


@pytest.fixture(scope="module")
def machines() -> pd.Series:
    return _together("density-machines")


def _together(name: str) -> pd.Series:
    recorded = load_run(name)
    table = benchmark_stats.instances(recorded.instances, recorded.trials)
    table = table[(table["metric"] == "pss") & (table["role"] == "all")]
    return table.set_index(["backend", "running"])["total_bytes"]


# 02


def test_the_program_in_a_container_is_as_quick_as_a_process(run: Run) -> None:
    table = benchmark_stats.timeline(run.milestones, run.trials).set_index(["backend", "phase"])
    own = table["length_s"][:, "started → ready"]
    assert own["docker"] < 0.02
    assert 0.3 < own["docker"] / own["host"] < 3
    assert table["share"]["docker", "created → started"] > 0.7
    assert table["share"]["qemu"].idxmax() == "kernel → ready"


def test_process_container_and_booting_machine_lie_apart(run: Run) -> None:
    starts = benchmark_stats.distribution(run.trials).groupby("backend")["startup_s"]
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
    assert close["low_ratio"] > 1 and close["high_ratio"] < 2.5  # one to two container starts


def test_what_remains_of_a_resumed_start_is_over_before_started(run: Run) -> None:
    table = benchmark_stats.timeline(run.milestones, run.trials).set_index(["backend", "phase"])
    assert table["share"]["qemu-resumed", "started → ready"] < 0.5
    infos = run.manifest.backends
    for name in ("host", "docker"):
        assert infos[name].unsupported["resumed start"]
    for name, info in infos.items():
        assert info.start == ("resumed" if name.endswith("-resumed") else "cold")


def test_hardly_any_published_start_may_stand_beside_ours(run: Run) -> None:
    figures = published.load()
    table = benchmark_stats.beside(figures, benchmark_stats.comparable(run, figures))
    starts = table[table["quantity"] == "startup"]
    assert 1 <= starts["shown"].sum() <= 3
    assert 8 <= len(starts) <= 20
    assert starts["reason"].str.contains("to the end of the container").any()
    assert starts["reason"].str.contains("is hardware virtualization, but").sum() > 2


def test_systemd_knows_nearly_all_of_the_machines_boot_and_little_of_the_containers() -> None:
    boot = benchmark_stats.boot(load_run("distribution")).set_index(["backend", "figure"])
    median: Any = boot["median_s"]
    machine, container = median["qemu:distribution=booted"], median["docker:distribution=booted"]
    assert 0.85 < machine["total"] / machine["ours"] < 1
    assert container["total"] / container["ours"] < 0.5
    assert "kernel" in machine and "kernel" not in container
    assert machine["userspace"] > 5 * container["userspace"]
    by_one, by_two = machine["ours"] / container["ours"], machine["ours"] / container["total"]
    assert 5 < by_one < 0.6 * by_two
    # The second that agetty waits is most of what a login alone takes.
    plain = median["docker:distribution=plain", "ours"]
    assert 1 < plain < 2
    assert set(boot.loc[boot.index.get_level_values("figure") == "ours", "n"]) == {5}


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
    table = benchmark_stats.instances(run.instances, run.trials)
    table = table[(table["metric"] == "pss") & (table["role"] == "all")]
    costs = table.set_index(["backend", "running"])["marginal_bytes"]
    assert costs["docker", 4] < 0.3 * costs["qemu", 4]
    assert 0.7 < costs["qemu", 4] / costs["qemu", 1] < 1.3


def test_a_pss_falls_to_a_quarter_by_the_others_alone(crowd: pd.Series) -> None:
    one = {n: crowd["docker", n] / n / MIB for n in (1, 10, 25, 50)}
    assert 12 < one[1] < 16 and one[10] < 4 and 3 < one[50] < 4
    assert one[50] / one[1] < 0.3 and 0.85 < one[50] / one[10] < 1.1


def test_containers_by_the_thousand_and_machines_by_about_a_hundred(
    memory: pd.Series, crowd: pd.Series, machines: pd.Series
) -> None:
    room = 16 * 2**30
    container = (crowd["docker", 50] - crowd["docker", 10]) / 40
    many = (room - memory["docker", "pss", "services"]) / container
    lone = (room - memory["docker", "pss", "services"]) / memory["docker", "pss", "each"]
    assert 3000 < many < 8000 and 0.2 < lone / many < 0.3
    assert 80 < room / ((machines["qemu", 8] - machines["qemu", 1]) / 7) < 125


def test_a_strangers_qemu_makes_the_first_machine_smaller_by_pss(run: Run) -> None:
    """The same RSS and another PSS: more of its pages were shared than its own fellows can share.
    A recording of a computer with no other QEMU needs another sentence."""
    first = []
    for recorded in (run, load_run("density-machines")):
        rows = recorded.instances
        mine = rows[(rows["backend"] == "qemu") & (rows["running"] == 1) & (rows["instance"] == 1)]
        first.append(mine[["rss_bytes", "pss_bytes", "uss_bytes"]].astype(float).iloc[0] / MIB)
    alone, beside = first
    assert beside["rss_bytes"] == pytest.approx(alone["rss_bytes"], rel=0.01)
    assert beside["pss_bytes"] < alone["pss_bytes"] - 10
    assert beside["uss_bytes"] < alone["uss_bytes"] - 10


def test_eight_machines_take_eight_times_what_each_adds(machines: pd.Series) -> None:
    each = machines["qemu"].diff().dropna() / MIB
    assert len(each) == 7 and each.between(150, 170).all()
    assert 155 < machines["qemu", 8] / 8 / MIB < 170


def test_starts_together_stop_gaining_at_the_number_of_processors() -> None:
    recorded = load("density-starts")
    table = density_stats.groups(recorded.groups)
    assert recorded.manifest.host.cpus == 2
    assert set(density_stats.knees(table)["knee"]) == {2}
    together = table[table["way"] == "together"].set_index(["backend", "level"])
    rate, cpu = together["median_per_s"], together["median_cpu_s"]
    assert all(9 < rate["docker", number] < 12 for number in (2, 4, 8, 16))
    assert 0.14 < cpu["docker", 1] < 0.2 and 2 / cpu["docker", 2] < 13.5
    assert rate["qemu", 2] > 1.5 * rate["qemu", 16] and cpu["qemu", 16] > 1.5 * cpu["qemu", 1]
    saved = density_stats.speed_up(recorded.groups).set_index(["backend", "level"])
    assert saved["high_ratio"]["docker", 16] < 2.1 and saved["low_ratio"]["docker", 16] > 1.4
    each = table.set_index(["backend", "way", "level"])["median_marginal_bytes"] / MIB
    for name in ("docker", "qemu"):
        ways = (each[name, way, 16] for way in ("one by one", "together"))
        assert next(ways) == pytest.approx(next(ways), rel=0.2)


def test_what_machines_share_is_the_hypervisors_files(run: Run) -> None:
    """Some 20 MiB of the first one are paid once; the rest is whole in each."""
    table = benchmark_stats.instances(run.instances, run.trials)
    table = table[(table["metric"] == "pss") & (table["role"] == "all")]
    costs = table.set_index(["backend", "running"])["marginal_bytes"] / MIB
    for name in ("qemu", "qemu-resumed"):
        assert 10 < costs[name, 1] - costs[name, 2] < 30
        assert costs[name, 4] == pytest.approx(costs[name, 2], rel=0.02)


def test_a_resumed_qemu_takes_less_and_a_resumed_virtualbox_more(memory: pd.Series) -> None:
    """By what the text's look into smaps says: less translated code, all of the guest's RAM."""
    pss = memory.xs("pss", level="metric").xs("instance", level="role") / MIB
    assert pss["qemu"] - pss["qemu-resumed"] == pytest.approx((90 - 84) + (36 - 12), abs=12)
    assert pss["virtualbox-resumed"] - pss["virtualbox"] == pytest.approx(254 - 76, abs=12)


def test_a_container_sees_the_hosts_memory_and_a_guest_its_own(run: Run) -> None:
    recorded = load("shell")
    scripts = recorded.manifest.plan.scripts.values()
    (asked,) = [one for one in scripts if one.text.startswith("grep MemTotal")]
    told = {row.backend: int(row.stdout.split()[1]) * 1024 for row in answers_to(recorded, asked)}
    assert told["docker"] > 1024 * MIB
    assert 180 * MIB < told["qemu"] < run.manifest.plan.limits.memory_mib * MIB


# 04


def test_a_container_loses_at_system_calls_and_not_at_forks(run: Run) -> None:
    table = benchmark_stats.throughput(run.results, run.trials).set_index(["backend", "workload"]).T
    assert table["docker", "syscall"]["high_ratio"] < 1
    assert table["docker", "fork"]["low_ratio"] <= 1 <= table["docker", "fork"]["high_ratio"]


def test_an_emulated_machine_has_no_single_slowness(run: Run) -> None:
    table = benchmark_stats.throughput(run.results, run.trials).set_index(["backend", "workload"])
    ratios = table["median_ratio"]["qemu"].dropna()
    assert 0.02 < ratios["cpu"] < 0.3
    assert ratios.max() > 1.3 * ratios.min()
    assert ratios["cpu"] > 10 * table["median_ratio"]["virtualbox", "cpu"]


def test_slower_at_a_full_processor_is_dearer(run: Run) -> None:
    spent = benchmark_stats.cpu_spent(run.samples, run.results, run.trials)
    whole = spent[(spent["workload"] == "cpu") & (spent["role"] == "all")].set_index("backend")
    assert whole["median_host_cpu_s_per_s"].between(0.8, 1.3).all()
    speed = benchmark_stats.throughput(run.results, run.trials)
    ratio = speed[speed["workload"] == "cpu"].set_index("backend")["median_ratio"]
    assert 0.6 < whole.at["qemu", "median_relative"] * ratio["qemu"] < 1.6


def test_waiting_costs_a_machine_some_and_an_interpreted_one_more(run: Run) -> None:
    table = benchmark_stats.idle_burn(run.samples, run.results, run.trials)
    docker = table[(table["backend"] == "docker") & (table["role"] == "all")].iloc[0]
    assert docker["low_host_cpu_s_per_s"] == 0  # of a container nothing could be seen either
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
    table = benchmark_stats.beside(figures, benchmark_stats.comparable(run, figures))
    table = table[table["quantity"] == "cpu_throughput"]
    kvm = table[table["engine"] == "kvm"]
    assert not kvm["shown"].any()
    assert (kvm["amount"] > 0.9).sum() == len(kvm) - 1
    assert table.loc[table["backend"] == "docker", "shown"].all()


def _ratio(values: pd.DataFrame, reference: pd.DataFrame) -> pd.Series:
    table = stats.ratios(values, reference, "startup_s", ["backend"], pair="block")
    return table.iloc[0]


def test_the_same_machine_keeps_most_of_the_speed_under_kvm_and_a_hundredth_under_tcg() -> None:
    twice = load_run("emulated-amd-v")
    assert twice.manifest.host.emulated
    speeds = benchmark_stats.throughput(twice.results, twice.trials)
    engines = speeds.drop_duplicates("backend").set_index("backend")["engine"]
    assert (engines["qemu"], engines["qemu:engine=tcg"]) == ("kvm", "tcg")
    ratios = speeds.set_index(["workload", "backend"])
    kept: Any = ratios["median_ratio"]
    assert 0.7 < kept["cpu", "qemu"] < 0.8  # three quarters
    assert kept["cpu", "qemu:engine=tcg"] < 0.01
    calls: Any = ratios.loc[("syscall", "qemu")]
    assert calls["low_ratio"] < 1 < calls["high_ratio"]

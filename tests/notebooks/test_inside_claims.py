"""What chapters 07 to 09 say in words, held to what was recorded, as test_chapter_claims does it
for the chapters before: orders of magnitude, so that a run that is recorded anew keeps them."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest

import labkit
from labkit import stats
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark_stats
from labkit.experiments.benchmark.comparison import compare
from labkit.experiments.benchmark.records import Run
from labkit.experiments.deployment import stats as deployment_stats
from labkit.experiments.docker_internals import stats as docker_internals_stats

MIB = 2**20
BRIDGE, SHARED = "docker:network=bridge", "docker:network=host"
FREE = "docker:seccomp=unconfined"


@pytest.fixture(scope="module")
def layered() -> Run:
    return labkit.load("engine-parts")


@pytest.fixture(scope="module")
def steps(layered: Run) -> pd.DataFrame:
    """quantity, backend → median, low, high of what it adds."""
    table = benchmark_stats.engine_parts(layered.trials, layered.samples)
    return table.set_index(["quantity", "backend"])[["median", "low", "high"]]


@pytest.fixture(scope="module")
def variants() -> Run:
    return labkit.load("docker-variants")


@pytest.fixture(scope="module")
def web() -> Run:
    return labkit.load("web")


@pytest.fixture(scope="module")
def deployed() -> pd.DataFrame:
    return deployment_stats.deployments(labkit.load("deployment").steps).set_index("model")


# 07


def test_the_chain_is_joined_by_sockets_and_the_container_is_the_shims() -> None:
    engine = labkit.load("docker-internals")
    tree, connections = engine.tree, engine.connections
    pids = tree.drop_duplicates("role").set_index("role")["pid"]
    parents = tree.set_index("pid")["parent"]
    assert parents[pids["docker"]] == pids["the lab"]
    assert parents[pids["container"]] == pids["containerd-shim"]
    assert parents[pids["containerd-shim"]] not in set(tree["pid"])
    assert "runc" not in set(tree["name"])
    parts = tree[~tree["role"].isin(["the lab", "container"])]
    assert sorted(parts["role"]) == ["containerd", "containerd-shim", "docker", "dockerd"]
    asked = set(zip(connections["client"], connections["server"], strict=True))
    chain = [pids[name] for name in ("docker", "dockerd", "containerd", "containerd-shim")]
    assert set(pairwise(chain)) <= asked


def test_a_killed_daemon_takes_containerd_along_and_leaves_shim_and_container() -> None:
    tree = labkit.load("killed-daemon").survivors.drop_duplicates("role")
    fate = tree.set_index("role")["survives"].to_dict()
    assert not fate["dockerd"] and not fate["containerd"]
    assert fate["containerd-shim"] and fate["container"]


def test_the_boundary_takes_hundredths_and_the_engine_tenths(steps: pd.DataFrame) -> None:
    added = steps["median"]["startup_s"]
    assert added[["chroot", "unshare"]].sum() < 0.03
    assert 0.01 < added["runc"] < 0.1
    assert 0.8 < added["containerd"] / added["runc"] < 4
    inner = added[["host", "chroot", "unshare", "runc", "containerd"]].sum()
    assert 1.5 < added["docker"] / inner < 3
    assert 0.2 < inner / added["total"] < 0.5  # a plain containerd's whole start
    assert added["docker"] == added.drop("total").max()
    low, high = (steps[name]["startup_s", "docker-cli"] for name in ("low", "high"))
    assert low <= 0 <= high


def test_the_steps_add_up_to_the_whole_as_far_as_the_blocks_can_tell(layered: Run) -> None:
    table = benchmark_stats.adding_up(layered.trials, layered.samples).set_index("quantity")
    start = table.T["startup_s"]
    assert start["n"] == 20
    assert abs(start["gap"]) < 0.1 * start["whole"]
    assert start["low"] <= 0 <= start["high"]
    whole = benchmark_stats.engine_parts(layered.trials, layered.samples).set_index(
        ["quantity", "backend"]
    )
    low, high = (whole[name]["startup_s", "total"] for name in ("low", "high"))
    assert low <= start["steps"] <= high
    assert table["mean_gap"].abs().max() < 1e-6


def test_crun_is_quicker_than_runc_in_both_but_they_may_not_stand_together(layered: Run) -> None:
    row = benchmark_stats.paired(layered.trials, layered.samples, [("runc", "crun")]).iloc[0]
    assert row["quantity"] == "startup_s" and row["low"] > 0 and row["high"] < 0.1
    figures = published.load()
    judged = benchmark_stats.beside(
        figures, benchmark_stats.comparable(layered, figures)
    ).set_index("id")
    assert not judged.loc[["crun-true", "runc-true"], "shown"].any()
    assert judged["reason"]["runc-true"].startswith("to the end of the container")
    assert judged["value"]["runc-true"] > judged["value"]["crun-true"]


def test_most_of_a_start_passes_until_the_container_is_there() -> None:
    events = labkit.load("docker-internals").events
    assert events["trial"].nunique() == 20
    table = docker_internals_stats.start_events(events).set_index("event")
    share = table["median_s"] / table["median_s"].sum()
    assert share.idxmax() == "tasks create" and 0.7 < share["tasks create"] < 0.9
    source = table["source"]
    assert list(source[:"volume mount"]) == ["dockerd"] * 4
    assert share[:"volume mount"].sum() == pytest.approx(0.15, abs=0.02)
    assert list(source["containers create":"tasks create"]) == ["containerd"] * 2
    assert share["ready"] < 0.1


def test_what_the_settings_change(variants: Run) -> None:
    ratio = _against(variants, "startup_s")
    assert 0.4 < ratio["median_ratio"][SHARED] < 0.65 and ratio["high_ratio"][SHARED] < 0.8
    assert ratio["low_ratio"][BRIDGE] > 1 and 1.05 < ratio["median_ratio"][BRIDGE] < 1.3
    assert 0.8 < ratio["median_ratio"][FREE] < 0.95 and ratio["high_ratio"][FREE] < 1
    assert ratio["low_ratio"]["docker:rm=yes"] <= 1 <= ratio["high_ratio"]["docker:rm=yes"]
    table = benchmark_stats.components(variants.samples, variants.trials)
    cpu = table.set_index(["backend", "meter"])["median_host_cpu_s"]
    for meter in ("containerd-shim", "dockerd"):
        assert cpu[SHARED, meter] < 0.5 * cpu["docker", meter]
    assert cpu[FREE, "container"] < 0.5 * cpu["docker", "container"]


def test_the_filter_costs_at_each_call(variants: Run) -> None:
    work = variants.results[variants.results["workload"] == "syscall"]
    work = work.merge(_good(variants)[["trial", "block"]], on="trial")
    free, filtered = (work[work["backend"] == name] for name in (FREE, "docker"))
    row = stats.ratios(free, filtered, "ops_per_s", ["backend"], pair="block").iloc[0]
    assert row["low_ratio"] > 1 and row["median_ratio"] < 3


def test_who_works_and_who_holds_memory(layered: Run) -> None:
    table = benchmark_stats.components(layered.samples, layered.trials)
    parts = table[table["backend"] == "docker-cli"].set_index("meter")
    cpu, memory = parts["median_host_cpu_s"], parts["median_pss_bytes"]
    assert set(cpu.nlargest(2).index) == {"dockerd", "containerd-shim"}
    assert set(memory.nlargest(2).index) == {"dockerd", "containerd"}
    start = benchmark_stats.startup(layered.trials).set_index("backend")["median_s"]["docker-cli"]
    assert 0.7 < cpu.sum() / start < 1.4
    assert memory["docker"] > 10 * MIB


def test_in_the_memory_waterfall_docker_goes_back(steps: pd.DataFrame) -> None:
    assert steps["high"]["pss_bytes", "docker"] < 0


# 08


def _good(run: Run) -> pd.DataFrame:
    trials = run.trials
    return trials[(trials["status"] == "ok") & (trials["stage"] == "measured")]


def _against(run: Run, column: str) -> pd.DataFrame:
    good = _good(run)
    plain = good["backend"] == "docker"
    table = stats.ratios(good[~plain], good[plain], column, ["backend"], pair="block")
    return table.set_index("backend")


def test_with_a_container_only_the_kernel_goes_over() -> None:
    table = labkit.deployment.who_manages().pivot(
        index="part", columns="model", values="managed_by"
    )
    differ = table[table["IaaS"] != table["containers"]]
    assert list(differ.index) == ["kernel"]


def test_from_method_to_method_there_is_less_to_do(deployed: pd.DataFrame) -> None:
    machine, container, platform = (deployed.T[m] for m in ("IaaS", "containers", "PaaS"))
    assert machine["steps"] > container["steps"] > platform["steps"] == 2
    assert machine["lines"] > container["lines"] > platform["lines"] == platform["app_lines"]
    assert 4 < machine["bytes"] / container["bytes"] < 16
    assert container["bytes"] > 10_000 * platform["bytes"]
    assert 0.5 < container["median_s"] / platform["median_s"] < 2
    assert machine["median_s"] > 2 * max(container["median_s"], platform["median_s"])
    assert deployed["app_lines"].nunique() == 1


def test_a_machine_is_waited_for_longest(deployed: pd.DataFrame) -> None:
    steps = labkit.load("deployment").steps
    each = steps.groupby(["model", "title"])["seconds"].median()
    assert each.idxmax() == ("IaaS", "wait until the app answers")
    assert each.max() > 0.9 * each["IaaS"].sum()
    by_hand = each["containers"]
    for step in ("write the recipe and build the image", "start a container with port and limits"):
        assert 0.25 < by_hand[step] < 1
    assert by_hand["get a base image"] < 0.25


def test_first_answers_are_in_the_order_of_starts(web: Run) -> None:
    seconds = benchmark_stats.first_response(web.milestones, web.trials).set_index("backend")[
        "median_s"
    ]
    assert seconds["host"] < 0.3 * seconds["docker"]
    assert seconds["docker"] < 0.5 * seconds["qemu"]
    table = benchmark_stats.timeline(web.milestones, web.trials, until="first_response")
    share = table.set_index(["backend", "phase"])["share"][:, "ready → first_response"]
    assert share["host"] > 0.5 and share[["docker", "qemu", "virtualbox"]].max() < 0.15


def test_an_answer_takes_twice_and_ten_times_as_long_as_from_a_process(web: Run) -> None:
    table = benchmark_stats.latency(web.requests, web.trials).set_index(["backend", "connections"])
    assert table["errors"].sum() == 0
    p50, rate = table["median_p50_s"], table["median_requests_per_s"]
    for clients in (1, 4):
        assert 1.3 < p50["docker", clients] / p50["host", clients] < 3
        assert 6 < p50["qemu", clients] / p50["host", clients] < 25
    for name in ("host", "docker"):
        assert 1.1 < rate[name, 4] / rate[name, 1] < 2
        assert p50[name, 4] > 1.5 * p50[name, 1]
    for name in ("qemu", "virtualbox"):
        assert rate[name, 4] / rate[name, 1] < 1.25
    assert 0.05 < p50["virtualbox", 1] < 0.2  # a tenth of a second


# 09


def test_a_busy_computer_is_found_by_the_comparison_and_named() -> None:
    quiet, busy = labkit.load("quiet"), labkit.load("busy")
    found = compare(quiet, busy)
    starts = found.table[found.table["quantity"] == "startup_s"].set_index("backend")
    assert (starts["median_ratio"] > 1).all()
    assert 1 <= (starts["low_ratio"] > 1).sum() < 3
    width = found.table["high_ratio"] - found.table["low_ratio"]
    widest = starts["high_ratio"] - starts["low_ratio"]
    assert widest.idxmax() == "host"
    assert "B: busy computer" in found.text()
    assert quiet.manifest.host.cpu_model == busy.manifest.host.cpu_model
    memory = found.table["quantity"] == "pss_bytes"
    assert found.table[memory]["median_ratio"].between(0.95, 1.05).all()
    rates = found.table["quantity"] == "ops_per_s"
    assert width[memory].max() < 0.2 < width[rates].min()
    host = found.table[rates].set_index("backend").T["host"]
    assert host["median_ratio"] > 1 > host["low_ratio"]  # «even faster», by chance

"""The table of a run: a yardstick also without `host`, every workload, no cell empty without a
reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labkit import units
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.empty import ELSEWHERE, NOT_SEEN
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.table import Table, table
from labkit.experiments.benchmark.text import table_text
from tests.unit.charts.made_up import MadeUpRun, make_run


def cell(found: Table, backend: str, heading: str) -> list[str]:
    row = next(row for row in found.cells if row[0].split("\n")[0] == backend)
    return row[list(found.headings).index(heading)].split("\n")


def with_own_workload() -> MadeUpRun:
    """A run of `gzip` alone, as by chapter 09."""
    run = make_run(("host", "docker"))
    run.results = run.results[run.results["workload"] == "cpu"].assign(workload="gzip", unit="line")
    run.samples = run.samples.assign(moment=run.samples["moment"].str.replace("cpu", "gzip"))
    plan = run.manifest.plan.model_copy(update={"workloads": ("gzip",)})
    run.manifest = run.manifest.model_copy(update={"plan": plan})
    return run


def test_without_host_the_first_backend_is_the_yardstick() -> None:
    run = make_run(("qemu", "docker"))
    found = table(run)
    assert found.headings[3] == "start vs docker" and "cpu vs docker" in found.headings
    assert [row[0].split("\n")[0] for row in found.cells] == ["docker", "qemu"]
    assert cell(found, "docker", "cpu vs docker") == ["1.00×", "391 MiB/s"]
    ratio, _, rate = cell(found, "qemu", "cpu vs docker")
    assert float(ratio.rstrip("×")) == pytest.approx(12 / 392, rel=0.1)
    assert rate.endswith("MiB/s") and not found.empty


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (("docker", "host"), "host"),
        (("virtualbox", "qemu-resumed", "qemu"), "qemu"),
        (("virtualbox",), "virtualbox"),
        ((), ""),
    ],
)
def test_the_yardstick_does_not_depend_on_the_order_of_the_trials(
    names: tuple[str, ...], first: str
) -> None:
    assert yardstick(make_run(names).trials) == first


def test_a_bare_process_that_never_succeeded_is_no_yardstick() -> None:
    run = make_run(("host", "docker"), n=1, failed=(0,))
    assert yardstick(run.trials) == "docker"
    assert stats.widest(run.trials, run.results) is None


def test_a_workload_of_ones_own_stands_as_cpu_does() -> None:
    found = table(with_own_workload())
    assert list(found.headings[-2:]) == ["gzip vs host", "host CPU/gzip"]
    assert cell(found, "docker", "gzip vs host")[-1].endswith(" line/s")
    assert cell(found, "docker", "host CPU/gzip")[0] != units.UNKNOWN and not found.empty


def locked() -> MadeUpRun:
    """As a student without root sees a container: no PSS of its processes."""
    run = make_run(("host", "docker"))
    of_docker = run.samples["backend"] == "docker"
    run.samples = run.samples.assign(pss_bytes=run.samples["pss_bytes"].mask(of_docker))
    return run


def test_what_may_not_be_read_is_named_and_what_is_known_is_shown() -> None:
    found = table(locked())
    dash, *known = cell(found, "docker", "memory (PSS)")
    assert dash == units.UNKNOWN
    assert [text.split()[0] for text in known] == ["RSS", "cgroup"]
    (why,) = found.empty
    assert "/proc/PID/smaps_rollup of helper and instance" in why


def test_what_was_told_while_it_was_measured_is_the_reason() -> None:
    """Of a daemon elsewhere, which counts itself; it is said once, with its cells."""
    run = make_run(("host", "docker"))
    mine = (run.samples["backend"] == "docker") & (run.samples["role"] != "host")
    samples = run.samples.assign(daemon_bytes=None)
    samples.loc[mine, ["rss_bytes", "pss_bytes", "cgroup_bytes", "cpu_s"]] = None
    samples.loc[mine & (samples["role"] == "instance"), "daemon_bytes"] = 3 * 2**20
    run.samples = samples
    run = replace(run, left_out={"docker, memory and CPU of container": "it runs elsewhere"})
    found = table(run)
    dash, daemon = cell(found, "docker", "memory (PSS)")
    assert dash == units.UNKNOWN and daemon.endswith("3.00 MiB")
    assert found.empty == [
        "Left empty: docker, memory (PSS), host CPU/cpu, host CPU/syscall: it runs elsewhere."
    ]
    assert table_text(run).count("it runs elsewhere") == 1


def unseen() -> MadeUpRun:
    """As of a daemon on another computer."""
    run = make_run(("host", "docker"))
    samples = run.samples
    run.samples = samples[(samples["backend"] != "docker") | (samples["role"] == "host")]
    return run


def test_only_what_has_a_daemon_may_have_it_elsewhere() -> None:
    run = make_run(("host", "docker"))
    run.samples = run.samples[run.samples["role"] == "host"]
    infos = dict(run.manifest.backends)
    infos["docker"] = infos["docker"].model_copy(update={"daemon": "tcp://far:2376"})
    infos["host"] = infos["host"].model_copy(update={"daemon": None})
    run.manifest = run.manifest.model_copy(update={"backends": infos})
    told = {line.split(", ")[0]: line for line in table(run).empty if "memory (PSS)" in line}
    assert ELSEWHERE in told["Left empty: docker"]
    assert NOT_SEEN in told["Left empty: host"] and ELSEWHERE not in told["Left empty: host"]


def unsupported() -> MadeUpRun:
    run = make_run(("host", "docker"))
    results = run.results
    run.results = results[(results["backend"] != "docker") | (results["workload"] != "cpu")]
    infos = dict(run.manifest.backends)
    infos["docker"] = infos["docker"].model_copy(update={"unsupported": {"cpu": "no port"}})
    run.manifest = run.manifest.model_copy(update={"backends": infos})
    return run


def cheap() -> MadeUpRun:
    """A yardstick whose CPU time is below what the kernel counts."""
    run = make_run(("host", "docker"))
    of_host = run.samples["backend"] == "host"
    run.samples = run.samples.assign(cpu_s=run.samples["cpu_s"].mask(of_host, 0.0))
    return run


RUNS = {
    "not permitted": locked(),
    "not seen": unseen(),
    "unsupported": unsupported(),
    "too cheap": cheap(),
    "a yardstick that always failed": make_run(("host", "docker"), n=2, failed=(0, 2)),
    "no common block": make_run(("host", "docker"), n=2, failed=(0, 3)),
    "all failed": make_run(("docker",), n=1, failed=(0,)),
    "without a host": make_run(("docker", "qemu")),
}


@pytest.mark.parametrize("kind", RUNS)
def test_no_cell_is_empty_without_its_reason(kind: str) -> None:
    found = table(RUNS[kind])
    reasons = [sentence.split(": ", 2) for sentence in found.empty]
    for row in found.cells:
        backend = row[0].split("\n")[0]
        told = [what for _, what, why in reasons if why and what.startswith(f"{backend}, ")]
        for heading, text in zip(found.headings, row, strict=True):
            if text.startswith(units.UNKNOWN):
                assert any(heading in what for what in told), (backend, heading)

"""Real programs behind the bare process and a container: what they report becomes figures."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit.experiments import benchmark
from labkit.experiments.benchmark import programs, stats
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import Run
from labkit.guest.workload import all_workloads, workload_files
from tests.conftest import ready_backend
from tests.traces import traces

pytestmark = pytest.mark.docker
BACKENDS = ["host", "docker"]
# The first two want the packages of test_programs.py, and so the same image.
INSIDE = ["fio:size=8m", "fio:rw=write:bs=1m:direct=0:cache=warm:size=8m", "python"]
MORE = ["sysbench", "sysbench:test=memory", "redis", "nginx", "iperf3:reverse=1"]


def measured(workloads: list[str], out: Path, memory_mib: int = 256) -> Run:
    for name in BACKENDS:
        ready_backend(name)
    run: Run = benchmark.run(
        BACKENDS,
        workloads=workloads,
        repeats=1,
        warmups=0,
        seconds=0.6,
        memory_mib=memory_mib,
        out=out,
        progress=False,
    )
    return run


@contextmanager
def own_workloads(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Iterator[None]:
    """Further workloads: name → file."""
    own = folder / "own/workloads"
    own.mkdir(parents=True)
    for name, text in files.items():
        (own / f"{name}.sh").write_text(text, encoding="utf-8")
    monkeypatch.setenv("LABKIT_GUEST", str(own.parent))
    all_workloads.cache_clear()
    try:
        yield
    finally:
        all_workloads.cache_clear()


def require_figures(run: Run, workloads: list[str]) -> None:
    """Of each workload behind each boundary, all above zero but for what is counted."""
    assert dict(run.left_out) == {} and (run.trials["status"] == "ok").all()
    table = stats.programs(run)
    firsts = table.drop_duplicates(["backend", "workload"])
    assert set(zip(firsts["backend"], firsts["workload"], strict=True)) == {
        (backend, workload) for backend in BACKENDS for workload in workloads
    }
    assert all(math.isfinite(value) and value > 0 for value in firsts["median"])
    assert len(run.reports) == len(firsts) and len(programs.text(run)) > len(workloads)
    assert [trace for trace in traces(os.getpid()) if trace.startswith("process ")] == []


def test_programs_inside_report(tmp_path: Path) -> None:
    run = measured(INSIDE, tmp_path / "run", memory_mib=512)
    require_figures(run, INSIDE)
    versions = run.reports["text"].str.extract('"fio version" : "([^"]+)"')[0].dropna()
    assert versions.nunique() == 1
    options = run.reports["text"].str.contains('"invalidate" : "0"') & (
        run.reports["workload"] == INSIDE[1]
    )
    assert options.sum() == len(BACKENDS)


def test_servers_are_asked_by_the_images_own_clients_and_a_homework_is_made(
    tmp_path: Path,
) -> None:
    run = measured(MORE, tmp_path / "run")
    require_figures(run, MORE)
    failed = run.metrics[run.metrics["metric"] == "failed"]["value"]
    assert list(failed) == [0.0, 0.0]
    page = EXPERIMENT.in_form(run, "homework", tmp_path / "homework")
    assert "nginx: nginx/" in page.read_text(encoding="utf-8")


# Workload → what its server is told wrongly, and a word of what it says then, at its start.
BROKEN = {
    "nginx": ("daemon off;", "daemon of;", "daemon"),
    "redis": ("--port 0", "--port nowhere", "port"),
    "iperf3": ('-B "$address"', "-B 203.0.113.1", "address"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_server_that_dies_at_its_start_is_told_at_once_in_its_own_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong, word = BROKEN[name]
    text = workload_files()[name].read_text(encoding="utf-8")
    assert right in text
    with own_workloads(tmp_path, monkeypatch, dies=text.replace(right, wrong)):
        run = measured(["dies"], tmp_path / "run")
    assert (run.trials["status"] == "ok").all() and run.metrics.empty
    for backend in BACKENDS:
        assert word in run.left_out[f"{backend}, dies"]
    lasted = run.milestones.groupby("trial")["at_s"].max()
    assert lasted.max() < 15, "and not as long as a client's patience"


def test_a_program_that_fails_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "# title: t\n# unit:\n# ops-per-unit: 1\n# report: lines\n"
    files = {
        "broken": f"{head}report() {{ echo went wrong >&2; return 1; }}\n",
        "odd": f"{head}report() {{ echo no figure; }}\n",
        "piped": f"{head}report() {{ run_program nope | cat; echo pages count 3; }}\n",
        "good": f"{head}report() {{ echo pages count 3; }}\n",
    }
    with own_workloads(tmp_path, monkeypatch, **files):
        run = measured(list(files), tmp_path / "run")
    assert "went wrong" in run.left_out["docker, broken"]
    assert "no figure" in run.left_out["host, odd"]
    for name in BACKENDS:
        assert "the lab image has no" in run.left_out[f"{name}, piped"]  # or «none», on the host
    assert list(run.metrics["value"]) == [3.0, 3.0]
    assert len(run.reports) == 4  # what makes no sense is kept, too

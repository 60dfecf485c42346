"""The selftest in a short form, on the real host and Docker, and broken off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import labkit
from labkit.backends.base import Backend
from labkit.recordings.selftest import Selftest, footer_lines
from tests.traces import traces

LABKIT = str(Path(sys.executable).with_name("labkit"))
pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def all_ready(host_backend: Backend, docker_backend: Backend) -> None:
    pass


def begin(state: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [LABKIT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LABKIT_STATE": str(state)},
    )


def test_the_lab_with_itself_and_its_figures_in_a_later_run(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    words = ("selftest", "--backends", "host,docker", "--repeats", "4", "--seed", "1", "--json")
    process = begin(tmp_path / "state", *words, "--out", str(folder))
    out, err = process.communicate(timeout=280)
    found = Selftest.model_validate(json.loads(out)["selftest"])
    recording = labkit.load(folder)
    assert recording.ending is not None and recording.ending.ended_at == found.created_at
    # Once more in full takes a minute; tests/unit/experiments/selftest does that with fewer.
    assert len(recording.sampling) == 2 * recording.manifest.plan.pairs
    assert labkit.selftest.stats.floors(recording.trials) == found.floor
    # Whether this computer keeps the bounds right now is the selftest's to say, not this test's.
    assert process.returncode == (1 if found.violations else 0), err
    assert ("what to do" in err) == bool(found.violations)

    assert [floor.stream for floor in found.floor] == ["pipe", "socket"]
    by_name = {overhead.backend: overhead for overhead in found.overhead}
    assert list(by_name) == ["floor-pipe", "floor-socket", "host", "docker"]
    for overhead in found.overhead:
        assert overhead.startup_s.n == overhead.sampler_adds_s.n == 4
        assert (overhead.lab_cpu_s.median or 0) > 0
        assert 0 < (overhead.lab_cpu_share.median or 0) < 4
    smallest, docker = by_name["floor-pipe"].startup_s, by_name["docker"].startup_s
    assert (smallest.median or 0) < (docker.median or 0)

    compared = [(test.backend, test.quantity) for test in found.a_a]
    assert compared == [(b, q) for b in ("host", "docker") for q in ("startup", "cpu")]
    for test in found.a_a:
        assert test.ratio.n == 4
        assert [resampling.resamples for resampling in test.false_alarms] == [100] * 3
    assert [cost.backend for cost in found.sampler] == ["host", "docker"]
    assert all((cost.cpu_share.median or 0) > 0 for cost in found.sampler)
    assert traces(process.pid) == []

    run = tmp_path / "run"
    later = begin(
        tmp_path / "state", "run", "--backends", "host", "--repeats", "1", "--seconds", "0.2",
        "--workloads", "cpu", "--out", str(run),
    )  # fmt: skip
    assert later.communicate(timeout=120) and later.returncode == 0
    assert labkit.load(run).manifest.selftest == found
    page = (run / "report.html").read_text()
    assert footer_lines(found)[0].replace("'", "&#39;") in page


def test_one_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    process = begin(tmp_path / "state", "selftest", "--backends", "docker", "--out", str(folder))
    deadline = time.monotonic() + 60
    while not any("process" not in trace for trace in traces(process.pid)):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, err
    assert out == "" and traces(process.pid) == []
    assert labkit.load(folder).ending is None and "--resume" in err


def test_a_run_passes_over_a_damaged_selftest(tmp_path: Path) -> None:
    state, run = tmp_path / "state", tmp_path / "run"
    state.mkdir()
    (state / "selftest.json").write_text(json.dumps({"seed": "1"}))
    process = begin(
        state, "run", "--backends", "host", "--repeats", "1", "--seconds", "0.2",
        "--workloads", "cpu", "--out", str(run),
    )  # fmt: skip
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "the last selftest is passed over" in err
    assert labkit.load(run).manifest.selftest is None
    assert "no selftest on this computer yet" in (run / "report.html").read_text()

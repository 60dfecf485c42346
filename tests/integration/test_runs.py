"""Whole runs through the command line, on the real backends, also when somebody breaks them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.qemu.backend import QemuBackend
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments import benchmark
from labkit.experiments.table import load_run
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import HostClock, wait_until
from labkit.system.owner_marks import wait_gone
from labkit.system.process import PANIC
from tests.traces import traces

LABKIT = str(Path(sys.executable).with_name("labkit"))
ALL = ["host", "docker", "qemu"]
pytestmark = [pytest.mark.docker, pytest.mark.qemu]


@pytest.fixture(autouse=True)
def all_ready(host_backend: Backend, docker_backend: Backend, qemu_backend: Backend) -> None:
    pass


def command(out: Path, *words: str) -> list[str]:
    """Without warm-ups: these tests count the trials."""
    return [LABKIT, "run", "--out", str(out), "--warmups", "0", *words]


def begin(out: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(out, *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def unused_volumes() -> set[str]:
    """A container that is being removed beside us leaves its own for a moment only."""
    client = docker.from_env()
    try:
        return {str(one.name) for one in client.volumes.list(filters={"dangling": True})}
    finally:
        client.close()


def test_one_json_object_with_every_trial_and_its_milestones_in_order(tmp_path: Path) -> None:
    before = unused_volumes()
    process = begin(
        tmp_path / "run", "--backends", ",".join(ALL), "--repeats", "2", "--seconds", "0.3",
        "--workloads", "cpu", "--json",
    )  # fmt: skip
    status, out, err = finish(process)
    assert status == 0, err
    answer: dict[str, Any] = json.loads(out)
    assert len(answer["trials"]) == 6
    for trial in answer["trials"]:
        never = {"first_response"} if trial["backend"] == "qemu" else {"first_response", "kernel"}
        expected = [m for m in MILESTONES if m not in {*never, *OF_PODS}]
        assert list(trial["milestones"]) == expected
        times = list(trial["milestones"].values())
        assert times == sorted(times)
        assert trial["startup_s"] == trial["milestones"]["ready"]
    assert [row["backend"] for row in answer["summary"]] == ALL
    for row in answer["summary"]:
        assert row["n"] == 2
        assert row["startup_s"]["low"] <= row["startup_s"]["median"] <= row["startup_s"]["high"]
        assert row["pss_bytes"]["median"] > 0
    assert Path(answer["path"]) == (tmp_path / "run").resolve()
    page = (tmp_path / "run/report.html").read_text()
    assert not re.search(r"(src|href)=\"(?!data:|#)", page), "the page loads nothing from elsewhere"
    assert traces(process.pid) == []
    assert wait_until(lambda: unused_volumes() <= before, timeout=30)


@pytest.mark.parametrize("backend", ALL)
@pytest.mark.parametrize(
    ("number", "delay"),
    [(signal.SIGINT, 0.0), (signal.SIGTERM, 0.05), (signal.SIGINT, 0.4), (signal.SIGTERM, 1.5)],
)
def test_a_signal_at_any_moment_leaves_nothing_behind(
    tmp_path: Path, backend: str, number: int, delay: float
) -> None:
    process = begin(tmp_path / "run", "--backends", backend, "--seconds", "20")
    assert wait_until(
        lambda: (tmp_path / "run/manifest.json").exists() or process.poll() is not None, timeout=60
    )
    time.sleep(delay)
    process.send_signal(number)
    status, _, err = finish(process)
    assert status == 128 + number, err
    assert f"to go on: labkit run --resume {tmp_path}" in err
    assert traces(process.pid) == []
    assert load_run(tmp_path / "run").trials.empty


def test_two_runs_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    words = ("--backends", "host,docker", "--repeats", "3", "--seconds", "0.3")
    both = [begin(tmp_path / name, *words) for name in ("one", "two")]
    for process in both:
        status, _, err = finish(process)
        assert status == 0, err
    for name in ("one", "two"):
        assert set(load_run(tmp_path / name).trials["status"]) == {"ok"}


def test_a_kernel_that_never_gets_ready_is_told(tmp_path: Path, lab_image: LabImage) -> None:
    """The head of a real kernel: QEMU takes it, and it gets nowhere."""
    torso = tmp_path / "torso"
    torso.write_bytes(lab_image.kernel.read_bytes()[: 2 * 1024 * 1024])
    process = begin(
        tmp_path / "run", "--backends", "qemu", "--kernel", str(torso), "--ready-timeout", "5"
    )
    status, _, err = finish(process)
    assert status == 1
    assert "trial 1 (qemu)" in err
    assert traces(process.pid) == []


def test_a_file_that_is_no_kernel_is_refused(tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"no kernel" * 4096)
    process = begin(tmp_path / "run", "--backends", "qemu", "--kernel", str(rubbish))
    status, _, err = finish(process)
    assert status == 1
    assert "not a Linux kernel" in err and "what to do" in err


def test_a_guest_that_is_not_ready_in_time_is_ended(tmp_path: Path) -> None:
    """A limit that no start of a guest can keep; the other backend goes on."""
    process = begin(tmp_path / "run", "--backends", "qemu,host", "--ready-timeout", "0.05",
                    "--repeats", "2", "--seconds", "0.2")  # fmt: skip
    status, _, err = finish(process)
    assert status == 1
    assert "did not announce itself in time" in err and "console" in err
    trials = load_run(tmp_path / "run").trials
    assert trials[trials["backend"] == "host"]["status"].tolist() == ["ok", "ok"]
    assert trials[trials["backend"] == "qemu"]["status"].tolist() == ["failed"]
    assert traces(process.pid) == []


def test_a_failed_trial_is_an_exit_status_for_scripts_too(tmp_path: Path) -> None:
    """The one JSON object is there nevertheless, with what went wrong."""
    process = begin(tmp_path / "run", "--backends", "qemu,host", "--ready-timeout", "0.05",
                    "--repeats", "1", "--seconds", "0.2", "--json")  # fmt: skip
    status, out, err = finish(process)
    assert status == 1, err
    trials = {trial["backend"]: trial for trial in json.loads(out)["trials"]}
    assert trials["qemu"]["status"] == "failed" and trials["qemu"]["error"]
    assert trials["host"]["status"] == "ok" and trials["host"]["error"] is None
    assert "(qemu)" in err and "what to do" in err


def test_a_kernel_that_dies_shows_its_consoles_last_lines(
    lab_image: LabImage, tmp_path: Path
) -> None:
    """A real kernel without its root file system: it panics, and with panic=-1 its machine ends."""
    empty = tmp_path / "empty.cpio"
    empty.write_bytes(b"")
    timeline = Timeline(HostClock())
    with (
        pytest.raises(BackendError) as caught,
        QemuBackend("tcg").launch(
            replace(lab_image, initramfs=empty), Limits(), timeline
        ) as instance,
    ):
        instance.wait_ready(60)
    assert PANIC.search(caught.value.details)


def test_without_a_daemon_the_answer_is_a_command(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    process = begin(tmp_path / "run", "--backends", "host,docker", env=env)
    status, _, err = finish(process)
    assert status == 1
    assert "no Docker daemon answers" in err and "what to do: " in err
    assert not (tmp_path / "run").exists()


def test_a_daemon_that_denies_access_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can take another user's place")
    socket_path = Path(os.path.realpath("/var/run/docker.sock"))
    if socket_path.stat().st_mode & 0o007:
        pytest.skip("this daemon's socket is open to everybody")
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    os.seteuid(65534)
    try:
        missing = make_backend("docker").missing()
    finally:
        os.seteuid(0)
    assert missing is not None
    assert "denies you access" in missing.reason and "usermod" in missing.fix


def test_a_daemon_that_dies_during_a_run_is_told_and_the_others_go_on(
    tmp_path: Path, own_daemon: psutil.Process
) -> None:
    process = begin(tmp_path / "run", "--backends", "docker,host", "--repeats", "2",
                    "--seconds", "3", "--workloads", "idle", "--seed", "1")  # fmt: skip
    assert wait_until(
        lambda: any(found.startswith("labkit-") for found in traces(process.pid)),
        timeout=60,
        interval=0.05,
    )
    everything = [own_daemon, *own_daemon.children(recursive=True)]
    for victim in everything:
        victim.kill()
    wait_gone(everything, timeout=10)
    status, _, err = finish(process)
    assert status == 1, err
    trials = load_run(tmp_path / "run").trials
    assert trials[trials["backend"] == "docker"]["status"].tolist() == ["failed"]
    assert trials[trials["backend"] == "host"]["status"].tolist() == ["ok", "ok"]
    assert "(docker)" in err and "what to do" in err and "Traceback" not in err


def test_a_daemon_that_is_gone_before_its_trial_is_told_too(
    own_daemon: psutil.Process, lab_image: LabImage
) -> None:
    everything = [own_daemon, *own_daemon.children(recursive=True)]
    for victim in everything:
        victim.kill()
    wait_gone(everything, timeout=10)
    with (
        pytest.raises(BackendError, match="Docker could not be reached"),
        DockerBackend().launch(lab_image, Limits(), Timeline(HostClock())),
    ):
        pass


def test_a_full_disk_keeps_the_finished_trials(tmp_path: Path) -> None:
    """A file system of 36 KiB, for real."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=36k", "none", str(small)], check=True)
    try:
        process = begin(small / "run", "--backends", "host", "--repeats", "40",
                        "--seconds", "0.3")  # fmt: skip
        status, _, err = finish(process)
        assert status == 1
        assert "cannot be written" in err and "No space left" in err
        trials = load_run(small / "run").trials
        assert len(trials) >= 1 and set(trials["status"]) == {"ok"}
        assert traces(process.pid) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_named_backend_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("labkit.backends.qemu.backend.find_tool", lambda name: None)
    with pytest.raises(BackendError, match="qemu cannot run here") as caught:
        benchmark.run(["qemu"], repeats=1)
    assert "labkit setup qemu" in caught.value.resolution


def test_nothing_of_this_session_is_left() -> None:
    assert cleanup.sweep([make_backend(name) for name in ALL], mine=True) == []


@pytest.mark.parametrize("full", ["2>/dev/full", "2>&-"])
def test_a_run_whose_words_nobody_takes_is_made(tmp_path: Path, full: str) -> None:
    options = "--backends host --repeats 1 --warmups 0 --workloads idle --seconds 0.1"
    ended = subprocess.run(
        ["sh", "-c", f'exec "$0" run {options} --out "$1" {full}', LABKIT, tmp_path / "run"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended
    assert (tmp_path / "run" / "ending.json").exists()

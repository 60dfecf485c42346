"""Build, break, mend, done and not done, on a real Docker daemon. What a model answer says is what
is done here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from labkit import notebook
from labkit.backends.base import Backend
from labkit.course import work
from labkit.course.tasks import TASKS
from labkit.image import LabImage
from labkit.system import paths

pytestmark = pytest.mark.docker
NAMES = (
    *("lab-hard", "lab-limit", "lab-writer", "lab-noisy", "lab-half", "lab-late", "lab-promise"),
    "lab-worked",
)
BUSYBOX = ("--network", "none", "--entrypoint", "/bin/busybox")
# Where the words for a student are no command.
CLEAN_UP = {"07-orphan": "kill -INT %1; wait %1", "10-measure": "true"}


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


@pytest.fixture
def image(
    docker_backend: Backend,
    lab_image: LabImage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The lab image's name in the daemon. What a test has made is gone afterwards; a container of
    somebody's own with such a name is not touched."""
    taken = docker("ps", "-a", "--format", "{{.Names}}")
    if any(name in taken for name in (*NAMES, "lab-sides")) or docker("images", "-q", "lab-note"):
        pytest.skip("somebody does these tasks on this computer")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_MODE", "auto")
    monkeypatch.delenv("LAB_WIDGETS", raising=False)
    monkeypatch.setattr(paths, "runs_dir", lambda: tmp_path / "runs")
    try:
        docker_backend.prepare(lab_image)
        yield lab_image.container_tag
    finally:
        docker("rm", "-f", *NAMES, check=False)
        docker("rmi", "-f", "lab-note", check=False)


def told(name: str) -> str:
    return repr(notebook.task(name))


@contextmanager
def done_by_hand(name: str, image: str) -> Iterator[None]:
    """The model answer of a task, in a shell as a student has one; then what cleans it up."""
    lines = [line.replace("IMAGE", image) for line in TASKS[name].way]
    clean_up = CLEAN_UP.get(name, TASKS[name].clean_up)
    # What goes on in the background ends with the shell, also when a line fails.
    begin = ["set -em", "trap 'kill $(jobs -p) 2>/dev/null || :' EXIT"]
    script = "\n".join([*begin, *lines, "echo; echo all done; read -r _ || :", clean_up])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = subprocess.Popen(
        ["bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PATH": path},
    )
    try:
        assert shell.stdout is not None
        assert "all done\n" in iter(shell.stdout.readline, "")
        yield
    finally:
        shell.communicate(timeout=60)  # the end of its input lets it go on
    assert not shell.returncode


@pytest.mark.parametrize(
    ("name", "at_first", "seen"),
    [
        ("00-sides", "no container", ""),
        ("01-hardened", "no container", ""),
        ("02-late", "no container", "Created → started: "),
        ("03-limit", "no container", ""),
        ("04-half", "no container", "The kernel made it wait in "),
        ("05-layer", "no image", ""),
        ("06-noisy", "no container", ""),
        ("08-back", "no app", ""),
        ("12-promise", "no container", ""),
        ("13-late", "no container", "It has taken "),
    ],
)
def test_the_model_answer_does_it(image: str, name: str, at_first: str, seen: str) -> None:
    assert at_first in told(name) and "hint" not in told(name).partition("\n")[0]
    assert "\nA hint: " in told(name)
    with done_by_hand(name, image):
        assert told(name).startswith(f"Done. {seen}".strip())
    assert work.read().tasks == {name: True}
    assert at_first in told(name)


@pytest.mark.namespaces
def test_a_boundary_without_an_engine(image: str) -> None:
    assert "no process" in told("11-by-hand")
    bare = subprocess.Popen(["sleep", "4243"])
    try:
        assert "the host's processes and network and mounts" in told("11-by-hand")
    finally:
        bare.kill()
        bare.wait()
    with done_by_hand("11-by-hand", image):
        assert "Its own: mnt, net, pid" in told("11-by-hand")


def test_a_container_lives_on_when_its_daemon_is_killed(image: str) -> None:
    assert "no Docker daemon of the lab's own" in told("07-orphan")
    with done_by_hand("07-orphan", image):
        said = told("07-orphan")
        assert "containerd-shim" in said and "busybox" in said and said.startswith("Done")
    assert "no Docker daemon of the lab's own" in told("07-orphan")


def test_a_workload_of_ones_own_that_was_measured(image: str, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    name = "09-own"
    assert "there is no file" in told(name)
    file = tmp_path / "my-guest/workloads/numbers.sh"
    file.parent.mkdir(parents=True)
    file.write_text("step() { :; }\n")
    assert "no usable head: there is no line «# title" in told(name)
    write, measure = TASKS[name].way[1:]
    subprocess.run(["bash", "-ec", write], check=True)
    assert "no run has measured it" in told(name)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    out = f"{measure} --out {runs}/mine"
    subprocess.run(["bash", "-ec", out], check=True, env={**os.environ, "PATH": path})
    assert told(name).startswith("Done. Operations of `numbers` a second: host ")
    file.write_text(file.read_text() + "\n")
    assert "changed after it was measured" in told(name)


def test_a_run_of_ones_own_that_compares(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no run yet" in told("10-measure")
    monkeypatch.setattr(paths, "runs_dir", paths.reference_dir)
    assert "PSS, with its helper: " in told("10-measure")


def test_which_of_two_processes_is_the_containers(image: str) -> None:
    docker("run", "-d", "--name", "lab-sides", *BUSYBOX, image, "sleep", "4242")
    try:
        assert "no bare process" in told("00-sides")
        bare = psutil.Popen(["sleep", "4242"])
        try:
            assert "docker rename" in told("00-sides")
            for number, words in ((bare.pid, "is the bare process"), (1, "gives to its process")):
                docker("rename", docker("ps", "-qf", "name=lab-sides"), f"lab-sides-{number}")
                assert words in told("00-sides")
        finally:
            bare.kill()
            bare.wait()
    finally:
        docker("rm", "-f", docker("ps", "-qf", "name=lab-sides"))


def test_a_limit_that_is_none_and_one_that_is_not_felt(image: str) -> None:
    run = ("run", "-d", "--name", "lab-half", *BUSYBOX)
    cases = [
        (("--cpuset-cpus", "0"), "may use all of it"),
        (("--cpus", "0.7"), "0.7 CPUs, and not half"),
        (("--cpus", "0.5"), "wants less than its limit"),
    ]
    if os.cpu_count() == 1:  # then a set of one CPU limits nothing
        del cases[0]
    for options, words in cases:
        docker(*run, *options, image, "sleep", "60")
        assert words in told("04-half")
        docker("rm", "-f", "lab-half")


def test_one_that_was_ended_on_purpose_does_not_come_back(image: str) -> None:
    run = ("run", "-d", "--name", "lab-promise", *BUSYBOX)
    docker(*run, image, "sleep", "60")
    assert "no restart policy" in told("12-promise")
    docker("rm", "-f", "lab-promise")
    docker(*run, "--restart", "always", image, "sleep", "60")
    assert "has not failed yet" in told("12-promise")
    docker("kill", "lab-promise")
    assert "on purpose" in told("12-promise")


def test_a_container_over_its_limit(image: str) -> None:
    run = ("run", "--name", "lab-limit", *BUSYBOX)
    docker(*run, image, "true")
    assert "no memory limit" in told("03-limit")
    docker("rm", "lab-limit")
    docker(*run, "--memory", "32m", image, "true")
    assert "not ended it" in told("03-limit")


def test_a_file_that_outlives_its_container(image: str) -> None:
    docker("run", "--name", "lab-writer", *BUSYBOX, image, "sh", "-c", "echo kept >/note")
    docker("commit", "lab-writer", "lab-note")
    assert "lab-writer` is still there" in told("05-layer")
    docker("tag", image, "lab-note")
    assert "no layer" in told("05-layer")


def test_a_noisy_neighbour_tamed_and_not_only_stopped(image: str) -> None:
    loop = "while :; do :; done"
    docker("run", "-d", "--name", "lab-noisy", *BUSYBOX, image, "sh", "-c", loop)
    assert "no limit" in told("06-noisy")
    docker("update", "--cpus", "1", "lab-noisy")
    assert "its limit is 1 CPUs" in told("06-noisy")
    docker("update", "--cpus", "0.2", "lab-noisy")
    docker("pause", "lab-noisy")
    assert "not to be stopped" in told("06-noisy")
    docker("unpause", "lab-noisy")


def test_a_hardened_container(image: str, lab_image: LabImage) -> None:
    run = ("run", "-d", "--name", "lab-hard", *BUSYBOX)
    drop_all = ("--cap-drop", "ALL", "--read-only")
    # Only made: not every computer lets one start.
    docker("create", "--name", "lab-hard", "--privileged", *drop_all, image)
    assert "privileged" in told("01-hardened")
    docker("rm", "-f", "lab-hard")
    docker(*run, "--cap-drop", "ALL", image, "sleep", "60")
    assert "root folder" in told("01-hardened")


def test_where_docker_cannot_be_asked_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("LAB_MODE", "auto")
    for name in ("00-sides", "02-late", "04-half", "06-noisy", "08-back", "12-promise"):
        assert told(name).startswith("It could not be looked at")
    monkeypatch.setenv("LAB_MODE", "recorded")
    for name in TASKS:
        assert told(name) == "Nothing was looked at: LAB_MODE is recorded."

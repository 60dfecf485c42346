"""Build, break, mend, done and not done, on a real Docker daemon."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import notebook
from labkit.backends.base import Backend
from labkit.course import work
from labkit.image import LabImage
from labkit.image.container import REPOSITORY

pytestmark = pytest.mark.docker
NAMES = ("lab-hard", "lab-limit", "lab-writer", "lab-noisy")
BUSYBOX = ("--network", "none", "--entrypoint", "/bin/busybox")


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


@pytest.fixture
def image(
    docker_backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The lab image's name in the daemon. What a test has made is gone afterwards; a container of
    somebody's own with such a name is not touched."""
    taken = docker("ps", "-a", "--format", "{{.Names}}").split()
    if set(taken) & set(NAMES) or docker("images", "-q", "lab-note"):
        pytest.skip("somebody does these tasks on this computer")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_MODE", "auto")
    monkeypatch.delenv("LAB_WIDGETS", raising=False)
    try:
        yield docker("images", REPOSITORY, "--format", "{{.Repository}}:{{.Tag}}").splitlines()[0]
    finally:
        docker("rm", "-f", *NAMES, check=False)
        docker("rmi", "-f", "lab-note", check=False)


def told(name: str) -> str:
    return repr(notebook.task(name))


def test_a_container_over_its_limit(image: str) -> None:
    assert "no container" in told("03-limit")
    run = ("run", "--name", "lab-limit", *BUSYBOX)
    docker(*run, image, "true")
    assert "no memory limit" in told("03-limit")
    docker("rm", "lab-limit")
    docker(*run, "--memory", "32m", image, "true")
    assert "not ended it" in told("03-limit")
    docker("rm", "lab-limit")
    docker(*run, "--memory", "32m", image, "tail", "/dev/zero", check=False)
    assert told("03-limit").startswith("Done")
    assert work.read().tasks == {"03-limit": True}


def test_a_file_that_outlives_its_container(image: str) -> None:
    docker("run", "--name", "lab-writer", *BUSYBOX, image, "sh", "-c", "echo kept >/note")
    assert "no image" in told("05-layer")
    docker("commit", "lab-writer", "lab-note")
    assert "lab-writer` is still there" in told("05-layer")
    docker("rm", "lab-writer")
    assert told("05-layer").startswith("Done")
    docker("tag", image, "lab-note")
    assert "no layer" in told("05-layer")


def test_a_noisy_neighbour_tamed_and_not_only_stopped(image: str) -> None:
    loop = "while :; do :; done"
    docker("run", "-d", "--name", "lab-noisy", *BUSYBOX, image, "sh", "-c", loop)
    assert "no limit" in told("06-noisy")
    docker("update", "--cpus", "0.2", "lab-noisy")
    docker("pause", "lab-noisy")
    assert "not to be stopped" in told("06-noisy")
    docker("unpause", "lab-noisy")
    assert told("06-noisy").startswith("Done")


def test_a_hardened_container(image: str, lab_image: LabImage) -> None:
    run = ("run", "-d", "--name", "lab-hard", *BUSYBOX)
    drop_all = ("--cap-drop", "ALL", "--read-only")
    # Only made: not every computer lets one start.
    docker("create", "--name", "lab-hard", "--privileged", *drop_all, image)
    assert "privileged" in told("01-hardened")
    docker("rm", "-f", "lab-hard")
    docker(*run, "--cap-drop", "ALL", image, "sleep", "60")
    assert "root folder" in told("01-hardened")
    docker("rm", "-f", "lab-hard")
    docker(*run, *drop_all, image, "sleep", "60")
    assert told("01-hardened").startswith("Done")


def test_where_docker_cannot_be_asked_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("LAB_MODE", "auto")
    assert told("06-noisy").startswith("It could not be looked at")
    monkeypatch.setenv("LAB_MODE", "recorded")
    assert told("06-noisy") == "Nothing was looked at: LAB_MODE is recorded."

"""Cleaning up beside labs in other PID namespaces and of other computers, on the real backends."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import psutil
import pytest

from labkit.backends.docker.containers import OWNER_LABEL
from labkit.experiments.table import load
from labkit.image import LabImage
from labkit.system.clock import wait_until
from labkit.system.owner_marks import mark_in
from tests.conftest import ready_backend
from tests.integration import namespaces
from tests.integration.namespaces import ENTER, LABKIT, call, inner_shell, run_words
from tests.unit.marks import OTHER_BOOT

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.geteuid() != 0, reason="a PID namespace needs root"),
]
each = pytest.mark.parametrize(
    "backend",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ],
)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert wait_until(lambda: not namespaces.machines(), timeout=10)
    assert namespaces.containers() == []


def complete(run: Path) -> bool:
    found = load(run)
    return set(found.trials["status"]) == {"ok"} and found.ending is not None


def told(text: str, what: str) -> str:
    """The command that removes a thing by hand, on the line below the one that names it."""
    lines = [line.strip() for line in text.splitlines()]
    ends = [at for at, line in enumerate(lines) if line.endswith(f" {what}")]
    (place,) = [at for at in ends if at - 1 not in ends]  # the command ends with it, too
    return lines[place + 1]


@contextmanager
def beside(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@each
def test_the_lab_in_a_container_goes_on(backend: str, tmp_path: Path) -> None:
    """Beside `labkit clean` and `labkit run` on the host."""
    ready_backend(backend)
    with beside(*ENTER, *run_words(f"host,{backend}", tmp_path / "inner")) as inner:
        one = namespaces.instance(backend)
        with beside(*run_words("host", tmp_path / "outer", 0.2)) as outer:
            said = call(LABKIT, "clean")
            assert namespaces.lives(one)
            assert (outer.wait(180), inner.wait(180)) == (0, 0)
        named = f"container {one}" if isinstance(one, str) else f"process {one.pid} "
        assert named in said
    assert complete(tmp_path / "inner") and complete(tmp_path / "outer")


@each
def test_the_lab_on_the_host_goes_on(backend: str, tmp_path: Path) -> None:
    """From a container, the host's processes are not to be seen; the daemon's containers are."""
    ready_backend(backend)
    with beside(*run_words(backend, tmp_path / "outer")) as outer:
        one = namespaces.instance(backend, outer.pid)
        with beside(*ENTER, *run_words("host", tmp_path / "inner", 0.2)) as inner:
            said = call(*ENTER, LABKIT, "clean")
            assert namespaces.lives(one)
            assert (outer.wait(180), inner.wait(180)) == (0, 0)
        assert isinstance(one, psutil.Process) or f"container {one}" in said
    assert complete(tmp_path / "inner") and complete(tmp_path / "outer")


@each
def test_what_is_known_to_be_abandoned_is_removed_there(backend: str, tmp_path: Path) -> None:
    """The lab is killed, and the same container cleans up after it."""
    ready_backend(backend)
    with inner_shell() as shell:
        assert shell.stdin is not None
        begin = f"{shlex.join(run_words(backend, tmp_path / 'run'))} & lab=$!\n"
        shell.stdin.write(begin)
        shell.stdin.flush()
        one = namespaces.instance(backend)
        end = f"kill -9 $lab; wait; {shlex.join([LABKIT, 'clean'])}; exit\n"
        said, _ = shell.communicate(end, timeout=120)
    assert f"removed {'container' if isinstance(one, str) else 'process'}" in said
    assert not namespaces.lives(one)


@pytest.mark.docker
def test_a_container_whose_lab_and_namespace_are_gone_is_told(tmp_path: Path) -> None:
    """From the host it cannot be known; the commands that are named remove it, and its claim on
    the image."""
    ready_backend("docker")
    with beside(*ENTER, *run_words("docker", tmp_path / "inner")):
        one = str(namespaces.instance("docker"))
        namespaces.wait_until_it_works(one)
    said = call(LABKIT, "clean")
    assert namespaces.lives(one)
    claim = f"labkit/lab:by-{mark_in(one)}"
    for what in (one, claim):
        call(*shlex.split(told(said, what)))
    assert namespaces.container_state(one) == "gone" and mark_in(one) not in call(
        "docker", "images"
    )


@pytest.mark.docker
def test_a_container_of_another_computer_is_told(lab_image: LabImage, tmp_path: Path) -> None:
    """Or of this one before it was started anew: the daemon serves both."""
    ready_backend("docker").prepare(lab_image)
    name = f"labkit-{OTHER_BOOT}-1"
    with closing(docker.from_env()) as client:
        client.containers.run(
            lab_image.container_tag, detach=True, name=name, network_mode="none", stdin_open=True,
            labels={OWNER_LABEL: OTHER_BOOT},
        )  # fmt: skip
        try:
            said = call(LABKIT, "clean")
            assert "left alone" in call(*run_words("docker", tmp_path / "run", 0.2))
            assert namespaces.lives(name)
            call(*shlex.split(told(said, name)))
            assert namespaces.container_state(name) == "gone"
        finally:
            if namespaces.container_state(name) != "gone":
                client.api.remove_container(name, force=True)

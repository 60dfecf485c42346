"""A lab in a PID namespace of its own, as in a container, on the same daemon and the same files."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import docker
import psutil
from docker.models.containers import Container

from labkit.backends.docker.containers import OWNER_LABEL
from labkit.system.clock import wait_until
from labkit.system.owner_marks import Mark, mark_of, place, runs

LABKIT = str(Path(sys.executable).with_name("labkit"))
# With its end, all that runs in it ends; the containers are the daemon's.
ENTER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
LONG_S = 25.0  # a busy computer is slow to clean up beside it


def run_words(backend: str, out: Path, seconds: float = LONG_S) -> list[str]:
    """A run with one long trial of each backend."""
    words = [LABKIT, "run", "--backends", backend, "--workloads", "idle", "--out", str(out)]
    return [*words, "--repeats", "1", "--warmups", "0", "--seconds", str(seconds)]


@contextmanager
def inner_shell() -> Iterator[subprocess.Popen[str]]:
    """Takes commands on its standard input."""
    with subprocess.Popen(
        [*ENTER, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    ) as shell:  # fmt: skip
        try:
            yield shell
        finally:
            shell.kill()


def call(*words: str) -> str:
    return subprocess.run(
        words, check=True, timeout=120, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout


def containers(lab: int | None = None) -> list[str]:
    """The running containers of labs in other PID namespaces, or of one lab in this one."""
    with closing(docker.from_env()) as client:
        labelled = client.containers.list(filters={"label": OWNER_LABEL}, ignore_removed=True)
        return [str(c.name) for c in labelled if is_of(c.labels[OWNER_LABEL], lab)]


def container_state(name: str) -> str:
    """`running`, or another word of Docker's."""
    with closing(docker.from_env()) as client:
        try:
            found: Container = client.containers.get(name)
        except docker.errors.NotFound:
            return "gone"
        return str(found.status)


def machines(lab: int | None = None) -> list[psutil.Process]:
    """The same for the machines of QEMU."""
    return [p for p in psutil.process_iter() if is_of(mark_of(p), lab) and _is_machine(p)]


def _is_machine(process: psutil.Process) -> bool:
    """And not one that is asked for its version."""
    with suppress(psutil.Error):
        return process.name().startswith("qemu-system") and len(process.cmdline()) > 5
    return False


def is_of(text: str | None, lab: int | None) -> bool:
    """Older labs do not say in which namespace they are."""
    mark = Mark.read(text or "")
    if mark is None or mark.namespace is None:
        return False
    here = str(text).endswith(f".{place()}")
    return not here if lab is None else here and mark.pid == lab


def instance(backend: str, lab: int | None = None) -> str | psutil.Process:
    """The lab's instance, once it runs."""
    look = containers if backend == "docker" else machines
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for one in look(lab):
            return one
        time.sleep(0.1)
    raise AssertionError("no instance has come")


def wait_until_it_works(name: str) -> None:
    """Until the container's agent is in its long trial: before that, it ends when its lab does.
    Docker's own list of its processes is that of ps(1), which does not run in user-mode Linux."""
    with closing(docker.from_env()) as client:
        first = psutil.Process(client.containers.get(name).attrs["State"]["Pid"])
    assert wait_until(lambda: any(map(_sleeps, first.children(recursive=True))), timeout=60)


def _sleeps(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "sleep" in process.cmdline()
    return False


def lives(one: str | psutil.Process) -> bool:
    return container_state(one) == "running" if isinstance(one, str) else runs(one)

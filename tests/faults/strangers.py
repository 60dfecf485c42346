"""What looks like the lab's and is not: processes, containers, folders. No fault may touch them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.containers import Container

from labkit.backends.docker.containers import OWNER_LABEL
from labkit.image import LabImage
from labkit.system.owner_marks import OWNER_VARIABLE, place

# A lab's of another start of this computer, of another namespace, and no lab's at all.
_BOOT, _, _NAMESPACE = place().partition(".")
MARKS = (f"1-1.0badb007.{_NAMESPACE}", f"1-1.{_BOOT}.0bad0b", "mine")
# Longer than 200 faults take on a busy computer: one that ended by itself would count as touched.
DAY_S = "86400"
STAY = ["/bin/busybox", "sleep", DAY_S]


@dataclass(frozen=True)
class Strangers:
    processes: dict[str, subprocess.Popen[bytes]]
    containers: dict[str, Container]
    files: list[Path]

    def touched(self) -> list[str]:
        """Which of them are not as they were."""
        gone = [
            f"process with the mark {m}" for m, p in self.processes.items() if p.poll() is not None
        ]
        gone += [f"file {file}" for file in self.files if not file.exists()]
        return gone + [f"container {n}" for n, one in self.containers.items() if not _runs(one)]


@contextmanager
def strangers(image: LabImage) -> Iterator[Strangers]:
    """They are there within this context."""
    client = docker.from_env()
    names = [f"labkit-{mark}-stranger{os.getpid()}" for mark in MARKS]
    made = Strangers({}, {}, [])
    try:
        for mark, name in zip(MARKS, names, strict=True):
            env = {**os.environ, OWNER_VARIABLE: mark}
            # By the name that a machine of ours has.
            made.processes[mark] = subprocess.Popen(
                ["qemu-system-x86_64", DAY_S], executable=shutil.which("sleep"), env=env
            )
            labels = {} if mark == "mine" else {OWNER_LABEL: mark}
            made.containers[name] = client.containers.run(
                image.container_tag, STAY, entrypoint=[], name=name, labels=labels, detach=True,
                network_mode="none",
            )  # fmt: skip
            folder = Path(tempfile.gettempdir()) / name
            folder.mkdir()
            made.files.append(folder / "thesis.txt")
            made.files[-1].write_text("mine")
        yield made
    finally:
        for process in made.processes.values():
            process.kill()
            process.wait()
        for container in made.containers.values():
            container.remove(force=True)
        for file in made.files:
            shutil.rmtree(file.parent, ignore_errors=True)
        client.close()


def _runs(container: Container) -> bool:
    try:
        container.reload()
    except docker.errors.NotFound:
        return False
    return str(container.status) == "running"

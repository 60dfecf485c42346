"""The process that is a lab's instance, seen from outside."""

from __future__ import annotations

import docker
import psutil

from labkit.system.owner_marks import mark_of
from tests.traces import containers

NAMES = {"host": "busybox", "qemu": "qemu-system", "qemu-resumed": "qemu-system"}


def instance_of(pid: int, backend: str) -> psutil.Process:
    """The bare process, the container's first process, or the process that is the machine."""
    if backend == "docker":
        return psutil.Process(_container_pid(pid))
    found = [
        process
        for process in psutil.process_iter()
        if (mark_of(process) or "").startswith(f"{pid}-")
        and process.name().startswith(NAMES[backend])
    ]
    return min(found, key=lambda process: process.create_time())


def _container_pid(pid: int) -> int:
    (name,) = containers(pid)
    client = docker.from_env()
    try:
        return int(client.containers.get(name).attrs["State"]["Pid"])
    finally:
        client.close()

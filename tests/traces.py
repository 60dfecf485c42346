"""What a lab has left on this machine, looked for without the lab's own sweeping."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import docker
import psutil

from labkit.backends.containerd import NAMESPACE, find_socket
from labkit.backends.docker import OWNER_LABEL, DockerBackend
from labkit.process import find_tool, mark_of

CGROUPS = Path("/sys/fs/cgroup")


def traces(pid: int) -> list[str]:
    """Everything on this machine that bears the mark of the lab with this process id."""
    found = [f"process {p.pid}" for p in psutil.process_iter() if is_of(mark_of(p), pid)]
    folders = [Path(tempfile.gettempdir()), CGROUPS, *CGROUPS.glob("*")]
    found += [str(p) for p in Path("/tmp").glob(f".vbox-labkit-{pid}-*")]
    found += [str(path) for folder in folders for path in folder.glob(f"labkit-{pid}-*")]
    return found + containers(pid) + _containerd_containers(pid)


def is_of(mark: str | None, pid: int) -> bool:
    return mark is not None and mark.partition("-")[0] == str(pid)


def containers(pid: int) -> list[str]:
    """The names of its containers; of none where no daemon answers."""
    if DockerBackend().missing() is not None:
        return []
    client = docker.from_env()
    try:
        labelled = client.containers.list(
            all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
        )
        return [str(c.name) for c in labelled if is_of(c.labels[OWNER_LABEL], pid)]
    finally:
        client.close()


def _containerd_containers(pid: int) -> list[str]:
    address = find_socket()
    if address is None or find_tool("ctr") is None:
        return []
    argv = ["ctr", "--address", str(address), "--namespace", NAMESPACE, "containers", "list", "-q"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
    return [name for name in listed if name.startswith(f"labkit-{pid}-")]

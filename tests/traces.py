"""What a lab has left on this machine, looked for without the lab's own sweeping."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import docker
import psutil

from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.containers import OWNER_LABEL
from labkit.backends.engine_parts.containerd import NAMESPACE, find_socket
from labkit.backends.kubernetes import client, pod
from labkit.system.owner_marks import mark_of
from labkit.system.process import find_tool

CGROUPS = Path("/sys/fs/cgroup")
FIREJAIL = Path("/run/firejail/name")


def traces(pid: int) -> list[str]:
    """Everything on this machine that bears the mark of the lab with this process id."""
    found = [_named(p) for p in psutil.process_iter() if is_of(mark_of(p), pid)]
    folders = [Path(tempfile.gettempdir()), CGROUPS, *CGROUPS.glob("*")]
    found += [str(p) for p in Path("/tmp").glob(f".vbox-labkit-{pid}-*")]
    found += _of_firejail(pid)
    found += [str(path) for folder in folders for path in folder.glob(f"labkit-{pid}-*")]
    return found + containers(pid) + _containerd_containers(pid) + _of_kubernetes(pid)


def _named(process: psutil.Process) -> str:
    name = "that has just ended"
    with suppress(psutil.Error):
        name = f"{process.name()} {process.status()}"
    return f"process {process.pid} {name}"


def is_of(mark: str | None, pid: int) -> bool:
    return mark is not None and mark.partition("-")[0] == str(pid)


def containers(pid: int) -> list[str]:
    """The names of its containers; of none where no daemon answers."""
    if DockerBackend().missing() is not None:
        return []
    daemon = docker.from_env()
    try:
        labelled = daemon.containers.list(
            all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
        )
        return [str(c.name) for c in labelled if is_of(c.labels[OWNER_LABEL], pid)]
    finally:
        daemon.close()


def _of_kubernetes(pid: int) -> list[str]:
    """Its pods and namespaces, in the cluster that the tests have started."""
    if "KUBECONFIG" not in os.environ or client.missing() is not None:
        return []
    with client.connected() as api:
        kinds = {"pod": api.list_pod_for_all_namespaces, "namespace": api.list_namespace}
        return [
            f"{kind} {one.metadata.name}"
            for kind, list_all in kinds.items()
            for one in list_all(label_selector=pod.OWNER_LABEL).items
            if is_of(one.metadata.labels[pod.OWNER_LABEL], pid)
        ]


def _of_firejail(pid: int) -> list[str]:
    found = []
    for file in FIREJAIL.glob("*"):
        with suppress(FileNotFoundError):  # another one's, which has just ended
            if file.read_text().startswith(f"labkit-{pid}-"):
                found.append(str(file))
    return found


def _containerd_containers(pid: int) -> list[str]:
    address = find_socket()
    if address is None or find_tool("ctr") is None:
        return []
    argv = ["ctr", "--address", str(address), "--namespace", NAMESPACE, "containers", "list", "-q"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
    return [name for name in listed if name.startswith(f"labkit-{pid}-")]

"""What a lab has on this machine: processes, folders and containers that bear its mark."""

from __future__ import annotations

import tempfile
from pathlib import Path

import docker
import psutil

from labkit.backends.docker import OWNER_LABEL, DockerBackend
from labkit.process import mark_of


def traces(pid: int) -> list[str]:
    """Everything on this machine that bears the mark of the lab with this process id."""
    found = [f"process {p.pid}" for p in psutil.process_iter() if _is_of(mark_of(p), pid)]
    found += [str(p) for p in Path(tempfile.gettempdir()).glob(f"labkit-{pid}-*")]
    found += [str(p) for p in Path("/tmp").glob(f".vbox-labkit-{pid}-*")]
    return found + containers(pid)


def containers(pid: int) -> list[str]:
    """The names of its containers; of none where no daemon answers."""
    if DockerBackend().missing() is not None:
        return []
    client = docker.from_env()
    try:
        labelled = client.containers.list(
            all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
        )
        return [str(c.name) for c in labelled if _is_of(c.labels[OWNER_LABEL], pid)]
    finally:
        client.close()


def _is_of(mark: str | None, pid: int) -> bool:
    return mark is not None and mark.partition("-")[0] == str(pid)

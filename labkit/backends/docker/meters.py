"""What a container costs, as it is read where its processes are, or as its daemon counts it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

import docker

from labkit.backends.containers import container_meters
from labkit.backends.docker.client import DAEMON_ERRORS, daemon_errors
from labkit.backends.docker.place import place_of
from labkit.backends.instance import Meter


def meters_of(client: docker.DockerClient, name: str) -> tuple[Meter, ...]:
    """The meters of the container with this name; where its process is not proven to be the one
    that has that number here, what the daemon itself counts."""
    with daemon_errors("ask for the container's process"):
        container = client.containers.get(name)
        pid, id = container.attrs["State"]["Pid"], str(container.id)
        if meters := container_meters(pid, id):
            return meters
        why = place_of(client).why or f"nothing proves that process {pid} is the container's"
        return (Meter("container", "instance", why=why, told=partial(_told, client, id)),)


def _told(client: docker.DockerClient, id: str) -> dict[str, Any]:
    """What the daemon counts: Docker Engine API, «Get container stats». Empty where it does not
    know, as for one that has just ended."""
    with suppress(*DAEMON_ERRORS):
        stats = client.api.stats(id, stream=False, one_shot=True)
        spent = stats.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage")
        memory = stats.get("memory_stats", {}).get("usage")
        return {"daemon_bytes": memory or None, "daemon_cpu_s": spent / 1e9 if spent else None}
    return {}

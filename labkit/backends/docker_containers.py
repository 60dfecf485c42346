"""A container of the lab image, as the Docker daemon is asked for it, and its removal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.types import Mount

from labkit.backends.base import INNER_PORT, STOP_TIMEOUT_S, Meter
from labkit.backends.containers import container_meters
from labkit.backends.docker_client import (
    DAEMON_ERRORS,
    connected,
    daemon_error,
    daemon_errors,
)
from labkit.errors import BackendError
from labkit.host import cpu_set, whole_disk
from labkit.image import LabImage
from labkit.ports import LOOPBACK
from labkit.process import owner, wait_until
from labkit.records import Limits

OWNER_LABEL = "org.labkit.owner"


def container_settings(
    image: LabImage, limits: Limits, name: str, chosen: Mapping[str, str]
) -> dict[str, Any]:
    """What the daemon is asked for; `chosen` are settings of DockerBackend."""
    memory = limits.memory_mib * 1024 * 1024
    unconfined = ["seccomp=unconfined"] if chosen["seccomp"] == "unconfined" else []
    return {
        "image": image.container_tag,
        "name": name,
        "labels": {OWNER_LABEL: owner()},
        "stdin_open": True,
        **_network(limits, chosen["network"]),
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", *unconfined],
        "mounts": [Mount("/scratch", None, type="volume")],
        "cpuset_cpus": ",".join(map(str, cpu_set(limits.cpus))),
        "mem_limit": memory,
        "memswap_limit": memory,
        "auto_remove": chosen["rm"] == "yes",
    }


def disk_limit(client: docker.DockerClient, limits: Limits) -> dict[str, Any]:
    """The container's rate of writing to the disk that holds the daemon's volumes, which the
    kernel's block IO controller keeps (admin-guide/cgroup-v1/blkio-controller, cgroup-v2, io.max).
    """
    if limits.disk_write_mib_per_s is None:
        return {}
    disk = whole_disk(Path(client.info()["DockerRootDir"]))
    if disk is None:
        raise BackendError(
            "the container's writing cannot be limited",
            details="the daemon's folder is not on a disk that this computer's kernel drives",
            resolution="leave the limit out",
        )
    return {"device_write_bps": [{"Path": str(disk), "Rate": limits.disk_write_mib_per_s << 20}]}


def _network(limits: Limits, mode: str) -> dict[str, Any]:
    """The daemon picks a free port, and another one where that is taken meanwhile."""
    if not limits.network or mode == "host":
        return {"network_mode": mode}
    return {
        "ports": {f"{INNER_PORT}/tcp": (LOOPBACK, None)},
        "environment": {"LAB_HTTP": str(INNER_PORT)},
    }


def attach(container: Container, stack: ExitStack) -> int:
    """The descriptor of the connection to a container's three streams, open as long as `stack`.
    Attached before the start, so that nothing the agent says is lost."""
    connection: Any = container.attach_socket(
        params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    )
    stack.callback(connection.close)
    stack.callback(connection._sock.close)
    connection._sock.settimeout(None)
    return int(connection.fileno())


def published_port(container: Container) -> int:
    with daemon_errors("tell the published port"):
        container.reload()
        bindings = container.attrs["NetworkSettings"]["Ports"].get(f"{INNER_PORT}/tcp") or []
    if not bindings:
        raise BackendError(
            "Docker did not publish the container's port",
            details="the container ended at once, or the daemon has no bridge network",
            resolution="docker network ls must show a network named bridge",
        )
    return int(bindings[0]["HostPort"])


def meters_of(name: str) -> tuple[Meter, ...]:
    """The meters of the container with this name."""
    with daemon_errors("ask for the container's process"), connected() as client:
        return container_meters(client.containers.get(name).attrs["State"]["Pid"])


def remove(client: docker.DockerClient, name: str) -> None:
    """Removes a container with its volume; one that was never made or is gone is fine."""
    try:
        client.api.remove_container(name, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:
            raise daemon_error(f"remove the container {name}", error) from error
        _wait_removed(client, name)  # its removal is already under way
    except DAEMON_ERRORS as error:
        raise BackendError(
            f"the container {name} could not be removed",
            details=f"the Docker daemon does not answer: {error}",
            resolution="start the daemon (labkit setup docker), then: labkit clean",
        ) from error


def _wait_removed(client: docker.DockerClient, name: str) -> None:
    """By the daemon itself (--rm), which takes a moment."""

    def gone() -> bool:
        try:
            client.api.inspect_container(name)
        except NotFound:
            return True
        return False

    if not wait_until(gone, timeout=STOP_TIMEOUT_S):
        raise BackendError(
            f"the container {name} was not removed in time", resolution="labkit clean"
        )

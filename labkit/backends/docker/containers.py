"""Containers, as the Docker daemon is asked for them, and their removal."""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container, _create_container_args  # type: ignore[attr-defined]
from docker.types import Mount

from labkit.backends.base import INNER_PORT
from labkit.backends.docker.client import DAEMON_ERRORS, command, daemon_error, daemon_errors
from labkit.backends.docker.place import place_of
from labkit.backends.docker.stream import Demultiplexer, decrypted
from labkit.backends.instance import STOP_TIMEOUT_S
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.channel import Channel
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import wait_until
from labkit.system.host import cpu_set, whole_disk
from labkit.system.owner_marks import owner
from labkit.system.ports import LOOPBACK
from labkit.system.signals import uninterrupted

OWNER_LABEL = "org.labkit.owner"
ALL_KEPT: Mapping[str, bool] = {"memory": True, "CPUs": True}
# Nothing is in a container but what we put there: neither the proxies of the client's
# configuration nor the init of the daemon's.
PLAIN = {"use_config_proxy": False, "init": False}


def limit_settings(limits: Limits, kept: Mapping[str, bool]) -> dict[str, Any]:
    """Of memory and CPUs. One that cannot be kept is not asked for: Docker would say so and go on,
    Podman refuses the container."""
    found: dict[str, Any] = {}
    if kept["CPUs"]:
        found["cpuset_cpus"] = ",".join(map(str, cpu_set(limits.cpus)))
    if kept["memory"]:
        found["mem_limit"] = found["memswap_limit"] = limits.memory_mib * 1024 * 1024
    return found


def container_settings(
    image: LabImage,
    limits: Limits,
    name: str,
    chosen: Mapping[str, str],
    kept: Mapping[str, bool] = ALL_KEPT,
) -> dict[str, Any]:
    """What it is asked for, of the lab image; `chosen` are settings of DockerBackend, `kept` is
    which limits its daemon can keep (facts.limits_kept)."""
    return {
        "image": image.container_tag,
        "name": name,
        "labels": {OWNER_LABEL: owner()},
        "stdin_open": True,
        **_network(limits, chosen["network"]),
        **_security(chosen),
        "mounts": [Mount("/scratch", None, type="volume")],
        **limit_settings(limits, kept),
        "auto_remove": chosen["rm"] == "yes",
        **PLAIN,
    }


def _security(chosen: Mapping[str, str]) -> dict[str, Any]:
    unconfined = ["seccomp=unconfined"] if chosen["seccomp"] == "unconfined" else []
    if chosen["security"] == "default":
        return {"security_opt": unconfined}
    return {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", *unconfined],
    }


def disk_limit(client: docker.DockerClient, limits: Limits) -> dict[str, Any]:
    """The container's rate of writing to the disk that holds the daemon's volumes, which the
    kernel's block IO controller keeps (admin-guide/cgroup-v1/blkio-controller, cgroup-v2, io.max).
    """
    if limits.disk_write_mib_per_s is None:
        return {}
    why = place_of(client).why  # elsewhere, the same path is another disk's
    disk = None if why else whole_disk(Path(client.info()["DockerRootDir"]))
    if disk is None:
        raise BackendError(
            "the container's writing cannot be limited",
            details=why or "the daemon's folder is on no disk that this computer's kernel drives",
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


@dataclass(frozen=True)
class Started:
    """A container that runs, and its standard streams."""

    container: Container
    channel: Channel
    output: Demultiplexer


@contextmanager
def started(
    client: docker.DockerClient, timeline: Timeline, settings: Mapping[str, Any]
) -> Iterator[Started]:
    """Makes and starts a container; it is gone afterwards. Marks `created` and `started`."""
    with ExitStack() as stack:
        # By name, and noted before: an interrupt may come before `create` has answered.
        stack.callback(remove, client, settings["name"])
        with daemon_errors("start a container"):
            # Broken off, the daemon would still make the container, after our clean-up.
            with uninterrupted():
                container = _created(client, settings)
            timeline.mark("created")
            fd = attach(container, stack)
            container.start()
            timeline.mark("started")
        output = Demultiplexer()
        # A terminal's stream is one, and has no frames.
        decode = bytes if settings.get("tty") else output.feed
        yield Started(container, Channel(fd, fd, decode=decode), output)


def _created(client: docker.DockerClient, settings: Mapping[str, Any]) -> Container:
    """As the SDK's `containers.create`, which then asks the daemon for all that it knows of the new
    container: nothing of that is needed, and a start would wait for it."""
    asked = {"command": None, **settings, "version": client.api.api_version}
    made = client.api.create_container(**_create_container_args(asked))
    about = {"Id": made["Id"], "Name": f"/{settings['name']}"}
    return Container(attrs=about, client=client, collection=client.containers)


def attach(container: Container, stack: ExitStack) -> int:
    """The descriptor of the connection to a container's three streams, open as long as `stack`.
    Attached before the start, so that nothing the agent says is lost."""
    connection: Any = container.attach_socket(
        params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    )
    if isinstance(connection, ssl.SSLSocket):
        stack.callback(connection.close)
        return stack.enter_context(decrypted(connection)).fileno()
    stack.callback(connection._sock.close)
    # First the answer that it belongs to: Python 3.13 would complain of it as garbage.
    stack.callback(getattr(connection, "_response", connection).close)
    connection._sock.settimeout(None)
    return int(connection.fileno())


def published_port(container: Container, inner: int = INNER_PORT) -> int:
    with daemon_errors("tell the published port"):
        container.reload()
        bindings = container.attrs["NetworkSettings"]["Ports"].get(f"{inner}/tcp") or []
    if not bindings:
        raise BackendError(
            "Docker did not publish the container's port",
            details="the container ended at once, or the daemon has no bridge network",
            resolution="docker network ls must show a network named bridge",
        )
    return int(bindings[0]["HostPort"])


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
            resolution="start the daemon, then: labkit clean",
        ) from error


def _wait_removed(client: docker.DockerClient, name: str) -> None:
    """Waits until the daemon itself has removed it (--rm), which takes a moment."""

    def gone() -> bool:
        try:
            client.api.inspect_container(name)
        except NotFound:
            return True
        return False

    with daemon_errors(f"tell whether the container {name} is gone"):
        removed = wait_until(gone, timeout=STOP_TIMEOUT_S)
    if not removed:
        by_hand = shlex.join(command("rm", "--force", "--volumes", name))
        raise BackendError(
            f"the container {name} was not removed in time",
            resolution=f"once the daemon is less busy: {by_hand}",
        )

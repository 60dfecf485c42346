"""Backend `docker`: a container of the lab image, through the Docker SDK.

A read-only root file system, no capabilities, no new privileges; one volume for scratch data,
which goes with the container. No network, unless a server is to be asked: then Docker's default
bridge, and one port of it on the host's loopback. Container, volume and image carry labels.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import docker
import psutil
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import Mount

from labkit.backends.base import (
    INNER_PORT,
    STOP_TIMEOUT_S,
    Backend,
    Instance,
    Meter,
    Missing,
)
from labkit.backends.containers import container_meters
from labkit.backends.docker_stream import Demultiplexer
from labkit.channel import Channel
from labkit.errors import BackendError
from labkit.host import cpu_set, whole_disk
from labkit.image import LabImage
from labkit.ports import LOOPBACK
from labkit.process import as_root, find_tool, last_lines, owner, uninterrupted, wait_until
from labkit.protocol import Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

OWNER_LABEL = "org.labkit.owner"
IMAGE_LABEL = "org.labkit.image"
SERVICES = ("dockerd", "containerd")
# What the SDK raises when the daemon refuses, is away, or goes away during a call.
DAEMON_ERRORS = (DockerException, requests.RequestException, OSError)


class DockerInstance(Instance):
    def __init__(
        self,
        container: Container,
        output: Demultiplexer,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._container = container
        self._output = output

    def meters(self) -> tuple[Meter, ...]:
        """The container's processes and its containerd-shim; none of either where the daemon
        runs elsewhere (Docker Desktop's machine), whose processes are not to be seen."""
        with _daemon_errors("ask for the container's process"):
            self._container.reload()
        return container_meters(self._container.attrs["State"]["Pid"])

    def _wait_gone(self) -> None:
        with _daemon_errors("wait for the container's end"), suppress(NotFound):
            self._container.wait(timeout=STOP_TIMEOUT_S)

    def _diagnosis(self) -> str:
        """What the container wrote to its standard error, and how it ended."""
        text = self._output.stderr.decode(errors="replace")
        with suppress(*DAEMON_ERRORS):
            self._container.reload()
            state = self._container.attrs["State"]
            if state.get("OOMKilled"):
                text += "\nthe kernel ended it: it used more memory than its limit"
            if state.get("Running"):
                text += "\nthe container still runs"
            else:
                text += f"\nthe container ended with exit status {state.get('ExitCode')}"
        return text


class DockerBackend(Backend):
    name = "docker"
    family = "container"
    publishes = True
    limits_disk = True
    cannot: ClassVar[Mapping[str, str]] = {
        "resumed start": "a container is only restored from a file by CRIU, which Docker has as an "
        "experiment; pause and unpause is another thing, the memory stays in use"
    }
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "network": ("none", "bridge", "host"),
        "seccomp": ("default", "unconfined"),
        "rm": ("no", "yes"),  # who removes the container: the lab, or the daemon when it ends
    }

    def leaves_out(self) -> Mapping[str, str]:
        """On the host's own network a server would listen at all addresses of this computer."""
        if self.chosen["network"] == "host":
            return {**super().leaves_out(), "http": "it would listen on all networks of this host"}
        return super().leaves_out()

    def missing(self) -> Missing | None:
        try:
            with connected(timeout=5) as client:
                client.ping()
        except DAEMON_ERRORS as error:
            return _explain_missing(error)
        return None

    def version(self) -> str:
        with _daemon_errors("ask for the daemon's version"), connected() as client:
            facts = client.version()
        parts = {part["Name"]: part["Version"] for part in facts.get("Components", [])}
        return ", ".join(
            [f"dockerd {facts['Version']}"]
            + [f"{n} {v}" for n, v in parts.items() if n in ("containerd", "runc")]
        )

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    def prepare(self, image: LabImage) -> None:
        """Loads the lab image into the daemon's store, unless that very image is there."""
        with _daemon_errors("load the lab image"), connected(timeout=120) as client:
            if not _has_image(client, image):
                with image.container_tar.open("rb") as tar:
                    client.images.load(tar)

    def services(self) -> tuple[Meter, ...]:
        pids = {name: [] for name in SERVICES}  # type: dict[str, list[int]]
        for process in psutil.process_iter(["name"]):
            if process.info["name"] in pids:
                pids[process.info["name"]].append(process.pid)
        return tuple(
            Meter(name, "services", tuple(found), tree=False)
            for name, found in pids.items()
            if found
        )

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = f"labkit-{owner()}-{int(timeline.clock.now() * 1000)}"
        with ExitStack() as stack:
            with _daemon_errors("be reached"):
                client = stack.enter_context(connected())
            # By name, and noted before: an interrupt may come before `create` has answered.
            stack.callback(remove, client, name)
            with _daemon_errors("start a container"):
                # Broken off, the daemon would still make the container, after our clean-up.
                with uninterrupted():
                    settings = container_settings(image, limits, name, self.chosen)
                    settings |= disk_limit(client, limits)
                    container = client.containers.create(**settings)
                timeline.mark("created")
                fd = _attach(container, stack)
                container.start()
                timeline.mark("started")
            output = Demultiplexer()
            channel = Channel(fd, fd, decode=output.feed)
            session = Session(channel, timeline.clock)
            instance = DockerInstance(container, output, session, timeline)
            if limits.network and self.chosen["network"] != "host":
                instance.port = _published_port(container)
            yield instance

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        try:
            with connected(timeout=10) as client:
                found = client.containers.list(
                    all=True, filters={"label": OWNER_LABEL}, ignore_removed=True
                )
                left = [c for c in found if abandoned(c.labels.get(OWNER_LABEL, ""))]
                for container in left:
                    remove(client, str(container.name))
        except DAEMON_ERRORS:
            return []  # no daemon, no containers to be seen
        return [f"container {container.name}" for container in left]


@contextmanager
def connected(timeout: int = 60) -> Iterator[docker.DockerClient]:
    _check_socket()
    client = docker.from_env(timeout=timeout)
    try:
        yield client
    finally:
        client.close()


def _attach(container: Container, stack: ExitStack) -> int:
    """The descriptor of the connection to a container's three streams, open as long as `stack`.
    Attached before the start, so that nothing the agent says is lost."""
    connection: Any = container.attach_socket(
        params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
    )
    stack.callback(connection.close)
    stack.callback(connection._sock.close)
    connection._sock.settimeout(None)
    return int(connection.fileno())


def _has_image(client: docker.DockerClient, image: LabImage) -> bool:
    """By tag and label: an image's id is one thing in Docker's own store (the digest of its
    configuration) and another in containerd's (the digest of its manifest)."""
    with suppress(ImageNotFound):
        labels = client.images.get(image.container_tag).labels
        return labels.get(IMAGE_LABEL) == image.digest
    return False


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


def _published_port(container: Container) -> int:
    with _daemon_errors("tell the published port"):
        container.reload()
        bindings = container.attrs["NetworkSettings"]["Ports"].get(f"{INNER_PORT}/tcp") or []
    if not bindings:
        raise BackendError(
            "Docker did not publish the container's port",
            details="the container ended at once, or the daemon has no bridge network",
            resolution="docker network ls must show a network named bridge",
        )
    return int(bindings[0]["HostPort"])


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


def meters_of(name: str) -> tuple[Meter, ...]:
    """The meters of the container with this name."""
    with _daemon_errors("ask for the container's process"), connected() as client:
        return container_meters(client.containers.get(name).attrs["State"]["Pid"])


def remove(client: docker.DockerClient, name: str) -> None:
    """Removes a container with its volume; one that was never made or is gone is fine."""
    try:
        client.api.remove_container(name, v=True, force=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:
            raise _daemon_error(f"remove the container {name}", error) from error
        _wait_removed(client, name)  # its removal is already under way
    except DAEMON_ERRORS as error:
        raise BackendError(
            f"the container {name} could not be removed",
            details=f"the Docker daemon does not answer: {error}",
            resolution="start the daemon (labkit setup docker), then: labkit clean",
        ) from error


@contextmanager
def _daemon_errors(what: str) -> Iterator[None]:
    try:
        yield
    except DAEMON_ERRORS as error:
        raise _daemon_error(what, error) from error


def _daemon_error(what: str, error: Exception) -> BackendError:
    if "could not find bridge" in str(error):
        return BackendError(
            f"Docker could not {what}",
            details="the interface of its default network (docker0) was removed behind its back",
            resolution="restart the daemon: systemctl restart docker, or labkit clean --daemon and "
            "labkit setup docker",
        )
    return BackendError(
        f"Docker could not {what}",
        details=last_lines(str(error)),
        resolution="labkit doctor tells whether the daemon is well",
    )


def _check_socket() -> None:
    """Raises the OSError that a connection to the daemon's Unix socket meets. Asked before the
    SDK is: its own error hides the cause, and leaves the socket open."""
    scheme, _, path = _host().partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)


def _explain_missing(error: Exception) -> Missing:
    if isinstance(error, PermissionError):
        return Missing(
            f"the Docker daemon denies you access ({_host()})",
            f"sudo usermod -aG docker {os.environ.get('USER', '$USER')}, then log in again",
        )
    if "DOCKER_HOST" in os.environ:
        return Missing(
            f"no Docker daemon answers at DOCKER_HOST ({_host()})",
            "start that daemon, or unset DOCKER_HOST to use this computer's own",
        )
    if find_tool("dockerd") is None:
        return Missing("Docker Engine is not installed", as_root("setup docker"))
    return Missing(f"no Docker daemon answers ({_host()})", as_root("setup docker"))


def _host() -> str:
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")

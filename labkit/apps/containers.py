"""Apps that run: containers, by their labels; what they are made of, see `AppImages`.

All state is in the daemon: the label says which app, the tag's number which release. A container
with an owner's label (labkit.measure.cleanup) is a candidate that nobody relies on yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import NotFound
from docker.models.containers import Container

from labkit.apps.images import APP_LABEL, AppImages, repository
from labkit.backends.docker.client import (
    DAEMON_ERRORS,
    daemon_error,
    daemon_errors,
    required,
)
from labkit.backends.docker.containers import OWNER_LABEL, PLAIN, remove
from labkit.errors import BackendError
from labkit.system.owner_marks import owner
from labkit.system.ports import LOOPBACK, reserved_port
from labkit.system.process import last_lines
from labkit.system.signals import uninterrupted

RELEASE_LABEL = "org.labkit.app.release"
PORT_LABEL = "org.labkit.app.port"
INNER = "8080/tcp"
NETWORK = "labkit-apps"
NO_NEIGHBOURS = {"com.docker.network.bridge.enable_icc": "false"}
MEMORY_BYTES = 256 << 20
STOP_S = 2
TRIES = 3


@dataclass(frozen=True)
class AppContainer:
    """One container of an app; `port` is on this computer's loopback address."""

    container: str
    app: str
    release: int
    port: int
    state: str

    @property
    def runs(self) -> bool:
        return self.state == "running"


@contextmanager
def connected() -> Iterator[Apps]:
    """The apps of the daemon; BackendError, with what to do, where none answers."""
    with required("apps run in") as client:
        apps = Apps(client)
        try:
            yield apps
        finally:
            apps.drop_network()


class Apps:
    """What the platform asks of Docker."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self.images = AppImages(client)

    def network(self) -> str:
        """The apps' own network, made when it is first needed. On Docker's default one, each
        container reaches every other container of this computer."""
        with daemon_errors("make the apps' network"), uninterrupted():
            if not self._client.networks.list(names=[f"^{NETWORK}$"]):
                self._client.networks.create(
                    NETWORK, driver="bridge", options=NO_NEIGHBOURS, labels={APP_LABEL: ""}
                )
        return NETWORK

    def drop_network(self) -> None:
        """Removes the network when no container uses it any more; the daemon knows."""
        with suppress(*DAEMON_ERRORS):
            for network in self._client.networks.list(
                names=[f"^{NETWORK}$"], filters={"label": APP_LABEL}
            ):
                network.reload()
                if not network.attrs["Containers"] and not self.containers():
                    network.remove()

    def containers(self, app: str | None = None) -> list[AppContainer]:
        """All but candidates: those that run first, then by release, newest first."""
        label = APP_LABEL if app is None else f"{APP_LABEL}={app}"
        with daemon_errors("list the apps"):
            containers = self._client.containers.list(
                all=True, filters={"label": [label, RELEASE_LABEL]}, ignore_removed=True
            )
        apps = [_describe(container) for container in containers if _is_in_place(container)]
        return sorted(apps, key=lambda one: (one.app, not one.runs, -one.release))

    def without_container(self) -> set[str]:
        """Apps that have images, but neither a container nor a candidate."""
        with daemon_errors("list the apps"):
            images = self._client.images.list(filters={"label": APP_LABEL})
            containers = self._client.containers.list(
                all=True, filters={"label": APP_LABEL}, ignore_removed=True
            )
        used = {container.labels[APP_LABEL] for container in containers}
        return {image.labels[APP_LABEL] for image in images} - used

    @contextmanager
    def candidate(self, app: str, release: int) -> Iterator[AppContainer]:
        """A release that is tried, at a port of its own; gone afterwards."""
        name = f"labkit-candidate-{app}-{release}-{owner()}"
        try:
            yield self._start_somewhere(name, app, release, {OWNER_LABEL: owner()})
        finally:
            remove(self._client, name)

    def start(self, app: str, release: int, port: int | None) -> AppContainer:
        """The release, at this port, or at a free one that it keeps from then on."""
        name = _name_in_place(app, release)
        if name in {one.container for one in self.containers(app)}:
            remove(self._client, name)  # what a killed deployment has left
        if port is None:
            return self._start_somewhere(name, app, release, {})
        return self._start(name, app, release, port, {})

    def state(self, one: AppContainer) -> str:
        with daemon_errors("look at the app"), suppress(NotFound):
            return str(self._client.containers.get(one.container).status)
        return "gone"

    def said(self, one: AppContainer) -> str:
        """The end of what the app wrote, or why that is not to be seen: a daemon may keep none."""
        try:
            log = self._client.containers.get(one.container).logs(tail=12)
        except DAEMON_ERRORS as error:
            return f"({daemon_error('read what it said', error).details})"
        return last_lines(log.decode(errors="replace"))

    def run(self, tag: str, name: str, port: int) -> None:
        """A container of an image, with the settings of an app."""
        self._run(tag, name, port, {OWNER_LABEL: owner()})

    def remove_named(self, name: str) -> None:
        remove(self._client, name)

    def halt(self, one: AppContainer) -> None:
        with daemon_errors("stop the app"), suppress(NotFound):
            self._client.containers.get(one.container).stop(timeout=STOP_S)

    def resume(self, one: AppContainer) -> None:
        with daemon_errors("start the old version again"), suppress(NotFound):
            self._client.containers.get(one.container).start()

    def remove(self, one: AppContainer) -> None:
        remove(self._client, one.container)

    def _start_somewhere(
        self, name: str, app: str, release: int, labels: dict[str, str]
    ) -> AppContainer:
        """At a free port; at another one, should that be taken at the last moment."""
        for left in reversed(range(TRIES)):
            with reserved_port() as port:
                try:
                    return self._start(name, app, release, port, labels)
                except BackendError as error:
                    taken = "address already in use" in error.details
                    if not left or not (taken or "already allocated" in error.details):
                        raise
            remove(self._client, name)
        raise AssertionError("the last try returns or raises")

    def _start(
        self, name: str, app: str, release: int, port: int, labels: dict[str, str]
    ) -> AppContainer:
        marks = {APP_LABEL: app, RELEASE_LABEL: str(release), PORT_LABEL: str(port), **labels}
        container = self._run(f"{repository(app)}:{release}", name, port, marks)
        with daemon_errors("look at the app"):
            container.reload()
            return _describe(container)

    def _run(self, image: str, name: str, port: int, labels: dict[str, str]) -> Container:
        with daemon_errors("start the app"):
            with uninterrupted():  # see labkit/backends/docker/backend.py: made, or not made
                container = self._client.containers.create(
                    image, **_settings(name, port), network=self.network(), labels=labels
                )
            container.start()
            return container


def _settings(name: str, port: int) -> dict[str, Any]:
    """What the platform decides for each app: no rights, little memory, restarts, one port."""
    return {
        "name": name,
        "user": "65534:65534",
        "read_only": True,
        "tmpfs": {"/tmp": "size=16m"},  # noqa: S108  inside the container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": MEMORY_BYTES,
        "memswap_limit": MEMORY_BYTES,
        "pids_limit": 256,
        "ports": {INNER: (LOOPBACK, port)},
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": 3},
        **PLAIN,
    }


def _name_in_place(app: str, release: int | str) -> str:
    return f"labkit-app-{app}-{release}"


def _is_in_place(container: Container) -> bool:
    """By its name, too: what a user has made of an app's image has that image's label."""
    labels = container.labels
    return container.name == _name_in_place(labels[APP_LABEL], labels.get(RELEASE_LABEL, ""))


def _describe(container: Container) -> AppContainer:
    labels = container.labels
    return AppContainer(
        str(container.name),
        labels[APP_LABEL],
        int(labels[RELEASE_LABEL]),
        int(labels[PORT_LABEL]),
        str(container.status),
    )


__all__ = ["AppContainer", "Apps", "connected"]

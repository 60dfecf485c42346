"""`docker:image=NAME`: a container of an image that the user's daemon has, or builds of a folder.

It is started as `docker run` would: Docker's own security settings, its bridge network, the image's
own user and command. Memory and processors are limited as those of the lab image.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import docker
from docker.errors import ImageNotFound, NotFound
from docker.models.containers import Container

from labkit.backends.base import Missing
from labkit.backends.docker import client
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.client import DAEMON_ERRORS, connected, daemon_errors
from labkit.backends.docker.containers import (
    OWNER_LABEL,
    PLAIN,
    limit_settings,
    published_port,
    remove,
    started,
)
from labkit.backends.docker.meters import meters_of
from labkit.backends.instance import Instance
from labkit.backends.own import folder
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.own.names import OWN, UNSUPPORTED, is_folder
from labkit.backends.own.ready import Ready, read, stays_open, try_port
from labkit.backends.piped import instance_name
from labkit.backends.timeline import Timeline
from labkit.errors import GuestTimeout
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import owner
from labkit.system.ports import LOOPBACK

STOP_S = 10  # what `docker stop` gives, too
KILLED = 137  # 128 + SIGKILL
DISTRIBUTION = "/usr/lib/os-release"  # os-release(5); the one in /etc is a link to it


class OwnContainerBackend(DockerBackend):
    by_default = False
    publishes = False
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    free: ClassVar[tuple[str, ...]] = ("image", *OWN)
    unsupported = UNSUPPORTED

    _built: str = ""  # the tag of the image of a folder with a Dockerfile

    @property
    def _image(self) -> str:
        return self._built or self.chosen["image"]

    def missing(self) -> Missing | None:
        if (missing := super().missing()) is not None:
            return missing
        name = self.chosen["image"]
        if is_folder(name):
            return folder.problem(name)
        with daemon_errors("look for the image"), connected() as daemon:
            try:
                daemon.images.get(name)
            except ImageNotFound:
                pull = " ".join(client.command("pull", name))
                mend = (
                    f"{pull}, or docker build -t {name} FOLDER; docker images lists what is there"
                )
                if (Path(name) / folder.DOCKERFILE).is_file():
                    mend = f"docker:image=./{name} builds the folder of that name"
                return Missing(f"the Docker daemon has no image {name}", mend)
        return None

    def no_port(self) -> str:
        """Its own port is published; which servers it cannot run is in `unsupported`."""
        return ""

    def prepare(self, image: LabImage) -> None:
        """The daemon has the user's image, or builds it now, which is no part of a start."""
        with ExitStack() as stack:
            with daemon_errors("be reached"):
                daemon = stack.enter_context(connected())
                self._learn(daemon)
            if is_folder(name := self.chosen["image"]):
                self._built = folder.build(daemon, name, progress=self.progress)

    def configuration(self) -> Mapping[str, str]:
        with daemon_errors("tell what the image is"), connected() as daemon:
            image = daemon.images.get(self._image)
            built = {"built from": "a folder with a Dockerfile"} if self._built else {}
            facts = {
                "own image": str(image.id),
                **built,
                "distribution": _distribution(daemon, str(image.id)),
            }
        return {**super().configuration(), **facts}

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        ready = read(self.chosen["ready"])
        with ExitStack() as stack:
            with daemon_errors("be reached"):
                daemon = stack.enter_context(connected(version=self._interface))
            asked = settings(self._image, limits, ready, self._kept)
            running = stack.enter_context(started(daemon, timeline, asked))
            running.output.whole = True
            said = Said(running.channel, timeline.clock, ready.pattern())
            stack.enter_context(said)
            container, reached = running.container, None
            if ready.port is not None:
                port = published_port(container, ready.port)
                # An answer proves more than an open connection does.
                taken = stays_open if ready.kind == "tcp" else None
                reached = partial(try_port, ready, port, taken)
            meters = partial(meters_of, daemon, str(container.name))
            yield OwnInstance(said, timeline, reached, meters, partial(end, container))


def settings(name: str, limits: Limits, ready: Ready, kept: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "image": name,
        "name": instance_name(),
        "labels": {OWNER_LABEL: owner()},
        **limit_settings(limits, kept),
        "ports": {f"{ready.port}/tcp": (LOOPBACK, None)} if ready.port else {},
        **PLAIN,
    }


def end(container: Container) -> None:
    with daemon_errors("stop the container"), suppress(NotFound):
        container.stop(timeout=STOP_S)
        container.reload()
        if container.attrs["State"].get("ExitCode") == KILLED:
            raise GuestTimeout("it did not end when it was asked to")


def _distribution(daemon: docker.DockerClient, image: str) -> str:
    """What an image says of itself; empty where it does not. No program of it is run."""
    name = instance_name()
    try:
        settings: dict[str, Any] = {"name": name, "labels": {OWNER_LABEL: owner()}, **PLAIN}
        made = daemon.containers.create(image, ["none"], **settings)
        with suppress(*DAEMON_ERRORS, tarfile.TarError, KeyError):
            data = b"".join(made.get_archive(DISTRIBUTION)[0])
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                file = archive.extractfile("os-release")
                text = file.read().decode(errors="replace") if file else ""
            pretty_name = re.search(r'^PRETTY_NAME="?([^"\n]*)', text, re.MULTILINE)
            return pretty_name[1] if pretty_name else ""
    finally:
        remove(daemon, name)
    return ""

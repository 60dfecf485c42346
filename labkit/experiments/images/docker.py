"""Images and the containers made of them, as the experiments of labkit/images ask for them.

Every image carries its owner's label, and a container inherits the labels of its image: so
whatever is left of a killed lab is found by them (labkit.measure.cleanup, labkit.apps.tidy).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.types import Mount

from labkit.backends.docker import store
from labkit.backends.docker.client import daemon_errors, required
from labkit.backends.docker.containers import OWNER_LABEL, PLAIN, Started, started
from labkit.backends.docker.meters import meters_of
from labkit.backends.instance import Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.experiments.images.archive import Recipe
from labkit.system import owned_files
from labkit.system.clock import Clock, HostClock
from labkit.system.host import cpu_set
from labkit.system.owner_marks import owner
from labkit.system.process import last_lines

LINE_S = 30.0
BLOCK = 512  # the unit of st_blocks, stat(2)
VOLUME, TMPFS = "/volume", "/memory"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class StoredLayer:
    """A layer of an image in the daemon's store. disk_bytes is what its files take on
    this computer's disk: None where they cannot be looked at."""

    digest: str
    disk_bytes: int | None


class Program:
    """A program in a container, at the other end of its standard streams."""

    def __init__(self, client: docker.DockerClient, running: Started, timeline: Timeline) -> None:
        self._client = client
        self._container = running.container
        self._channel = running.channel
        self._output = running.output
        self._rest = b""
        self.timeline = timeline

    def line(self, timeout: float = LINE_S) -> str:
        """Its next line. GuestTimeout, BackendError when there is none."""
        clock = self.timeline.clock
        deadline = clock.now() + timeout
        while b"\n" not in self._rest:
            try:
                data = self._channel.receive(deadline - clock.now())
            except TimeoutError:
                raise GuestTimeout("the program in the container said nothing in time") from None
            if data is None:
                raise BackendError("the program in the container has ended", details=self.errors())
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")

    def ask(self, words: str, answer: str) -> float:
        """Seconds, on the host's clock, from a line that is sent to the answer's arrival.
        BackendError when the answer is another one."""
        begin = self.timeline.clock.now()
        self._channel.send(words.encode() + b"\n")
        reply = self.line()
        seconds = self.timeline.clock.now() - begin
        if reply != answer:
            raise BackendError(f"the container's shell said {reply!r}", details=self.errors())
        return seconds

    def end(self) -> int:
        """Closes nothing, sends an empty line, waits for the program's end: its exit status."""
        with suppress(OSError):
            self._channel.send(b"\n")
        return self.wait()

    def wait(self) -> int:
        """Its exit status when it has ended."""
        with daemon_errors("wait for the container's end"):
            return int(self._container.wait(timeout=LINE_S)["StatusCode"])

    def output(self) -> tuple[str, str]:
        """All that a program writes until it ends: standard output, standard error. As it comes:
        a daemon may keep no log of it, or send it elsewhere."""
        try:
            while (data := self._channel.receive(LINE_S)) is not None:
                self._rest += data
        except TimeoutError:
            raise GuestTimeout("the program in the container did not end in time") from None
        err = self._output.stderr.decode(errors="replace")
        return self._rest.decode(errors="replace"), err

    def errors(self) -> str:
        return last_lines(self._output.stderr.decode(errors="replace"))

    def meters(self) -> tuple[Meter, ...]:
        return meters_of(self._client, str(self._container.name))

    def layer_bytes(self) -> int | None:
        """The size of the container's own writable layer, by Docker."""
        with daemon_errors("ask for the container's size"):
            containers = self._client.api.containers(
                all=True, size=True, filters={"name": f"^/{self._container.name}$"}
            )
        return int(containers[0].get("SizeRw", 0)) if containers else None

    def upper_bytes(self) -> int | None:
        """What the files of that layer take on disk: the overlay's upper folder. None where the
        daemon uses another driver, or its folders are not to be read (only root may)."""
        driver = self._container.attrs.get("GraphDriver") or {}
        if driver.get("Name") != "overlay2":
            return None
        return disk_bytes(Path(driver["Data"]["UpperDir"]))


class Images:
    """What the experiments ask of Docker."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def storage_driver(self) -> str:
        """How the daemon keeps layers, such as "overlay2"."""
        with daemon_errors("tell its storage driver"):
            return str(self._client.info()["Driver"])

    def load(self, archive: Path) -> None:
        store.load_archive(self._client, archive)

    def forget(self, tag: str) -> None:
        store.remove_tag(self._client, tag)

    @contextmanager
    def loaded(self, recipe: Recipe, scratch: Path) -> Iterator[str]:
        """The image, made in a scratch folder, is in the store within this context, by this tag."""
        archive = recipe.write(scratch)
        try:
            self.load(archive)
            owned_files.discard(archive)
            yield recipe.tag
        finally:
            self.forget(recipe.tag)

    def layers(self, tag: str) -> list[StoredLayer]:
        """The layers of an image, the lowest first."""
        with daemon_errors("look at the image"):
            image = self._client.images.get(tag)
        digests = image.attrs["RootFS"]["Layers"]
        folders = _folders(image.attrs.get("GraphDriver") or {}, len(digests))
        return [
            StoredLayer(digest, disk_bytes(folder) if folder else None)
            for digest, folder in zip(digests, folders, strict=True)
        ]

    @contextmanager
    def program(
        self,
        tag: str,
        command: Sequence[str],
        *,
        memory_mib: int = 256,
        tmpfs: str = "",
        clock: Clock | None = None,
    ) -> Iterator[Program]:
        """Runs a command in a new container of an image: no network, no capabilities. With
        `tmpfs` (its size, such as "64m") there is a volume, and a file system in memory, too."""
        name = f"labkit-{owner()}-images-{next(_numbers)}"
        timeline = Timeline(clock or HostClock())
        settings = _settings(tag, command, name, memory_mib, tmpfs)
        timeline.mark("requested")
        with started(self._client, timeline, settings) as running:
            yield Program(self._client, running, timeline)


@contextmanager
def connected() -> Iterator[Images]:
    """BackendError, with what to do, where no daemon answers."""
    with required("images and containers need", timeout=120) as client:
        yield Images(client)


def disk_bytes(folder: Path) -> int | None:
    """What the files below a folder take on disk; None where that is not to be seen."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return None
    files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_blocks * BLOCK for file in files)


def _folders(driver: Mapping[str, Any], count: int) -> list[Path | None]:
    """The folder of each layer, the lowest first, by overlay2's own names: the top one is the
    upper folder, those below are listed from the highest to the lowest."""
    data = driver.get("Data") or {}
    if driver.get("Name") != "overlay2" or "UpperDir" not in data:
        return [None] * count
    lower = data.get("LowerDir", "").split(":") if data.get("LowerDir") else []
    folders: list[Path | None] = [Path(folder) for folder in [data["UpperDir"], *lower][::-1]]
    return folders if len(folders) == count else [None] * count


def _settings(
    tag: str, command: Sequence[str], name: str, memory_mib: int, tmpfs: str
) -> dict[str, Any]:
    memory = memory_mib << 20
    places = {
        "mounts": [Mount(VOLUME, None, type="volume")],
        "tmpfs": {TMPFS: f"size={tmpfs}"},
    }
    return {
        "image": tag,
        "entrypoint": list(command),
        "name": name,
        "labels": {OWNER_LABEL: owner()},
        "stdin_open": True,
        "network_mode": "none",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "cpuset_cpus": ",".join(map(str, cpu_set(1))),
        "mem_limit": memory,
        "memswap_limit": memory,
        **PLAIN,
        **(places if tmpfs else {}),
    }


__all__ = ["TMPFS", "VOLUME", "Images", "Program", "StoredLayer", "connected", "disk_bytes"]

"""What is true of a user's own containers and images; the lab only looks, and changes nothing."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import docker
from docker.errors import NotFound

from labkit.backends.docker.client import daemon_errors, required

T = TypeVar("T")
LOOK_S = 1.0
LARGEST_LAYER = 64 * 2**20  # bytes; a larger one is not looked into


def container(name: str) -> dict[str, Any] | None:
    """What `docker inspect` says of a container; None where there is none."""
    return _asked(lambda client: dict(client.containers.get(name).attrs))


def cpus_used(name: str, seconds: float = LOOK_S) -> float | None:
    """How many CPUs a container takes now, by its control group; None where there is none."""

    def read(client: docker.DockerClient) -> float:
        running = client.containers.get(name)
        before, began = _cpu_s(running)
        time.sleep(seconds)
        after, ended = _cpu_s(running)
        return (after - before) / (ended - began)

    return _asked(read)


def layers(name: str) -> list[str] | None:
    """The digests of an image's layers, the lowest first; None where there is none."""
    return _asked(lambda client: list(client.images.get(name).attrs["RootFS"]["Layers"]))


def files_of(name: str) -> set[str] | None:
    """The names of all files in the layers of an image; None where there is none."""
    return _asked(lambda client: set(_names(b"".join(client.images.get(name).save()))))


def _asked(question: Callable[[docker.DockerClient], T]) -> T | None:
    with required("to look at it needs") as client, daemon_errors("say what it has"):
        try:
            return question(client)
        except NotFound:
            return None


def _cpu_s(running: Any) -> tuple[float, float]:
    """CPU seconds that a container has taken, and the host's clock."""
    taken = running.stats(stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"]
    return taken / 1e9, time.monotonic()


def _names(archive: bytes) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as image:
        for member in image.getmembers():
            if member.isfile() and member.size <= LARGEST_LAYER:
                yield from _names_in(image.extractfile(member).read())  # type: ignore[union-attr]


def _names_in(content: bytes) -> Iterator[str]:
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as layer:
            yield from layer.getnames()
    except tarfile.TarError:  # the image's description, not a layer
        return

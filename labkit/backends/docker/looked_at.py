"""What is true of a user's own containers and images; the lab only looks, and changes nothing."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import docker
from docker.errors import NotFound

from labkit.backends.docker.client import daemon_errors, required
from labkit.units import MIB

T = TypeVar("T")
LOOK_S = 1.0
LARGEST_LAYER = 64 * MIB  # bytes; a larger one is not looked into


def container(name: str) -> dict[str, Any] | None:
    """What `docker inspect` says of a container; None where there is none."""
    return _asked(lambda client: dict(client.containers.get(name).attrs))


def named(beginning: str) -> list[dict[str, Any]]:
    """What `docker inspect` says of each container whose name begins so."""

    def inspect(client: docker.DockerClient) -> list[dict[str, Any]]:
        every = client.containers.list(all=True, filters={"name": f"^/{beginning}"})
        return [dict(one.attrs) for one in every]

    return _asked(inspect) or []


def said(name: str) -> list[tuple[datetime, str]] | None:
    """The lines that a container has written, each with the daemon's time; None without one."""

    def read(client: docker.DockerClient) -> list[tuple[datetime, str]]:
        log = client.containers.get(name).logs(timestamps=True).decode(errors="replace")
        pairs = (line.partition(" ") for line in log.splitlines())
        return [(datetime.fromisoformat(at), text) for at, _, text in pairs]

    return _asked(read)


def throttled(name: str) -> tuple[int, int] | None:
    """Periods of a container's CPU limit, and in how many the kernel made it wait (cpu.stat)."""

    def read(client: docker.DockerClient) -> tuple[int, int]:
        stats: Any = client.containers.get(name).stats(stream=False, one_shot=True)
        data = stats["cpu_stats"].get("throttling_data", {})
        return data.get("periods", 0), data.get("throttled_periods", 0)

    return _asked(read)


def cpu_spent(name: str) -> float | None:
    """CPU seconds that a container has taken since it began; None where there is none."""
    return _asked(lambda client: _cpu_s(client.containers.get(name))[0])


def cpus_used(name: str) -> float | None:
    """How many CPUs a container takes now, by its control group; None where there is none."""

    def read(client: docker.DockerClient) -> float:
        running = client.containers.get(name)
        before, began = _cpu_s(running)
        time.sleep(LOOK_S)
        after, ended = _cpu_s(running)
        return (after - before) / (ended - began)

    return _asked(read)


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

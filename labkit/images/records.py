"""What the experiments write down; data/README.md explains each field to a reader."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from labkit.records import Engine, Host, Record

Place = Literal["image", "volume", "tmpfs"]
Moment = Literal["before", "after"]


class ImagesManifest(Record):
    """Where and with what the experiments were made."""

    schema_version: int = 1
    created_at: str
    labkit_version: str
    host: Host
    docker_version: str
    # How the daemon keeps layers, such as "overlay2".
    storage_driver: str
    image_digest: str
    python_version: str
    seed: int
    # Experiment → how often it was repeated.
    trials: dict[str, int]
    # What was left out (a machine, an experiment) → why.
    left_out: dict[str, str]
    # File → SHA-256 of its content: who changes that is told so.
    digests: dict[str, str]


class Layer(Record):
    """One layer of one image in the daemon's store."""

    image: str
    layer: int = Field(ge=1)
    title: str
    digest: str
    files: int
    size_bytes: int
    disk_bytes: int | None


class SharedReading(Record):
    """One container's memory while `running` of them run: all of one image, or each of its own."""

    trial: int
    images: int
    running: int
    container: int
    rss_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    cgroup_bytes: int | None


class FirstWrite(Record):
    """One byte appended to a file: the first time in this container, or the second."""

    trial: int
    place: Place
    file_bytes: int
    write: int = Field(ge=1, le=2)
    seconds: float
    layer_before_bytes: int | None
    layer_after_bytes: int | None
    upper_before_bytes: int | None
    upper_after_bytes: int | None


class FromNothingStep(Record):
    """One step from an empty store to an instance that answers; start 2 finds the image there."""

    trial: int
    way: str
    backend: str
    engine: Engine
    start: int = Field(ge=1, le=2)
    step: int
    title: str
    files: int
    bytes: int
    seconds: float


class FlavourStart(Record):
    """One start of one program from one image, to its first line."""

    trial: int
    image: str
    program: str
    image_bytes: int
    files: int
    created_s: float
    started_s: float
    ready_s: float


class DriftRun(Record):
    """The program, run in one place, before or after something was changed on the host's root."""

    change: str
    moment: Moment
    place: str
    status: int
    out: str
    err: str

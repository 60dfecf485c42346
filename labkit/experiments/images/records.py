"""What the experiments write down; data/README.md explains each field to a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine

Place = Literal["image", "volume", "tmpfs"]
Moment = Literal["before", "after"]


class ImagesPlan(Record):
    """Which parts are made, how often, and with what."""

    # Part → how often it is repeated.
    trials: dict[str, int]
    machines: tuple[str, ...]
    # Of the random orders, and of the noise in the files.
    seed: int
    # That of a daemon of the lab's own; None: this computer's daemon is used as it is.
    storage_driver: str | None = None


class ImagesManifest(Manifest):
    """storage_driver: how the daemon keeps layers, such as "overlay2"."""

    plan: ImagesPlan
    storage_driver: str


class Layer(Record):
    """One layer of one image in the daemon's store."""

    image: str
    layer: int = Field(ge=1)
    title: str
    digest: str
    files: int
    size_bytes: int
    disk_bytes: int | None


class PageSharingReading(Record):
    """One container's memory while `running` of them run: all of one image, or each of its own."""

    trial: int
    images: int
    running: int
    container: int
    rss_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    cgroup_bytes: int | None


class CopyUpWrite(Record):
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


class ColdLoadStep(Record):
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


class BaseImageStart(Record):
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


TABLES: Mapping[str, Table] = {
    "layers": Table(Layer, ("image", "layer")),
    "page_sharing": Table(PageSharingReading, ("trial", "images", "running", "container")),
    "copy_up": Table(CopyUpWrite, ("trial", "place", "file_bytes", "write")),
    "cold_load": Table(ColdLoadStep, ("trial", "way", "start", "step")),
    "base_images": Table(BaseImageStart, ("trial", "image", "program")),
    "drift": Table(DriftRun, ("change", "moment", "place")),
}
ImagesRecording = Recording[ImagesManifest]

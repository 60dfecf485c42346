"""What each recording notes of its backends and of the limits of their instances."""

from __future__ import annotations

from pydantic import Field

from labkit.record import Record
from labkit.recordings.words import Engine, Family, StartKind

# Settings that every backend has → the field of Limits: cpus=2, memory=512 (MiB).
LIMITS = {"cpus": "cpus", "memory": "memory_mib"}
# The setting of a backend whose machines have a disk of their own, and its values: what the file
# behind that disk is, by qemu-img's names; the first is the usual one.
DISK_FORMAT = "disk_format"
DISK_FORMATS = ("raw", "qcow2", "vdi", "vmdk")


class Limits(Record):
    """What each instance may use, the same for all backends."""

    cpus: int = Field(default=1, ge=1)
    memory_mib: int = Field(default=256, ge=64)
    # Whether an instance has a network, on which one of its ports is reached from this computer.
    network: bool = False
    # What it may write to its scratch data; without a number, as much as it can.
    disk_write_mib_per_s: int | None = Field(default=None, ge=1)


class BackendInfo(Record):
    """Which program a backend used, and what executed the instance's instructions.

    unsupported: what this backend leaves out (a workload, or "resumed start") → why.
    daemon: the address of the one that was asked, and what led to it; None where there is none.
    configuration: how that program is set up on this computer, such as its storage driver.
    """

    family: Family
    engine: Engine
    version: str
    start: StartKind = "cold"
    unsupported: dict[str, str] = Field(default_factory=dict)
    daemon: str | None = None
    configuration: dict[str, str] = Field(default_factory=dict)

"""To what an instance was really held, whatever was asked for: read back, outside and inside."""

from __future__ import annotations

from collections.abc import Iterable

from labkit.backends.instance import Instance, Meter
from labkit.errors import BackendError
from labkit.measure.sampler import processes_of
from labkit.recordings.facts import Limits
from labkit.recordings.words import MACHINES, Family
from labkit.system import limits as system
from labkit.system.limits import Held


def require(instance: Instance, family: Family, asked: Limits) -> None:
    """BackendError where a ready instance may use more memory than it was asked to be held to."""
    held = read(instance, family, asked, instance.all_meters()).memory_bytes
    if held is not None and held > asked.memory_mib << 20:
        raise BackendError(
            f"the limit of {asked.memory_mib} MiB does not hold",
            details=f"the instance may use {held >> 20} MiB",
            resolution="labkit doctor says what this backend cannot limit here",
        )


def read(instance: Instance, family: Family, asked: Limits, meters: Iterable[Meter]) -> Held:
    """Of an instance that runs. Outside counts all groups above it, inside what it is shown. A
    machine's memory is what it was made with; its processors are not more than those either."""
    processes = [p for m in meters if m.role == "instance" for p in processes_of(m)]
    outside = system.tightest(system.of_process(process.pid) for process in processes)
    if family in MACHINES or instance.is_machine:
        return Held(None, None if outside.cpus is None else min(outside.cpus, asked.cpus))
    return system.tightest([outside, instance.held_inside()])

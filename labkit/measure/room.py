"""Whether this computer has what instances shall have."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator

import psutil

from labkit.backends.table import make_backend
from labkit.errors import BackendError, UsageError
from labkit.guest.workload import ballast_mib, parse_task
from labkit.recordings.facts import Limits
from labkit.system import file_systems, host
from labkit.units import MIB

# Left to everything else on the computer.
RESERVE_BYTES = 256 * MIB
MEMORY_WARNING = "the folder for temporary files lies in memory; TMPDIR=FOLDER names one on a disk"


def check_limits(limits: Limits) -> None:
    """UsageError when the host has not got what each instance shall have."""
    cpus, memory = os.cpu_count() or 1, psutil.virtual_memory().total // MIB
    if limits.cpus > cpus:
        raise UsageError(
            f"a limit of {limits.cpus} CPUs is more than this computer has ({cpus})",
            resolution=f"use --cpus {cpus} or fewer",
        )
    if limits.memory_mib > memory:
        raise UsageError(
            f"a limit of {limits.memory_mib} MiB is more memory than this computer has "
            f"({memory} MiB)",
            resolution="use a smaller --memory-mib",
        )


def check_ballast(limits: Limits, tasks: Iterable[str]) -> None:
    """UsageError for a ballast that no instance has room for: it has to run something, too."""
    for task in tasks:
        if (mib := ballast_mib(task)) >= limits.memory_mib:
            raise UsageError(
                f"a ballast of {mib} MiB does not fit into an instance of {limits.memory_mib} MiB",
                resolution=f"use a --memory-mib of more than {mib}, or a smaller ballast:mib=…",
            )


def check_room(limits: Limits, count: int) -> None:
    """BackendError where the instances' limits together are more than the computer has left."""
    wanted, left = count * limits.memory_mib * MIB + RESERVE_BYTES, host.memory_available()
    if wanted > left:
        raise BackendError(
            f"{count} instances of {limits.memory_mib} MiB have no room",
            details=f"{left >> 20} MiB are available, {RESERVE_BYTES >> 20} of them stay free",
            resolution="start fewer instances, or use a smaller --memory-mib",
        )


def check_further(count: int, each_bytes: float) -> None:
    """BackendError where so many instances, of which each has taken so much here before, would not
    leave what stays free: the computer would swap, and then it is the disk that is measured."""
    wanted, left = int(count * each_bytes), host.memory_available()
    if wanted + RESERVE_BYTES > left:
        raise BackendError(
            f"{count} instances would take about {wanted >> 20} MiB, as measured here before",
            details=f"{left >> 20} MiB are available, {RESERVE_BYTES >> 20} of them stay free, so "
            "that the computer does not swap",
            resolution="start fewer, or end other programs",
        )


def check_scratch(backends: Iterable[str], tasks: Iterable[str]) -> None:
    """BackendError for fio where what it reads and writes would lie in memory: the folder of a
    process, and just so the file that is a machine's disk."""
    asked = [task.label for task in map(parse_task, tasks) if task.workload.program == "fio"]
    chosen = map(make_backend, backends if asked else ())
    if not any(one.needs_scratch and "fio" not in one.unsupported for one in chosen):
        return
    if file_systems.in_memory(place := file_systems.scratch()):
        raise BackendError(
            f"{asked[0]} would measure memory, no disk",
            details=f"the folder for temporary files, {place}, is a {file_systems.kind_of(place)}: "
            "files there, and the disks of machines, lie in memory",
            resolution="name a folder on a disk with TMPDIR=FOLDER, such as TMPDIR=/var/tmp",
        )


def disks_in_memory(backends: Iterable[str], asked: Collection[str]) -> Iterator[str]:
    """A line for each backend whose workload `disk` would write to memory."""
    if "disk" not in asked or not file_systems.in_memory(file_systems.scratch()):
        return
    for backend in map(make_backend, backends):
        if backend.needs_scratch and "disk" not in backend.unsupported:
            yield f"in memory, not on a disk: {backend.name}, disk: {MEMORY_WARNING}"


def check_programs(limits: Limits, workloads: Iterable[str]) -> None:
    """UsageError when a program needs more memory than an instance has."""
    needed = {task.label: task.workload.memory_mib for task in map(parse_task, workloads)}
    most = max(needed, key=needed.__getitem__, default="")
    if most and needed[most] > limits.memory_mib:
        raise UsageError(
            f"{most} does not run in {limits.memory_mib} MiB",
            details=f"it asks its system for up to {needed[most]} MiB, of which it uses a part",
            resolution=f"--memory-mib {needed[most]}, for all backends alike",
        )

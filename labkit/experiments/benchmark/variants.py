"""What is said once for several backends becomes part of their names: when images of one's own are
ready, and the grid of a sweep. A variant is a backend like any other: it is interleaved, recorded,
resumed and compared by its name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from labkit.backends.own import ready as condition
from labkit.backends.own.names import is_own
from labkit.backends.table import make_backend
from labkit.errors import UsageError
from labkit.guest.workload import all_workloads
from labkit.recordings.facts import DISK_FORMAT, DISK_FORMATS, LIMITS

MOST_POINTS = 64


def named(names: Sequence[str], ready: str | None, sweep: Sequence[str] | None) -> list[str]:
    """The names with what was said for all of them. UsageError for what makes no sense."""
    ready_ones = [_with_ready(name, ready) for name in names]
    if ready is not None and ready_ones == list(names):
        raise UsageError(
            "--ready has nothing to apply to",
            details="the lab image's agent says itself when it is ready",
            resolution="name an image of your own: --backends docker:image=NAME,qemu:disk=FILE",
        )
    return _swept(ready_ones, [_axis(text) for text in sweep or ()])


def _with_ready(name: str, ready: str | None) -> str:
    if not is_own(name):
        return name
    if (when := make_backend(name).chosen.get("ready", ready)) is None:
        raise UsageError(
            f"nothing says when {name} is ready",
            resolution="say it with --ready tcp:22, http://:8080/, console:login: or line:READY",
        )
    condition.read(when)
    return name if ":ready=" in name else f"{name}:ready={when}"


def _axis(text: str) -> tuple[str, list[str]]:
    """`cpus=1,2` → the setting and its values."""
    setting, _, listed = text.partition("=")
    values = list(dict.fromkeys(value.strip() for value in listed.split(",") if value.strip()))
    if not values:
        raise UsageError(
            f"{text!r} is no sweep",
            resolution="use --sweep cpus=1,2 or --sweep memory=256,512 or --sweep disk=raw,qcow2",
        )
    # qemu:disk=FILE is a machine of one's own; a sweep of formats means the disk that is written.
    if setting == "disk" and set(values) & set(DISK_FORMATS):
        setting = DISK_FORMAT
    return setting, values


def _swept(names: Sequence[str], axes: Sequence[tuple[str, list[str]]]) -> list[str]:
    if len({setting for setting, _ in axes}) < len(axes):
        raise UsageError("a setting is swept twice", resolution="name all of its values at once")
    points = list(dict.fromkeys(point for name in names for point in _points(name, axes)))
    for setting, values in axes:
        if not any(f":{setting}=" in name for name in points):
            _check_no_workloads(setting, values)
            # Whoever has no such setting says which ones there are. What makes another backend of
            # one (qemu:disk=FILE) is no setting of the one that was named.
            make_backend(f"{names[0]}:{setting}={values[0]}")
            each = ",".join(f"{names[0]}:{setting}={value}" for value in values)
            raise UsageError(
                f"{setting!r} cannot be swept: it is no setting of {', '.join(names)}",
                resolution=f"if these are backends of your own, name each: --backends {each}",
            )
    for name in points:
        make_backend(name)
    if len(points) > MOST_POINTS:
        raise UsageError(
            f"a grid of {len(points)} points is too large", resolution=f"use {MOST_POINTS} or fewer"
        )
    return points


def _check_no_workloads(setting: str, values: Sequence[str]) -> None:
    """UsageError for a setting that workloads have: those are not swept, but listed."""
    having = [name for name, one in all_workloads().items() if setting in one.defaults]
    if having:
        each = ",".join(f"{having[0]}:{setting}={value}" for value in values)
        raise UsageError(
            f"{setting!r} cannot be swept: it is a setting of a workload",
            details=f"a sweep is of what an instance is; workloads that have it: "
            f"{', '.join(having)}",
            resolution=f"name the workload with each value: --workloads {each}",
        )


def _points(name: str, axes: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    """A backend at each point of the grid; along an axis that it does not have, it is one."""
    backend = make_backend(name)
    own = [
        [f":{setting}={value}" for value in values]
        for setting, values in axes
        if setting in LIMITS or setting in backend.settings
    ]
    return (name + "".join(point) for point in itertools.product(*own))

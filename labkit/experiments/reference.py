"""The recordings that come with the lab: how each is made, and which are out of date."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labkit import image
from labkit.backends.table import GROUPS
from labkit.errors import LabError, UsageError
from labkit.experiments import engine
from labkit.experiments.options import checked
from labkit.experiments.shell import cells
from labkit.experiments.table import experiment, load
from labkit.guest.workload import all_workloads, digests
from labkit.recordings.reader import Recording
from labkit.system import owned_files
from labkit.system.paths import DISTRIBUTION, reference_dir
from labkit.system.process import end, spawn


@dataclass(frozen=True)
class Reference:
    """How a recording is made: its experiment, and what is chosen for it. busy: so many programs
    compute meanwhile, on purpose. more: choices that are looked up when it is made. elsewhere: the
    command that makes it, where that is not done on this computer itself."""

    experiment: str
    options: Mapping[str, Any] = field(default_factory=dict)
    busy: int = 0
    more: Callable[[], Mapping[str, Any]] = dict
    elsewhere: str = ""


VARIANTS = ("network=bridge", "network=host", "seccomp=unconfined", "rm=yes")
COMPUTING = {"backends": ["host", "docker", "qemu"], "workloads": ["cpu"], "repeats": 8}
CROWD = {"workloads": ["idle"], "repeats": 1, "seconds": 0.2, "seed": 1}
REFERENCES: Mapping[str, Reference] = {
    "first-comparison": Reference("benchmark", {"profile": "reference", "seed": 1}),
    "engine-parts": Reference("benchmark", {"profile": "engine-parts", "seed": 1}),
    "spectrum": Reference("benchmark", {"profile": "spectrum", "seed": 1}),
    "docker-variants": Reference(
        "benchmark",
        {
            "backends": ["docker", *(f"docker:{variant}" for variant in VARIANTS)],
            "workloads": ["syscall", "idle"],
            "seconds": 0.2,
            "repeats": 10,
            "seed": 1,
        },
    ),
    "web": Reference(
        "benchmark",
        {
            "profile": "web",
            "seconds": 1.0,
            "backends": ["host", "docker", "qemu", "virtualbox"],
            "seed": 1,
        },
    ),
    # One installed Debian until its login, as a machine and as containers.
    "distribution": Reference("benchmark", {"profile": "distribution", "seed": 1}),
    "homework": Reference(
        "benchmark", {"profile": "homework", "backends": ["host", "docker", "qemu"], "seed": 1}
    ),
    "quiet": Reference("benchmark", {**COMPUTING, "seconds": 0.5, "seed": 1}),
    "busy": Reference("benchmark", {**COMPUTING, "seconds": 0.5, "seed": 2}, busy=2),
    # Many at once; the figures of memory count, not those of time.
    "density": Reference("benchmark", {**CROWD, "backends": ["host", "docker"], "instances": 50}),
    "density-machines": Reference("benchmark", {**CROWD, "backends": ["qemu"], "instances": 8}),
    "isolation": Reference(
        "isolation",
        {
            "backends": [
                *("docker", "docker:seccomp=unconfined", "docker:security=default"),
                *("chroot", "unshare", "crun", "runc", "containerd", "qemu", "virtualbox"),
            ]
        },
    ),
    "spectrum-isolation": Reference("isolation", {"backends": list(GROUPS["spectrum"])}),
    "images": Reference("images", {"machines": ["qemu", "virtualbox"], "repeats": 10, "seed": 1}),
    "images-vfs": Reference(
        "images",
        {
            "parts": ["page_sharing", "copy_up", "base_images"],
            "repeats": 10,
            "seed": 1,
            "storage_driver": "vfs",
        },
    ),
    "neighbours": Reference("neighbours", {"blocks": 6, "seed": 1}),
    "docker-internals": Reference("docker-internals", {"trials": 20}),
    "killed-daemon": Reference("docker-internals", {"killed_daemon": True}),
    "deployment": Reference("deployment", {"repeats": 5}),
    "orchestration": Reference("orchestration", {"repeats": 6}),
    # Many that start, one by one and together: the figures of time count, too.
    "density-starts": Reference(
        "density", {"backends": ["docker", "qemu"], "most": 16, "repeats": 5, "seed": 1}
    ),
    "mistakes": Reference("mistakes", {"seed": 1}),
    # Who executes a machine's instructions: the processor, or a program.
    "emulated-amd-v": Reference(
        "benchmark",
        {
            "backends": ["host", "docker", "qemu", "qemu:engine=tcg"],
            "workloads": ["cpu", "syscall"],
            "repeats": 10,
            "seconds": 1.0,
            "warmups": 0,
            "ready_timeout": 900.0,
            "seed": 1,
        },
        elsewhere="python -m tests.computers.recording",
    ),
    # All that the cells of the notebooks ask.
    "shell": Reference(
        "shell",
        more=lambda: {
            "questions": cells.of_notebooks(),
            "packages": cells.packages_of_notebooks(),
        },
    ),
}


def reference(name: str) -> Reference:
    """UsageError when there is none of this name."""
    if name not in REFERENCES:
        raise UsageError(
            f"no recording of the name {name!r} comes with the lab",
            details=f"there are: {', '.join(REFERENCES)}",
        )
    return REFERENCES[name]


def recordable(name: str) -> Reference:
    """UsageError where it is not one of this computer itself, as well."""
    if (wanted := reference(name)).elsewhere:
        raise UsageError(
            f"{name} is not recorded on this computer itself",
            details="it is made in a computer that exists only meanwhile (tests/computers)",
            resolution=f"in a checkout of the lab, as root: .venv/bin/{wanted.elsewhere}",
        )
    return wanted


def record(name: str) -> Path:
    """Records one anew, in the place of the one that is there: which stays until the new one is
    complete."""
    wanted, place = recordable(name), reference_dir() / name
    made_by = experiment(wanted.experiment)
    place.parent.mkdir(parents=True, exist_ok=True)
    owned_files.sweep(place.parent)
    with _busy(wanted.busy):
        # Into a folder of its own: what is finished stays there, whatever ends the rest.
        recorded = engine.measure(
            made_by, checked(made_by.options, **wanted.options, **wanted.more())
        )
    if (failure := made_by.failure(recorded)) is not None:
        raise failure
    with owned_files.unfinished_folder(place.parent) as folder:
        new = folder / "new"
        # Without the pages for a course: `labkit report NAME --form homework` makes them anew.
        shutil.copytree(recorded.path, new, ignore=shutil.ignore_patterns("homework"))
        owned_files.supersede(place, new)
    return place


def stale(name: str) -> list[str]:
    """Why a recording is out of date; nothing where it is not."""
    try:
        recorded = load(reference_dir() / name)
    except LabError as error:
        return [error.brief]
    return list(_differences(recorded, reference(name).options))


def _differences(recorded: Recording[Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    manifest = recorded.manifest
    members = {*wanted.get("backends", ()), *GROUPS.get(wanted.get("profile", ""), ())}
    later = members - set(getattr(manifest.plan, "backends", members))
    if later:  # a group has a new one
        yield f"made without {', '.join(sorted(later))}"
    built = image.find()
    if built is not None and manifest.image_digest != built.digest:
        was = manifest.image_digest[:12] or "not noted"
        yield f"another lab image ({was}, now {built.digest[:12]})"
    there = [name for name in manifest.workload_digests if name in all_workloads()]
    now = digests(there)
    changed = [n for n, digest in manifest.workload_digests.items() if now.get(n) != digest]
    if changed:
        yield f"other workloads ({', '.join(changed)})"
    if manifest.labkit_version != version(DISTRIBUTION):
        yield f"another version of the lab ({manifest.labkit_version})"
    if recorded.ending is None:
        yield "it was broken off"


@contextmanager
def _busy(programs: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(programs):
            stack.callback(end, spawn([sys.executable, "-c", "while True: pass"]))
        yield

"""Backend `podman`: a container by `podman run`, an engine without a daemon (podman-run(1)).

The command makes the container itself, by the runtime that Docker uses too, and conmon stays as the
container's parent. Its root is the lab image's folder below an empty overlay: nothing of the lab
image stays in Podman's store. Volume, limits and boundary are those of the backend `docker`.
"""

from __future__ import annotations

import resource
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.containers import AttachedBackend
from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.piped import first_line, plain_path
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.host import cpu_set
from labkit.system.owner_marks import OWNER_VARIABLE, mark_in, owner
from labkit.system.ownership import Judge
from labkit.system.process import find_tool, last_lines, run

# Neither needs systemd, and both are what the lab's other containers are made by.
PODMAN = ("podman", "--cgroup-manager=cgroupfs", "--runtime=runc", "--events-backend=file")
BOUNDARY = (
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL", "--http-proxy=false"),
    *("--security-opt", "no-new-privileges", "--volume", "/scratch", "--hostname", "lab"),
)


class PodmanBackend(AttachedBackend):
    name = "podman"
    program = "podman"
    about_s = 0.8
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {"network": ("none", "bridge", "host")}

    def programs(self) -> tuple[str, ...]:
        return ("podman", "runc")

    def version(self) -> str:
        return first_line(["podman", "--version"])

    @contextmanager
    def prepared(
        self, image: LabImage, limits: Limits, folder: Path, name: str
    ) -> Iterator[list[str]]:
        with plain_path(image.rootfs) as rootfs:
            yield [
                # conmon writes a file `oom` where it is, when the kernel has ended its container.
                *("env", f"--chdir={folder}", find_tool("podman") or "podman", *PODMAN[1:]),
                *("run", "--interactive"),
                *("--name", name, *BOUNDARY),
                *("--network", self.chosen["network"], "--env", f"{OWNER_VARIABLE}={owner()}"),
                *("--pidfile", str(folder / "pid"), "--cgroup-parent", f"/{name}"),
                *_held(limits),
                *_within_our_own(),
                *("--rootfs", f"{rootfs}:O", *AGENT),
            ]

    def removed(self, name: str) -> None:
        try:
            _remove(name)
        finally:
            super().removed(name)

    def sweep(self, judge: Judge) -> list[str]:
        if self.missing() is not None:
            return []
        listed = run([*PODMAN, "ps", "--all", "--format", "{{.Names}}"], check=False, bare=True)
        names = listed.stdout.split()
        left = [
            name
            for name in names
            if judge.takes(mark_in(name), f"Podman's container {name}", _removal(name))
        ]
        for name in left:
            _remove(name)
        return [f"container {name}" for name in left] + super().sweep(judge)


def _remove(name: str) -> None:
    """In the environment that it was made in: a user's settings may name another store."""
    done = run(_removal(name), check=False, bare=True)
    if done.returncode != 0:
        raise BackendError(
            f"podman did not remove the container {name}",
            details=last_lines(done.stderr),
            resolution=shlex.join(_removal(name)),
        )


def _removal(name: str) -> list[str]:
    return [*PODMAN, "rm", "--force", "--volumes", "--time", "0", "--ignore", name]


def _held(limits: Limits) -> Iterator[str]:
    """The limits, as far as control groups here can keep them: it refuses what they cannot."""
    if oci_groups.holds("cpuset"):
        yield from ("--cpuset-cpus", ",".join(map(str, cpu_set(limits.cpus))))
    if oci_groups.holds("memory"):
        yield from ("--memory", memory := f"{limits.memory_mib}m", "--memory-swap", memory)


def _within_our_own() -> Iterator[str]:
    """What it sets by itself may be more than this very process is allowed: setrlimit(2). Of
    processes, it itself keeps to as many as there are numbers for (pid_max, proc(5))."""
    numbers = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="utf-8"))
    for name, kind, cap in (
        ("nofile", resource.RLIMIT_NOFILE, 1 << 20),
        ("nproc", resource.RLIMIT_NPROC, numbers),
    ):
        most = resource.getrlimit(kind)[1]
        most = cap if most == resource.RLIM_INFINITY else min(most, cap)
        yield from ("--ulimit", f"{name}={most}:{most}")

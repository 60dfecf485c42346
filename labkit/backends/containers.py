"""What any engine's container looks like from the host: its processes, its control group, and the
process that its engine keeps for it; and what backends share whose program stays beside it."""

from __future__ import annotations

import subprocess
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import psutil

from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.base import EnginePartBackend
from labkit.backends.instance import Instance, Meter
from labkit.backends.piped import PipedInstance, instance_name, piped
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system import cgroups
from labkit.system.owner_marks import scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process_ids import belongs

# One of them is the parent of each container: containerd's, Podman's.
HELPERS = ("containerd-shim", "conmon")
UNPROVEN = "none of its processes is proven to be the container's"


def container_meters(pid: int, name: str, group: str = "") -> tuple[Meter, ...]:
    """The meters of the container with this name (its id, for Docker), by the number of its first
    process; none where that is not proven to be the container's. `group`: what is in the name of
    its control group, where that is another one."""
    if not pid or not belongs(pid, name):
        return ()
    memory, cpu = cgroups.of_process(pid, group or name)
    meters = [Meter("container", "instance", (pid,), cgroup=memory, cpu_cgroup=cpu)]
    with suppress(psutil.Error):
        parent = psutil.Process(pid).parent()
        for helper in HELPERS:
            if parent and parent.name().startswith(helper):
                meters.append(Meter(helper, "helper", (parent.pid,), tree=False))
    return tuple(meters)


def proven_meters(pid: int, name: str) -> tuple[Meter, ...]:
    """The same; where nothing is proven, a meter that says so."""
    return container_meters(pid, name) or (Meter("container", "instance", why=UNPROVEN),)


def first_child(pid: int) -> int:
    """The first child of a process; 0 where there is none."""
    with suppress(psutil.Error):
        return next((child.pid for child in psutil.Process(pid).children()), 0)
    return 0


class AttachedInstance(PipedInstance):
    """`program` is the child, which passes the streams on. The container's first process is known
    once it runs: by a file, or as the child's own child."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        name: str,
        program: str,
        timeline: Timeline,
    ) -> None:
        super().__init__(process, folder / "stderr.log", timeline)
        self._pid_file = folder / "pid"
        self._name = name
        self._program = program

    def meters(self) -> tuple[Meter, ...]:
        return (Meter(self._program, "helper", (self._process.pid,), tree=False),)

    def late_meters(self) -> tuple[Meter, ...]:
        return proven_meters(self._first_process(), self._name)

    def _first_process(self) -> int:
        """Its process id; 0 where it is not known."""
        with suppress(OSError, ValueError):
            return int(self._pid_file.read_text(encoding="utf-8"))
        return first_child(self._process.pid)

    def _diagnosis(self) -> str:
        text = super()._diagnosis()
        group, _ = cgroups.of_process(self._first_process(), self._name)
        if oci_groups.out_of_memory_kills(group):
            text += "\nthe kernel ended a process: more memory than its limit"
        return text


class AttachedBackend(EnginePartBackend):
    """A container whose program stays, as the child, for as long as that runs."""

    program: ClassVar[str]
    about_s = 0.4

    def programs(self) -> tuple[str, ...]:
        return (self.program,)

    def cautions(self) -> tuple[str, ...]:
        return oci_groups.cautions()

    @abstractmethod
    def prepared(
        self, image: LabImage, limits: Limits, folder: Path, name: str
    ) -> AbstractContextManager[list[str]]:
        """What is made ready in the folder before the start, and the command line of that."""

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            stack.callback(self.removed, name)
            argv = stack.enter_context(self.prepared(image, limits, folder, name))
            timeline.mark("created")
            process = stack.enter_context(piped(argv, folder / "stderr.log", bare=True))
            stack.callback(self.stopped, process, name)
            timeline.mark("started")
            yield AttachedInstance(process, folder, name, self.program, timeline)

    def stopped(self, process: subprocess.Popen[bytes], name: str) -> None:
        """What the program itself must be told before it is ended; most need nothing."""

    def removed(self, name: str) -> None:
        """What is to be removed of a container when its program has ended."""
        oci_groups.sweep_named(name)

    def sweep(self, judge: Judge) -> list[str]:
        return oci_groups.sweep(judge)

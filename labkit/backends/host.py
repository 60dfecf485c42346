"""Backend `host`: the lab image's static busybox as a plain child process, the baseline.

No boundary at all: the host's kernel, its process list, its file system. CPU and memory are
limited by the means that need no root: the CPU affinity (sched_setaffinity(2)) and the size of
the address space (RLIMIT_AS of setrlimit(2), which counts reserved memory, not used memory).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.engine_parts.base import NO_SAVED_STATE
from labkit.backends.instance import Instance
from labkit.backends.piped import confined, image_refused, plain_path
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system import file_systems
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import LOOPBACK, reserved_port


class HostBackend(Backend):
    name = "host"
    family = "baseline"
    about_s = 0.2
    publishes = True
    unsupported: ClassVar[Mapping[str, str]] = {"resumed start": NO_SAVED_STATE}

    def missing(self) -> Missing | None:
        return image_refused()

    def version(self) -> str:
        return f"{os.uname().sysname} {os.uname().release}"

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    def configuration(self) -> Mapping[str, str]:
        kind = file_systems.kind_of(file_systems.scratch())
        return {"scratch_file_system": kind} if kind else {}

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            rootfs = stack.enter_context(plain_path(image.rootfs))
            argv = [f"{rootfs}/bin/busybox", "sh", f"{rootfs}/lab/agent"]
            folder = stack.enter_context(scratch_folder())
            port = stack.enter_context(reserved_port()) if limits.network else None
            log, env = folder / "stderr.log", _environment(folder, port)
            instance = stack.enter_context(confined(argv, log, env, limits, timeline))
            instance.port = port
            yield instance


def _environment(folder: Path, port: int | None) -> dict[str, str]:
    """Where the process may write, and where it may listen itself: never at all addresses."""
    listen = {} if port is None else {"LAB_HTTP": f"{LOOPBACK}:{port}"}
    return {"LAB_SCRATCH": str(folder), **listen}

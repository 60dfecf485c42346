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

from labkit.backends.base import Backend, Instance, Missing
from labkit.backends.layer import NO_SAVED_STATE
from labkit.backends.piped import confined
from labkit.image import LabImage
from labkit.ports import LOOPBACK, reserved_port
from labkit.process import scratch_folder
from labkit.records import Engine, Limits
from labkit.timeline import Timeline


class HostBackend(Backend):
    name = "host"
    family = "baseline"
    about_s = 0.2
    publishes = True
    cannot: ClassVar[Mapping[str, str]] = {"resumed start": NO_SAVED_STATE}

    def missing(self) -> Missing | None:
        if os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
            return Missing(
                "the lab image's programs are for Linux on x86-64",
                "on this computer the baseline cannot run; compare docker and qemu",
            )
        return None

    def version(self) -> str:
        return f"{os.uname().sysname} {os.uname().release}"

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        argv = [str(image.rootfs / "bin/busybox"), "sh", str(image.rootfs / "lab/agent")]
        with ExitStack() as stack:
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

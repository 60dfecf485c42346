"""Backend `chroot`: a process with another root directory, chroot(2), and nothing else.

It shares the host's processes, network and users; only its view of the file system differs. The
root is mounted once, before the first trial. Limits are those of `host`: affinity, RLIMIT_AS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Backend, Instance, Missing
from labkit.backends.mounts import missing_namespaces, mounted_root
from labkit.backends.oci import AGENT
from labkit.backends.piped import (
    PipedInstance,
    first_line,
    instance_name,
    limit_address_space,
    on_cpus,
    piped,
)
from labkit.image import LabImage
from labkit.process import scratch_folder
from labkit.records import Engine, Limits
from labkit.timeline import Timeline


class ChrootBackend(Backend):
    name = "chroot"
    family = "container"
    by_default = False
    about_s = 0.2
    cannot: ClassVar[Mapping[str, str]] = {
        "resumed start": "a plain process has no saved state to start from",
        "control group": "no part of chroot(2); memory is limited by its address space",
    }
    # Where the mounted root is, and the folder whose scratch data it shows.
    _root: tuple[Path, Path] | None = None

    def missing(self) -> Missing | None:
        return missing_namespaces(("chroot",), "chroot")

    def version(self) -> str:
        return first_line(["chroot", "--version"])

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """Mounts the root once for all trials: to change into it is all that a trial does."""
        with scratch_folder() as folder, mounted_root(image, folder) as root:
            self._root = root, folder
            try:
                yield
            finally:
                self._root = None

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            if self._root is None:
                stack.enter_context(self.saved_state(image, limits))
            assert self._root is not None
            root, folder = self._root
            name = instance_name()
            (folder / "scratch" / name).mkdir()
            log = folder / f"{name}.log"
            timeline.mark("created")
            with on_cpus(limits.cpus):
                process = stack.enter_context(
                    piped(
                        ["chroot", str(root), *AGENT], log, env={"LAB_SCRATCH": f"/scratch/{name}"}
                    )
                )
            timeline.mark("started")
            limit_address_space(process.pid, limits)
            yield PipedInstance(process, log, timeline)

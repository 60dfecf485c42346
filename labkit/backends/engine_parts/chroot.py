"""Backend `chroot`: a process with another root directory, chroot(2), and nothing else.

It shares the host's processes, network and users; only its view of the file system differs. The
root is mounted once, before the first trial. Limits are those of `host`: affinity, RLIMIT_AS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.engine_parts.base import NO_SAVED_STATE, EnginePartBackend
from labkit.backends.engine_parts.mounts import mounted_root
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.instance import Instance
from labkit.backends.piped import confined, instance_name
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder


class ChrootBackend(EnginePartBackend):
    name = "chroot"
    family = "process"
    about_s = 0.2
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": NO_SAVED_STATE,
        "control group": "no part of chroot(2); memory is limited by its address space",
    }
    # Where the mounted root is, and the folder whose scratch data it shows.
    _root: tuple[Path, Path] | None = None

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
            argv, log = ["chroot", str(root), *AGENT], folder / f"{name}.log"
            env = {"LAB_SCRATCH": f"/scratch/{name}"}
            yield stack.enter_context(confined(argv, log, env, limits, timeline))

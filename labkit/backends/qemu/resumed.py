"""Backend `qemu-resumed`: a virtual machine that continues from a state saved when its agent was
ready.

Saved and loaded by QEMU's migration (docs/devel/migration), to and from a file. The machine has
no scratch disk: an NVMe device cannot be part of a saved state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.instance import Instance
from labkit.backends.qemu.backend import ENGINES, QemuBackend
from labkit.backends.qemu.state import reading
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import PACKAGES
from labkit.system.owner_marks import scratch_folder


class QemuResumedBackend(QemuBackend):
    name = "qemu-resumed"
    start = "resumed"
    about_s = 2.0
    settings = ENGINES  # without a disk, there is no format of one
    unsupported: ClassVar[Mapping[str, str]] = {
        "disk": "a machine with a virtual NVMe disk cannot be saved",
        PACKAGES: "their root lies on a virtual NVMe disk, with which no machine can be saved",
    }

    _state: Path | None = None

    def configuration(self) -> Mapping[str, str]:
        return {}  # no disk, no cache of one

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        with scratch_folder() as folder:
            state = folder / "qemu.state"
            with self._machine(image, limits, Timeline(self.clock), ()) as instance:
                instance.wait_ready()
                instance.save(state)
            self._state = state
            try:
                yield
            finally:
                self._state = None

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        if self._state is None:
            raise BackendError("there is no saved state to resume from")
        with reading(self._state) as way:
            incoming = ("-incoming", f"fd:{way.descriptor}")
            with self._machine(image, limits, timeline, incoming, way) as instance:
                instance.greet()
                yield instance

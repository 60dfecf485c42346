"""Backend `qemu-resumed`: a virtual machine that continues from a state saved when its agent was
ready.

Saved and loaded by QEMU's migration to a file (docs/devel/migration). The machine has no scratch
disk: an NVMe device cannot be part of a saved state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Instance
from labkit.backends.qemu import QemuBackend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.process import scratch_folder
from labkit.records import Engine, Limits
from labkit.timeline import Timeline


class QemuResumedBackend(QemuBackend):
    name = "qemu-resumed"
    start = "resumed"
    about_s = 2.0
    cannot: ClassVar[Mapping[str, str]] = {
        "disk": "a machine with a virtual NVMe disk cannot be saved"
    }

    def __init__(self, engine: Engine | None = None) -> None:
        super().__init__(engine)
        self._state: Path | None = None

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        with scratch_folder() as folder:
            self._state = folder / "qemu.state"
            with self._machine(image, limits, Timeline(self.clock), ()) as instance:
                instance.wait_ready()
                instance.save(self._state)
            try:
                yield
            finally:
                self._state = None

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        if self._state is None:
            raise BackendError("there is no saved state to resume from", details=self.trouble)
        incoming = ("-incoming", f"exec:cat {self._state}")
        with self._machine(image, limits, timeline, incoming) as instance:
            instance.greet()
            yield instance

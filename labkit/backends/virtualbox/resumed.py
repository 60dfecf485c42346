"""Backend `virtualbox-resumed`: a machine of VirtualBox that continues from a snapshot.

The snapshot is taken once, of the running machine when its agent is ready. Each trial restores it
and starts the machine, which then goes on where it was (VirtualBox manual, "Snapshots").
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.machine import Machine
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import PACKAGES, SEVERAL

SNAPSHOT = "ready"
UNLOCK_TIMEOUT_S = 10.0


class VirtualBoxResumedBackend(VirtualBoxBackend):
    name = "virtualbox-resumed"
    start = "resumed"
    about_s = 14.0
    unsupported: ClassVar[Mapping[str, str]] = {
        **VirtualBoxBackend.unsupported,
        SEVERAL: "a snapshot belongs to one machine, which runs once at a time",
        PACKAGES: "a snapshot of a machine that shares a disk is not tried yet",
    }
    _saved: Machine | None = None

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        with self._machine(image, limits) as machine:
            with _advised("labkit run --backends virtualbox tells whether a machine boots here"):
                self._save(machine)
            self._saved = machine
            try:
                yield
            finally:
                self._saved = None

    def _save(self, machine: Machine) -> None:
        with self._started(machine, Timeline(self.clock)) as instance:
            instance.wait_ready()
            machine.manage.take_snapshot(name=machine.name, snapshot=SNAPSHOT)

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        saved = self._saved
        if saved is None:
            raise BackendError("there is no saved state to resume from")
        with _advised("run again: each run saves a new state, and removes it at its end"):
            _restore(saved)
            timeline.mark("created")
            with self._started(saved, timeline, boots=False) as instance:
                instance.greet()
                yield instance


@contextmanager
def _advised(resolution: str) -> Iterator[None]:
    """An error that does not say what to do gets this advice."""
    try:
        yield
    except BackendError as error:
        error.resolution = error.resolution or resolution
        raise


def _restore(machine: Machine) -> None:
    """Tried for a while: VBoxSVC takes a moment to see that the trial before has ended."""
    deadline = time.monotonic() + UNLOCK_TIMEOUT_S
    while True:
        try:
            return machine.manage.restore_snapshot(name=machine.name, snapshot=SNAPSHOT)
        except BackendError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

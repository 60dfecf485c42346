"""The neighbour: works without a pause, in a thread of the lab, until it is told to end.

cpu: counts SHA-256 sums, as the workload `cpu`. memory: fills PRESSURE_MIB of memory at once and
gives it back, again and again. disk: writes PASS_MIB and waits for the disk, again and again.
What it has really done is counted: a neighbour that did nothing is an error and no result.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labkit.backends.instance import Instance
from labkit.errors import BackendError, GuestTimeout, LabError
from labkit.experiments.neighbours.records import Kind
from labkit.guest.protocol import Request, Script
from labkit.guest.workload import all_workloads
from labkit.system.clock import Clock

PRESSURE_MIB = 512
PASS_MIB = 8
CPU_S = 0.5
# How long a single request of the neighbour's may take, to its end.
PATIENCE_S = 300.0
# How long its last request may go on when the victim is done: then its instance is ended.
END_S = 60.0
SCRIPTS = {
    "memory": f'"$BUSYBOX" dd if=/dev/zero of=/dev/null bs={PRESSURE_MIB}M count=1 '
    "iflag=fullblock status=none",
    "disk": f'"$BUSYBOX" dd if=/dev/zero of="$LAB_SCRATCH/noise" bs=1M count={PASS_MIB} '
    "conv=fsync,notrunc status=none",
}
SIZES = {"memory": PRESSURE_MIB, "disk": PASS_MIB}


@dataclass(frozen=True)
class Done:
    """One request of the neighbour's that has ended: when, how many MiB (hashed, filled,
    written), and whether it was refused what it wanted."""

    at: float
    mib: float
    refused: bool = False


@dataclass(frozen=True)
class Tally:
    """What the neighbour did from one moment on."""

    mib: float
    refused: int
    seconds: float


class Noise:
    """The neighbour's requests, one after another."""

    def __init__(self, instance: Instance, kind: Kind, clock: Clock) -> None:
        self._instance = instance
        self._kind = kind
        self._clock = clock
        self._done: list[Done] = []
        self._error: LabError | None = None
        self._going, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def begin(self) -> None:
        """Returns when its first request has ended: from now on its work is going on."""
        self._thread.start()
        if not self._going.wait(PATIENCE_S):
            raise GuestTimeout(f"the neighbour has done nothing within {PATIENCE_S:g} s")
        self._raise()

    def end(self) -> None:
        """Lets the request that is on its way come to its end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(END_S)

    def since(self, begin: float) -> Tally:
        """What has ended after this moment; BackendError where it is nothing at all."""
        self._raise()
        later = [done for done in self._done if done.at >= begin]
        if not later:
            raise BackendError("the neighbour did nothing while the victim worked")
        return Tally(
            mib=sum(done.mib for done in later),
            refused=sum(done.refused for done in later),
            seconds=max(done.at for done in later) - begin,
        )

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                self._done.append(_request(self._instance, self._kind, self._clock))
                self._going.set()
        except LabError as error:
            self._error = error
        finally:
            self._going.set()

    def _raise(self) -> None:
        if self._error is not None:
            raise BackendError(
                "the neighbour stopped working",
                details=str(self._error),
                resolution="measure once more",
            )


@contextmanager
def noise(instance: Instance, kind: Kind, clock: Clock) -> Iterator[Noise]:
    """A neighbour that works inside this context."""
    working = Noise(instance, kind, clock)
    try:
        working.begin()
        yield working
    finally:
        working.end()


def _request(instance: Instance, kind: Kind, clock: Clock) -> Done:
    if kind == "cpu":
        answer = instance.run(Request("cpu", CPU_S))
        return Done(answer.end, (answer.operations or 0) / all_workloads()["cpu"].ops_per_unit)
    outcome = instance.shell(Script(SCRIPTS[kind], seconds=int(PATIENCE_S)))
    fine = outcome.status == 0
    return Done(clock.now(), SIZES[kind] if fine else 0.0, refused=not fine)

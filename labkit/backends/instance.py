"""An instance: the conversation with its agent, and what of this computer it costs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, ConnectionEnded
from labkit.guest.protocol import Answer, Outcome, Request, Script, Session
from labkit.recordings.words import Role
from labkit.system.limits import Held

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Meter:
    """What a sampler reads: processes (with their children, if tree) and maybe a control group.

    cgroup and cpu_cgroup are the folders of its memory and its CPU accounting: two of them in
    version 1, where each controller has a tree of its own, one and the same in version 2.
    """

    name: str
    role: Role
    pids: tuple[int, ...] = ()
    tree: bool = True
    cgroup: Path | None = None
    cpu_cgroup: Path | None = None
    # CPU time of programs that belong to it and have ended already, such as runc.
    spent_s: float = 0.0
    # Of its processes those that are another one's threads in all but name (clone(2), CLONE_VM):
    # the memory that they share with it is counted once.
    sharing: tuple[int, ...] = ()
    # Why no process of it may be read, if so; and what a daemon says of it then: column → value.
    why: str = ""
    told: Callable[[], Mapping[str, Any]] = dict


class Instance(ABC):
    """Something that a backend has started from the lab image."""

    # The port on this computer's loopback address that leads to the instance's own server.
    port: int | None = None
    # Whether its memory is what it was made with, and no process outside is held to that.
    is_machine: bool = False
    # How long the agent may take to prepare and calibrate a workload, besides its duration.
    preparation_s: float = 30.0
    # How long it may take to clear away after its last workload and to say goodbye.
    goodbye_s: float = STOP_TIMEOUT_S

    def __init__(self, session: Session, timeline: Timeline) -> None:
        self._session = session
        self._timeline = timeline

    @abstractmethod
    def meters(self) -> tuple[Meter, ...]:
        """Whose CPU and memory this instance costs."""

    def late_meters(self) -> tuple[Meter, ...]:
        """Further ones that are known only when the instance is ready."""
        return ()

    def all_meters(self) -> tuple[Meter, ...]:
        """All of them, of an instance that is ready."""
        return (*self.meters(), *self.late_meters())

    @abstractmethod
    def _wait_gone(self) -> None:
        """Returns when the backend says that the instance has stopped."""

    def _ended_well(self) -> bool:
        """Whether an agent that was asked to leave has left, though its goodbye was not heard."""
        return False

    def told(self) -> Mapping[str, str]:
        """What programs inside say of this very instance, asked when all else is measured: program
        (of labkit/guest/programs) → its report."""
        return {}

    def held_inside(self) -> Held:
        """To what it is held, as it is seen from inside; a backend that can ask does so."""
        return Held()

    def _diagnosis(self) -> str:
        """What the backend can say about an instance that fails, such as its console's end."""
        return ""

    def greet(self) -> None:
        """For a machine that was resumed: its agent has announced itself before it was saved."""
        self._session.greet()

    def wait_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        with self._explained():
            self._timeline.mark("ready", self._session.wait_ready(timeout))

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        """Runs one workload; the time limits leave room for a slow calibration, and for a last
        step that takes several times the duration."""
        timeout = self.preparation_s + 10 * request.seconds
        with self._explained():
            answer = self._session.run(request, timeout, on_begin, ending=self._ending(request))
        self._timeline.mark("first_result", answer.end)
        return answer

    def report(self) -> str:
        """What the program of the workload that has just ended has said."""
        with self._explained():
            return self._session.report()

    def require_running(self) -> None:
        """BackendError where the workload that has begun last has ended already. Never waits."""
        self._session.require_running()

    @contextmanager
    def running(self, request: Request) -> Iterator[None]:
        """One workload, which has begun inside this context; its end is waited for."""
        with self._explained():
            end = self._session.begin(request, self.preparation_s + 10 * request.seconds)
            yield
            self._timeline.mark("first_result", end(self._ending(request)).end)

    def _ending(self, request: Request) -> float:
        due_s = 10 * request.seconds if request.due_s is None else request.due_s
        return due_s + self.goodbye_s

    def shell(self, script: Script) -> Outcome:
        """Runs a shell script; the time limit leaves room for a slow engine's answer."""
        with self._explained():
            return self._session.shell(script, self.preparation_s + 2 * script.seconds)

    def stop(self) -> None:
        self._timeline.mark("stop_requested")
        with self._explained():
            try:
                self._session.stop(self.goodbye_s)
            except ConnectionEnded:
                if not self._ended_well():
                    raise
            self._wait_gone()
        self._timeline.mark("stopped")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Adds the backend's diagnosis to an error."""
        try:
            yield
        except BackendError as error:
            noise = "\n".join(self._session.noise)
            parts = [error.details, self._diagnosis(), noise and f"also said:\n{noise}"]
            text = "\n".join(part.strip() for part in parts if part.strip())
            error.details = text or "the instance has said nothing about it"
            raise

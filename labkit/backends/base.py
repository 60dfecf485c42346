"""What a backend is. A new one is one new file and one line in labkit/backends/__init__.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.process import Clock, HostClock
from labkit.protocol import Answer, Request, Session
from labkit.records import Engine, Family, Limits, Role, StartKind
from labkit.timeline import Timeline
from labkit.workloads import all_workloads

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
# Where the server listens inside an instance that has a network of its own.
INNER_PORT = 8080
NO_PORT = "the lab has no way yet to lead a port of this computer to such an instance"


@dataclass(frozen=True)
class Missing:
    """Why a backend cannot run here, and the command that mends it."""

    reason: str
    fix: str


@dataclass(frozen=True)
class Meter:
    """What a sampler reads: processes (with their children, if tree) and maybe a cgroup."""

    name: str
    role: Role
    pids: tuple[int, ...]
    tree: bool = True
    cgroup: Path | None = None


class Instance(ABC):
    """Something that a backend has started from the lab image."""

    # The port on this computer's loopback address that leads to the instance's own server.
    port: int | None = None

    def __init__(self, session: Session, timeline: Timeline) -> None:
        self._session = session
        self._timeline = timeline

    @abstractmethod
    def meters(self) -> tuple[Meter, ...]:
        """Whose CPU and memory this instance costs."""

    @abstractmethod
    def _wait_gone(self) -> None:
        """Returns when the backend says that the instance has stopped."""

    def _diagnosis(self) -> str:
        """What the backend can say about an instance that fails, such as its console's end."""
        return ""

    def wait_ready(self, timeout: float = READY_TIMEOUT_S) -> None:
        with self._explained():
            self._timeline.mark("ready", self._session.wait_ready(timeout))

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        """Runs one workload; the time limit leaves room for a slow calibration."""
        with self._explained():
            answer = self._session.run(request, 30 + 10 * request.seconds, on_begin)
        self._timeline.mark("first_result", answer.end)
        return answer

    def stop(self) -> None:
        self._timeline.mark("stop_requested")
        with self._explained():
            self._session.stop(STOP_TIMEOUT_S)
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
            error.details = "\n".join(part.strip() for part in parts if part.strip())
            raise


class Backend(ABC):
    """One way to run the workload."""

    name: ClassVar[str]
    family: ClassVar[Family]
    start: ClassVar[StartKind] = "cold"
    # What this backend leaves out (a workload, or "resumed start") → why.
    cannot: ClassVar[Mapping[str, str]] = {}
    # Whether an instance with a network (Limits.network) has a port on this computer's loopback.
    publishes: ClassVar[bool] = False
    # About how long a start takes, in seconds: for the plan of a run, never for a figure.
    about_s: float = 1.0
    # Why there is no saved state to resume from.
    trouble: str = ""
    clock: Clock = HostClock()

    @abstractmethod
    def missing(self) -> Missing | None:
        """Why this backend cannot run here, or None when it can."""

    @abstractmethod
    def version(self) -> str:
        """The version of the program behind this backend; only asked when nothing is missing."""

    @abstractmethod
    def engine(self, image: LabImage | None) -> Engine:
        """What would execute an instance's instructions here."""

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        """What the doctor adds, such as why it is this engine."""
        return ()

    @abstractmethod
    def launch(
        self, image: LabImage, limits: Limits, timeline: Timeline
    ) -> AbstractContextManager[Instance]:
        """A context that yields a started instance and always cleans up.

        Marks `created` and `started` (and `kernel`, where there is one). Raises BackendError.
        """

    def leaves_out(self) -> Mapping[str, str]:
        """`cannot`, and the servers where no port leads to an instance."""
        servers = [] if self.publishes else [w.name for w in all_workloads().values() if w.network]
        return {**dict.fromkeys(servers, NO_PORT), **self.cannot}

    def prepare(self, image: LabImage) -> None:  # noqa: B027  most have nothing to prepare
        """What is done once before the first trial and is no part of a start."""

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """For a backend that resumes: boots once and saves what the trials inside this context
        start from. Done before the first trial, and no part of a start."""
        yield

    def services(self) -> tuple[Meter, ...]:
        """What runs for all instances together, such as a daemon."""
        return ()

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        """Removes what the owners for which `abandoned(mark)` holds have left behind; names it."""
        return []

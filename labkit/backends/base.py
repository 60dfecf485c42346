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
from labkit.protocol import Answer, Outcome, Request, Script, Session
from labkit.records import BackendInfo, Engine, Family, Limits, Role, StartKind
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


class Instance(ABC):
    """Something that a backend has started from the lab image."""

    # The port on this computer's loopback address that leads to the instance's own server.
    port: int | None = None
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
        timeout = self.preparation_s + 10 * request.seconds
        with self._explained():
            answer = self._session.run(request, timeout, on_begin)
        self._timeline.mark("first_result", answer.end)
        return answer

    def shell(self, script: Script) -> Outcome:
        """Runs a shell script; the time limit leaves room for a slow engine's answer."""
        with self._explained():
            return self._session.shell(script, self.preparation_s + 2 * script.seconds)

    def stop(self) -> None:
        self._timeline.mark("stop_requested")
        with self._explained():
            self._session.stop(self.goodbye_s)
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


class Backend(ABC):
    """One way to run the workload."""

    name: str  # a variant's holds its settings: docker:network=bridge
    family: ClassVar[Family]
    start: ClassVar[StartKind] = "cold"
    # Whether a run that names no backends, and a set-up without names, include this one.
    by_default: ClassVar[bool] = True
    # What can be varied: setting → its values, the first of which is the usual one.
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What this backend leaves out (a workload, or "resumed start") → why.
    cannot: ClassVar[Mapping[str, str]] = {}
    # Whether an instance with a network (Limits.network) has a port on this computer's loopback.
    publishes: ClassVar[bool] = False
    # Whether an instance is held to Limits.disk_write_mib_per_s.
    limits_disk: ClassVar[bool] = False
    # About how long a start takes, in seconds: for the plan of a run, never for a figure.
    about_s: float = 1.0
    # Why there is no saved state to resume from.
    trouble: str = ""
    clock: Clock = HostClock()
    # The settings of a variant; see `chosen`.
    varied: Mapping[str, str] = {}
    # Its sweep looks at files only: that costs nothing, so that any run does it.
    sweeps_files: ClassVar[bool] = False

    @property
    def chosen(self) -> dict[str, str]:
        """Each setting with its value here."""
        return {name: values[0] for name, values in self.settings.items()} | dict(self.varied)

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

    def info(self, image: LabImage) -> BackendInfo:
        """What is written down of this backend where something was measured with it."""
        return BackendInfo(
            family=self.family,
            engine=self.engine(image),
            version=self.version(),
            start=self.start,
            cannot=dict(self.leaves_out()),
        )

    def prepare(self, image: LabImage) -> None:  # noqa: B027  most have nothing to prepare
        """What is done once before the first trial and is no part of a start."""

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """For a backend that resumes: boots once and saves what the trials inside this context
        start from. Done before the first trial, and no part of a start."""
        yield

    def about_ballast_s(self, mib: int) -> float:
        """About how long a ballast takes to be filled, beyond its duration: for a run's plan."""
        return 0.0

    def services(self) -> tuple[Meter, ...]:
        """What runs for all instances together, such as a daemon."""
        return ()

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        """Removes what the owners for which `abandoned(mark)` holds have left behind; names it."""
        return []

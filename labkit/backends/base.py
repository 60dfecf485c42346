"""What a backend is. A new one is one new file and one line in labkit/backends/table.py."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, ConnectionEnded, LabError
from labkit.guest.protocol import Answer, Outcome, Request, Script, Session
from labkit.guest.workload import all_workloads
from labkit.image import LabImage
from labkit.recordings.facts import LIMITS, BackendInfo, Limits
from labkit.recordings.words import Engine, Family, Role, StartKind
from labkit.system.clock import Clock, HostClock
from labkit.system.limits import Held
from labkit.system.owner_marks import scratch_folder
from labkit.system.ownership import Judge
from labkit.system.paths import cache_dir, typed
from labkit.system.refusals import in_words

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
# Where the server listens inside an instance that has a network of its own.
INNER_PORT = 8080
MEND = "mend or install anew what fails here; what can run meanwhile does without it"
NO_PORT = "the lab has no way yet to lead a port of this computer to such an instance"


@dataclass(frozen=True)
class Missing:
    """Why a backend cannot run here, and the command that mends it."""

    reason: str
    fix: str


def broken(error: Exception) -> Missing:
    """What a backend's fault says, be it the lab's error or not."""
    told = error if isinstance(error, LabError) else in_words(error)
    if told is None:
        return Missing(f"{type(error).__name__}: {error}", MEND)
    said = "\n".join(filter(None, (told.brief, told.details.strip())))
    return Missing(said, told.resolution or MEND)


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

    def held_inside(self) -> Held:
        """To what it is held, as it is seen from inside; a backend that can ask does so."""
        return Held()

    def _diagnosis(self) -> str:
        """What the backend can say about an instance that fails, such as its console's end."""
        return ""

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


class Backend(ABC):
    """One way to run the workload."""

    name: str  # a variant's holds its settings: docker:network=bridge
    family: ClassVar[Family]
    start: ClassVar[StartKind] = "cold"
    # Whether a run that names no backends, and a set-up without names, include this one.
    by_default: ClassVar[bool] = True
    # What can be varied: setting → its values, the first of which is the usual one.
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # What can be set to any text, such as the name of an image.
    free: ClassVar[tuple[str, ...]] = ()
    # What this backend leaves out (a workload, or "resumed start") → why.
    unsupported: ClassVar[Mapping[str, str]] = {}
    # Whether an instance with a network (Limits.network) has a port on this computer's loopback.
    publishes: ClassVar[bool] = False
    # Whether an instance is held to Limits.disk_write_mib_per_s.
    limits_disk: ClassVar[bool] = False
    # Whether finding out its engine may boot a machine.
    boots: ClassVar[bool] = False
    # About how long a start takes, in seconds: for the plan of a run, never for a figure.
    about_s: float = 1.0
    clock: Clock = HostClock()
    # Its sweep looks at files only: that costs nothing, so that any run does it.
    sweeps_files: ClassVar[bool] = False
    # Whether its instances have files in the folder for temporary ones.
    needs_scratch: ClassVar[bool] = True

    def __init__(self, *, variation: Mapping[str, str] | None = None) -> None:
        """`variation`: settings that are not the usual ones; they stand in the name, too."""
        self._variation = dict(variation or {})
        words = (f"{name}={value}" for name, value in self._variation.items())
        self.name = ":".join([self.name, *words])

    @property
    def chosen(self) -> dict[str, str]:
        """Each setting with its value here."""
        return {name: values[0] for name, values in self.settings.items()} | self._variation

    def within(self, limits: Limits) -> Limits:
        """The limits of its instances: those of all, but for what is set for it alone. Raises
        ValueError where they make none."""
        given = self._variation
        own = {field: int(given[word]) for word, field in LIMITS.items() if word in given}
        return Limits.model_validate({**dict(limits), **own})

    @abstractmethod
    def missing(self) -> Missing | None:
        """Why this backend cannot run here, or None when it can."""

    def problem(self) -> Missing | None:
        """The same, and what fails where it is only asked for its version. Never raises: a fault
        of one backend keeps no other from being used."""
        try:
            if (found := _cache_refused() or self.missing()) is not None:
                return found
            self.version_here  # noqa: B018  whether it can be told
            if self.needs_scratch:
                with scratch_folder():
                    return None
        except Exception as error:
            return broken(error)
        return None

    @abstractmethod
    def version(self) -> str:
        """The version of the program behind this backend; only asked when nothing is missing."""

    @cached_property
    def version_here(self) -> str:
        """The same, asked once: an examination looks whether it can be told, then tells it."""
        return self.version()

    @abstractmethod
    def engine(self, image: LabImage | None) -> Engine:
        """What would execute an instance's instructions here."""

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        """What the doctor adds, such as why it is this engine."""
        return self.cautions()

    def cautions(self) -> tuple[str, ...]:
        """What will be empty or not comparable here, told before anything is measured."""
        return ()

    @abstractmethod
    def launch(
        self, image: LabImage, limits: Limits, timeline: Timeline
    ) -> AbstractContextManager[Instance]:
        """A context that yields a started instance and always cleans up.

        Marks `created` and `started` (and `kernel`, where there is one). Raises BackendError.
        """

    def all_unsupported(self) -> Mapping[str, str]:
        """`unsupported`, and the servers where no port leads to an instance."""
        why = self.no_port()
        servers = [w.name for w in all_workloads().values() if w.network] if why else []
        return {**dict.fromkeys(servers, why), **self.unsupported}

    def no_port(self) -> str:
        """Why no port of this computer leads to an instance; empty where one does."""
        return "" if self.publishes else NO_PORT

    def info(self, image: LabImage) -> BackendInfo:
        """What is written down of this backend where something was measured with it."""
        return BackendInfo(
            family=self.family,
            engine=self.engine(image),
            version=self.version(),
            start=self.start,
            unsupported=dict(self.all_unsupported()),
            configuration=dict(self.configuration()),
        )

    def configuration(self) -> Mapping[str, str]:
        """What was chosen for the program behind it, by whoever set it up, and changes figures."""
        return {}

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

    def sweep(self, judge: Judge) -> list[str]:
        """Removes of what labs have left behind what the judge takes, by its mark; names it."""
        return []


def _cache_refused() -> Missing | None:
    """Why the lab image in the cache can be neither seen nor used."""
    folder = cache_dir()
    if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):  # noqa: PTH112  no error
        return Missing(
            f"the cache {folder} may not be entered",
            f"chmod u+rwx {typed(folder)}, or name another folder: LABKIT_CACHE=FOLDER",
        )
    return None

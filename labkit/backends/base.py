"""What a backend is. A new one is one new file and one line in labkit/backends/table.py."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import LabError
from labkit.guest.workload import all_workloads
from labkit.image import LabImage, find
from labkit.recordings.facts import LIMITS, BackendInfo, Limits
from labkit.recordings.words import Engine, Family, StartKind
from labkit.system.clock import Clock, HostClock
from labkit.system.owner_marks import scratch_folder
from labkit.system.ownership import Judge
from labkit.system.paths import cache_dir, typed
from labkit.system.refusals import in_words

# Where the server listens inside an instance that has a network of its own.
INNER_PORT = 8080
MEND = "mend or install anew what fails here; what can run meanwhile does without it"
OTHER_CACHE = "name another folder: LABKIT_CACHE=FOLDER"
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
    said = ":\n".join(filter(None, (told.brief, told.details.strip())))
    return Missing(said, told.resolution or MEND)


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

    # Whether what it prepares may show how far it is.
    progress: bool = True

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
        Several threads may do it at once (`labkit density`); each ends what it has started.
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
    """Why the lab image in the cache can be neither seen nor used, or none can be put there."""
    folder = cache_dir()
    found = next(place for place in (folder, *folder.parents) if os.path.exists(place))  # noqa: PTH110  no error
    if not os.path.isdir(found):  # noqa: PTH112  the same
        return Missing(f"the cache {folder} is no folder: {found} is a file", OTHER_CACHE)
    if not os.access(found, os.R_OK | os.X_OK):
        rights = f"chmod u+rwx {typed(found)}, or "
        return Missing(f"the cache {folder}: {found} may not be entered", rights + OTHER_CACHE)
    if found != folder and not os.access(found, os.W_OK):
        return Missing(f"the cache {folder} cannot be made: no right to write", OTHER_CACHE)
    places = [place for place in (folder, folder / "images", folder / "debs") if place.exists()]
    closed = next((place for place in places if not os.access(place, os.W_OK)), None)
    if closed is not None and not _has_image():
        return Missing(
            f"no lab image can be read in the cache {folder}, and none be made: {closed} is not "
            "to be written into",
            f"let whose it is build one (labkit image build) and make all readable (chmod -R a+rX "
            f"{typed(folder)}), or {OTHER_CACHE}",
        )
    return None


def _has_image() -> bool:
    with suppress(LabError):  # told by whoever needs it
        return find() is not None
    return False

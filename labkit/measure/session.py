"""What is done once before anything is measured, and once afterwards, whatever happens: the lab
image, backends that are ready to start it, saved states, and nothing that is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labkit import image
from labkit.backends.base import Backend, broken
from labkit.backends.instance import READY_TIMEOUT_S, Instance
from labkit.backends.own.names import is_own
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, LabError
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.record import Record
from labkit.recordings.facts import BackendInfo, Limits
from labkit.recordings.words import MACHINES, PACKAGES
from labkit.system.clock import Clock, HostClock
from labkit.system.interruptions import Watch
from labkit.system.ownership import Kept, kept_note
from labkit.system.telling import tell


@dataclass
class Session:
    """image: with a network where one was asked for; plain: without. before: what a recording that
    is resumed holds already, table → rows. left_out: what could not be measured → why."""

    image: LabImage
    plain: LabImage
    backends: Mapping[str, Backend]
    ready_timeout: float = READY_TIMEOUT_S
    clock: Clock = field(default_factory=HostClock)
    before: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    # Backend → why there is no saved state to start it from.
    unsaved: dict[str, str] = field(default_factory=dict)
    # Runs while something is measured.
    watch: Watch = field(default_factory=Watch)
    # What is being done, and how many more batches there will be than planned: for the bar.
    say: Callable[[str], None] = lambda message: None
    expect: Callable[[int], None] = lambda batches: None

    def leave_out(self, what: str, why: LabError | str) -> None:
        """Notes what could not be measured, and why; the rest goes on."""
        self.left_out[what] = str(why)

    @contextmanager
    def ready(
        self, name: str, limits: Limits | None = None, timeline: Timeline | None = None
    ) -> Iterator[Instance]:
        """An instance of a backend that answers; it is stopped in the end. `timeline`: where its
        milestones are noted, for who asks for them."""
        if name in self.unsaved:
            raise BackendError("there is no saved state to start from", details=self.unsaved[name])
        timeline = timeline or Timeline(self.clock)
        backend = self.backends[name]
        within = backend.within(limits or Limits())
        with backend.launch(self.image, within, timeline) as instance:
            instance.wait_ready(self.ready_timeout)
            yield instance
            instance.stop()

    def infos(self) -> dict[str, BackendInfo]:
        """What is written down of the backends."""
        return {name: backend.info(self.image) for name, backend in self.backends.items()}


@contextmanager
def opened(
    names: Sequence[str],
    *,
    limits: Limits | None = None,
    network: bool = False,
    lenient: bool = False,
    kernel: Path | None = None,
    packages: Sequence[str] = (),
    ready_timeout: float = READY_TIMEOUT_S,
    progress: bool = True,
) -> Iterator[Session]:
    """A session with these backends. BackendError when one cannot run here; if `lenient`, when
    none can, and those that cannot are left out."""
    chosen = {name: make_backend(name) for name in names}
    left_out = _missing(chosen, lenient, packages)
    chosen = {name: backend for name, backend in chosen.items() if name not in left_out}
    kept: list[Kept] = []
    cleanup.sweep(chosen.values(), keep=kept.append)
    if kept and progress:
        tell(kept_note(len(set(kept))))
    if progress:
        _warn(chosen)
    plain = built = image.build(kernel=kernel, packages=packages, progress=progress)
    if network and any(backend.family in MACHINES for backend in chosen.values()):
        built = image.networked(plain, progress=progress)
    try:
        with ExitStack() as states:
            session = Session(built, plain, chosen, ready_timeout, left_out=left_out)
            session.backends = _prepared(
                chosen, built, left_out, lenient=lenient, progress=progress
            )
            for name, backend in session.backends.items():
                try:
                    within = backend.within(limits or Limits())
                    states.enter_context(backend.saved_state(built, within))
                except LabError as error:
                    if is_own(name):  # the user's disk cannot be read: nothing to measure
                        raise
                    session.unsaved[name] = str(error)
            yield session
    finally:
        # Whatever an interrupt at an unlucky moment has left is removed at the end.
        left: list[Kept] = []
        cleanup.sweep(chosen.values(), mine=True, keep=left.append)
        for thing in left:
            tell(f"{thing.what} is not removed: {thing.why}")


def _warn(chosen: Mapping[str, Backend]) -> None:
    """A fault of what is only told ends nothing: whether a backend works, `_prepared` finds out."""
    for name, backend in chosen.items():
        try:
            cautions = backend.cautions()
        except Exception as error:
            cautions = (broken(error).reason,)
        for caution in cautions:
            tell(f"{name}: {caution}")


def _prepared(
    chosen: Mapping[str, Backend],
    built: LabImage,
    left_out: dict[str, str],
    *,
    lenient: bool,
    progress: bool = True,
) -> dict[str, Backend]:
    """The backends that are ready to start the image."""
    ready = {}
    for name, backend in chosen.items():
        try:
            backend.progress = progress
            backend.prepare(built)
            backend.info(built)  # which may try an engine
            ready[name] = backend
        except Exception as error:
            if not lenient:
                raise
            left_out[name] = broken(error).reason
    if chosen and not ready:
        raise BackendError("nothing can be started here", details=_lines(left_out))
    return ready


def _check_packages(backend: Backend, packages: Sequence[str]) -> None:
    if packages and (why := backend.unsupported.get(PACKAGES)):
        raise BackendError(
            f"{backend.name} starts no lab image with Debian's programs",
            details=why,
            resolution="leave it out, or workloads and --packages that want programs",
        )


def _lines(reasons: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {reason}" for name, reason in reasons.items())


def require(name: str, backend: Backend) -> None:
    """BackendError when a backend cannot run here."""
    missing = backend.problem()
    if missing is not None:
        raise BackendError(
            f"the backend {name} cannot run here", details=missing.reason, resolution=missing.fix
        )


def _missing(
    chosen: Mapping[str, Backend], lenient: bool, packages: Sequence[str]
) -> dict[str, str]:
    """Asked before an image is built for them."""
    left_out: dict[str, str] = {}
    for name, backend in chosen.items():
        try:
            require(name, backend)
            _check_packages(backend, packages)
        except BackendError as error:
            if not lenient or len(left_out) == len(chosen) - 1:
                raise
            left_out[name] = str(error)
    return left_out

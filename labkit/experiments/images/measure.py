"""All parts, or some, one after the other; whatever ends them leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from labkit.backends.docker.own_daemon import OwnDaemon
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.experiments.base import Batches
from labkit.experiments.images.base_images import base_images
from labkit.experiments.images.cold_load import cold_load, runs
from labkit.experiments.images.copy_up import copy_up
from labkit.experiments.images.docker import Images, connected
from labkit.experiments.images.drift import drift
from labkit.experiments.images.image_layers import layers
from labkit.experiments.images.page_sharing import page_sharing
from labkit.experiments.images.records import ImagesPlan
from labkit.experiments.images.setting import Setting
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings.facts import BackendInfo
from labkit.system.owner_marks import scratch_folder

PARTS: Mapping[str, Callable[[Setting], Sequence[Record]]] = {
    "layers": layers,
    "page_sharing": page_sharing,
    "copy_up": copy_up,
    "cold_load": cold_load,
    "base_images": base_images,
    "drift": drift,
}


def measure(plan: ImagesPlan, session: Session) -> Batches:
    """A batch a part; what is in `session.before` is not made again. A part that cannot be made
    is left out, with its reason; where that is all of them, the last reason is the error."""
    done = {name for name, rows in session.before.items() if rows}
    error: BackendError | None = None
    with _setting(plan, session) as given:
        for name in (name for name in plan.trials if name not in done):
            session.say(name)
            session.left_out.pop(name, None)
            try:
                rows = PARTS[name](replace(given, trials=plan.trials[name]))
            except BackendError as why:
                session.leave_out(name, error := why)
                continue
            done.add(name)
            yield {name: rows}
    if error is not None and not done:
        raise error
    return "plan"


def storage_driver(plan: ImagesPlan) -> str:
    """How the daemon that the plan asks for keeps layers, such as "overlay2"."""
    with docker_of(plan) as images:
        return images.storage_driver()


def backends_of(plan: ImagesPlan, image: LabImage) -> dict[str, BackendInfo]:
    """Docker, and those of the plan's machines that can run here."""
    machines = plan.machines if "cold_load" in plan.trials else ()
    with docker_of(plan):
        names = ["docker", *(name for name in machines if runs(make_backend(name)))]
        return {name: make_backend(name).info(image) for name in names}


@contextmanager
def docker_of(plan: ImagesPlan) -> Iterator[Images]:
    """This computer's Docker, or a daemon of the lab's own with the plan's storage driver."""
    with _daemon(plan.storage_driver), connected() as images:
        yield images


@contextmanager
def _setting(plan: ImagesPlan, session: Session) -> Iterator[Setting]:
    """What all parts are given. The session has no backends, since the daemon may not be there
    before: so what they leave is removed here."""
    backends = [make_backend(name) for name in ("docker", *plan.machines)]
    cleanup.sweep(backends)
    try:
        with docker_of(plan) as images, scratch_folder() as scratch:
            yield Setting(
                images,
                session.plain,
                scratch,
                seed=plan.seed,
                machines=plan.machines,
                ready_timeout=session.ready_timeout,
                left_out=session.left_out,
                say=session.say,
            )
    finally:
        cleanup.sweep(backends, mine=True)


def _daemon(storage_driver: str | None) -> AbstractContextManager[object]:
    if storage_driver is None:
        return nullcontext()
    return OwnDaemon("--storage-driver", storage_driver)

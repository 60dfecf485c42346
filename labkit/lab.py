"""The lab as a library: what the command line and the notebooks call."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labkit import host, image, instances, orphans, runner, sameness, store
from labkit.backends import Backend, make_backend
from labkit.errors import BackendError, LabError, UsageError
from labkit.image import LabImage
from labkit.paths import runs_dir
from labkit.planning import describe, make_plan
from labkit.recording import Recording
from labkit.records import Manifest, Plan
from labkit.run_writer import RunWriter
from labkit.selftest import state
from labkit.store import Run, TrialRecords
from labkit.workloads import digests

# Families whose instances boot a kernel of their own, which must find its network card.
VIRTUAL = ("hypervisor", "host-virtualization")


def run(
    backends: Sequence[str] | None = None,
    *,
    kernel: Path | None = None,
    out: Path | None = None,
    ready_timeout: float = 60.0,
    progress: bool = True,
    **choices: Any,
) -> Run:
    """Runs the workloads behind each boundary and returns the finished, stored run.

    Without backends, all that can run here. `choices` are those of labkit.planning.make_plan
    (workloads, repeats, seconds, profile, seed, limits, warmups, until_precision, budget_s,
    instances); what is not named comes from the profile. Raises UsageError for what makes no sense
    and BackendError when a named backend cannot run. A trial that fails is part of the run: look at
    `trials.status`.
    """
    plan = make_plan(backends, **choices)
    chosen = {name: make_backend(name) for name in plan.backends}
    return perform(
        plan, chosen, kernel=kernel, out=out, ready_timeout=ready_timeout, progress=progress
    )


def perform(
    plan: Plan,
    chosen: Mapping[str, Backend],
    *,
    kernel: Path | None = None,
    out: Path | None = None,
    ready_timeout: float = 60.0,
    progress: bool = True,
) -> Run:
    """Runs a plan with these backends, by their names in the plan."""
    built = _begun(plan, chosen, kernel, progress)
    manifest = _manifest(plan, chosen, built)
    path = out or runs_dir() / manifest.run_id
    with _leave_nothing(chosen.values(), path):
        with closing(RunWriter.begin(path, manifest)) as writer:
            _perform(plan, chosen, built, writer, [], ready_timeout, progress)
        return store.load(path)


def resume(
    run: str | Path,
    *,
    kernel: Path | None = None,
    ready_timeout: float = 60.0,
    progress: bool = True,
) -> Run:
    """Goes on with a run that was broken off: the same plan, the same order, into the same folder.

    Raises UsageError for a run that has ended, and where anything is not as it was (another
    computer, image, engine or version): one run holds what was measured under the same conditions.
    """
    broken_off = store.load(run)
    if broken_off.ending is not None:
        raise UsageError(
            f"the run {broken_off.manifest.run_id} is complete",
            details=f"it ended at {broken_off.ending.ended_at}: {broken_off.ending.reason}",
            resolution="measure once more with labkit run; labkit compare puts two runs together",
        )
    plan, path = broken_off.manifest.plan, broken_off.path
    chosen = {name: make_backend(name) for name in plan.backends}
    built = _begun(plan, chosen, kernel, progress)
    _require_same(broken_off.manifest, _manifest(plan, chosen, built))
    with _leave_nothing(chosen.values(), path):
        with closing(RunWriter.reopen(path)) as writer:
            before = store.read_trials(path)
            _perform(plan, chosen, built, writer, before, ready_timeout, progress)
        return store.load(path)


def require(name: str, backend: Backend) -> None:
    """BackendError when a backend cannot run here."""
    missing = backend.missing()
    if missing is not None:
        raise BackendError(
            f"the backend {name} cannot run here", details=missing.reason, resolution=missing.fix
        )


def made_ready(
    chosen: Mapping[str, Backend],
    *,
    network: bool,
    kernel: Path | None = None,
    progress: bool = True,
) -> LabImage:
    """What is done once before anything is measured, and is no part of any figure. With `network`
    the image is one whose guests find their network card."""
    for name, backend in chosen.items():
        require(name, backend)
    orphans.sweep(chosen.values())
    built = image.build(kernel=kernel, progress=progress)
    if network and any(b.family in VIRTUAL for b in chosen.values()):
        built = image.networked(built, progress=progress)
    for backend in chosen.values():
        backend.prepare(built)
    return built


def _begun(
    plan: Plan, chosen: Mapping[str, Backend], kernel: Path | None, progress: bool
) -> LabImage:
    if progress:
        print(describe(plan), file=sys.stderr)
    return made_ready(chosen, network=plan.limits.network, kernel=kernel, progress=progress)


def _perform(
    plan: Plan,
    chosen: Mapping[str, Backend],
    built: LabImage,
    writer: RunWriter,
    before: list[TrialRecords],
    ready_timeout: float,
    progress: bool,
) -> None:
    """Makes the trials that are not there yet, and notes why there are no more."""
    with (
        ExitStack() as states,
        closing(Recording(plan, writer, before, _precision, progress=progress)) as recording,
    ):
        for backend in chosen.values():
            try:
                states.enter_context(backend.saved_state(built, plan.limits))
            except LabError as error:
                # Its first trial fails with this reason; the other backends go on.
                backend.trouble = str(error)
        going = runner.execute(
            plan,
            chosen,
            built,
            recording.hooks(),
            done={records.trial.trial for records in before},
            ready_timeout=ready_timeout,
        )
        if going:
            _several(plan, chosen, built, writer, recording, ready_timeout)
        recording.finish(failed=not going)


def _several(
    plan: Plan,
    chosen: Mapping[str, Backend],
    built: LabImage,
    writer: RunWriter,
    recording: Recording,
    ready_timeout: float,
) -> None:
    """Starts several instances of each backend that the plan has them of, but for those that were
    there before the run was broken off."""
    before = store.read_instances(writer.path, store.read_manifest(writer.path))
    done = {row.backend for row in before}
    failed = {records.trial.backend for records in recording.trials if records.trial.error}
    for name, count in plan.instances.items():
        if name in done or name in failed:
            continue
        recording.say(f"{count} instances at once: {name:<8}")
        writer.add_instances(
            instances.measure(chosen[name], built, plan.limits, count, ready_timeout=ready_timeout)
        )


def _precision(trials: Sequence[TrialRecords]) -> float:
    from labkit import stats  # imported here: only a run that waits for a precision needs it

    frames = store.frames(store.gathered(trials))
    return stats.precision(frames["trials"], frames["results"])


def _manifest(plan: Plan, chosen: Mapping[str, Backend], built: LabImage) -> Manifest:
    now, facts = datetime.now(UTC), host.inspect()
    return Manifest(
        run_id=new_id(now),
        created_at=now.isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        plan=plan,
        host=facts,
        image_digest=built.digest,
        workload_digests=digests(plan.workloads),
        backends={name: backend.info(built) for name, backend in chosen.items()},
        selftest=state.latest(facts, _say),
    )


def new_id(now: datetime) -> str:
    """By date, and by chance where two begin in the same second."""
    return f"{now:%Y%m%d-%H%M%S}-{random.SystemRandom().randrange(16**4):04x}"


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _require_same(before: Manifest, now: Manifest) -> None:
    found = [
        *sameness.host_differences(before.host, now.host),
        *sameness.obstacles(before, now),
        *sameness.version_differences(before, now),
    ]
    if found:
        raise UsageError(
            f"the run {before.run_id} cannot be resumed here: not all is as it was",
            details="\n".join(map(str, found)),
            resolution="begin a new run; what was measured is kept",
        )


@contextmanager
def _leave_nothing(chosen: Iterable[Backend], path: Path) -> Iterator[None]:
    """Whatever an interrupt at an unlucky moment has left of this run is removed at its end."""
    with pointing_to(path):
        try:
            yield
        finally:
            orphans.sweep(chosen, mine=True)


@contextmanager
def pointing_to(path: Path) -> Iterator[None]:
    """Whatever ends this context also says where the run is, and how to go on with it."""
    try:
        yield
    except BaseException as error:
        error.add_note(_what_is_kept(path))
        raise


def _what_is_kept(path: Path) -> str:
    if (path / store.ENDING).exists():
        return f"the run is complete; to read it: labkit report {path}"
    return f"finished trials are kept in {path}; to go on: labkit run --resume {path}"

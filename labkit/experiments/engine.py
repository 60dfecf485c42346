"""Does an experiment: from its options to a recording that is loaded. The same for all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labkit import image
from labkit.backends.own.names import is_installed
from labkit.errors import UsageError
from labkit.experiments.base import Experiment, M, Needs, O, P
from labkit.experiments.options import Options
from labkit.experiments.table import EXPERIMENTS
from labkit.guest.workload import digests, parse_task
from labkit.image import distribution
from labkit.measure import last_selftest
from labkit.measure.room import check_scratch, disks_in_memory
from labkit.measure.session import Session, opened
from labkit.recordings import comparability, reader
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest, Reason
from labkit.recordings.reader import Recording
from labkit.recordings.writer import TakenError, Writer, require_free
from labkit.system import host
from labkit.system.paths import DISTRIBUTION, runs_dir, typed
from labkit.system.progress import bar
from labkit.system.signals import interrupted_outside_of_locks
from labkit.system.telling import tell


def measure(experiment: Experiment[O, P, M], options: O) -> Recording[M]:
    """Measures, and returns the recording, loaded from its folder.

    Raises UsageError for what makes no sense, BackendError when a backend cannot run here, and
    StoreError when the recording cannot be written. What is finished is on the disk, also when an
    error or a signal ends the rest; `resume` goes on with it.
    """
    if options.resume is not None:
        return _resume(experiment, options)
    plan = experiment.plan(options)
    now = datetime.now(UTC)
    recording_id = new_id(now)
    path = options.out or runs_dir() / _folder_name(experiment, recording_id)
    require_free(path)
    say = tell if options.progress else _hush
    for name, reason in experiment.left_out(options).items():
        say(f"left out: {name}: {reason}")
    needs = experiment.needs(plan)
    before = _image_first(needs, options), _distribution_first(needs)
    for line in (experiment.describe(plan), *before):
        if line:
            say(line)
    if line := host.priority_note(host.nice(), host.policy()):
        say(line)
    # What nobody named may fail at the last moment, too.
    optional = experiment.without(plan, ()) is not None and not getattr(options, "backends", None)
    needs = replace(needs, lenient=needs.lenient or optional)
    with pointing_to(path, experiment), _session(needs, options) as session:
        if optional and session.left_out:
            plan = experiment.without(plan, session.left_out) or plan
            for name, reason in session.left_out.items():
                say(f"left out: {name}: {reason}")
        manifest = _manifest(experiment, plan, session, recording_id, now)
        with closing(Writer.begin(path, experiment, manifest)) as writer:
            _record(experiment, plan, session, writer, options.progress)
        return _finished(experiment, path)


def _resume(experiment: Experiment[O, P, M], options: O) -> Recording[M]:
    """Goes on: the same plan, the same order, into the same folder. UsageError for a recording
    that is complete, for options that would change its plan, and where anything is not as it was
    (another computer, image, engine or version)."""
    _only_with_resume(options)
    path = reader.find(str(options.resume))
    if (other := reader.experiment_of(path)) != experiment.name:
        raise UsageError(
            f"{path} is a recording of {other}, not of {experiment.name}",
            resolution=f"labkit {EXPERIMENTS[other].command} --resume {typed(path)}"
            if other in EXPERIMENTS
            else "read it with the version of the lab that wrote it",
        )
    before = reader.read(path, experiment)
    if before.ending is not None:
        raise UsageError(
            f"the recording {before.manifest.recording_id} is complete",
            details=f"it ended at {before.ending.ended_at}: {before.ending.reason}",
            resolution="measure once more, into a folder of its own",
        )
    plan = getattr(before.manifest, "plan")  # noqa: B009  every experiment's manifest has one
    if (line := host.priority_note(host.nice(), host.policy())) and options.progress:
        tell(line)
    needs = experiment.needs(plan)
    check_scratch(needs.backends, needs.workloads)  # TMPDIR may be another one today
    for line in disks_in_memory(needs.backends, needs.workloads) if options.progress else ():
        tell(line)
    with pointing_to(path, experiment), _session(needs, options) as session:
        manifest = _manifest(experiment, plan, session, before.manifest.recording_id)
        comparability.require_same(before.manifest, manifest)
        _only_those_of(before.manifest, session)
        session.left_out |= before.left_out
        with closing(Writer.reopen(path, experiment)) as writer:
            # Not before: until now another lab could have gone on with it.
            session.before = reader.read_rows(path, experiment)
            _record(experiment, plan, session, writer, options.progress)
        return _finished(experiment, path)


def _only_those_of(before: Manifest, session: Session) -> None:
    """A backend that could not run when it was begun takes no part in what is gone on with."""
    for name in set(session.backends) - set(before.backends):
        session.leave_out(name, "it could not run when this recording was begun")
    session.backends = {
        name: backend for name, backend in session.backends.items() if name in before.backends
    }


def _finished(experiment: Experiment[O, P, M], path: Path) -> Recording[M]:
    recording = reader.read(path, experiment)
    experiment.finished(recording)
    return recording


@contextmanager
def _session(needs: Needs, options: Options) -> Iterator[Session]:
    opening = opened(
        needs.backends,
        limits=needs.limits,
        network=needs.network,
        lenient=needs.lenient,
        kernel=options.kernel,
        packages=_packages(needs),
        ready_timeout=options.ready_timeout,
        progress=options.progress,
    )
    with interrupted_outside_of_locks(), opening as session:
        yield session


def _image_first(needs: Needs, options: Options) -> str:
    """What is in no estimate of a plan: the lab image, where it has to be built before."""
    if image.find(kernel=options.kernel, packages=_packages(needs)):
        return ""
    took = "how long that takes depends on the network: none was built here before"
    if times := sorted(image.build_times()):
        words = dict.fromkeys(f"{one:.0f}" for one in (times[0], times[-1]))
        took = f"such builds took {' to '.join(words)} s here"
    return f"and before that, the lab image is built, which is not there yet; {took}"


def _distribution_first(needs: Needs) -> str:
    """The same of a distribution."""
    if not any(map(is_installed, needs.backends)) or distribution.find() is not None:
        return ""
    return (
        "and before that, Debian is installed into a folder of the cache, of 1.3 GB: a minute or "
        "two, on a busy computer more"
    )


def _packages(needs: Needs) -> list[str]:
    """Debian's packages whose programs the lab image holds."""
    named = (parse_task(text).workload.packages for text in needs.workloads)
    return [*needs.packages, *(name for names in named for name in names)]


def _record(
    experiment: Experiment[O, P, M], plan: P, session: Session, writer: Writer, progress: bool
) -> None:
    """Writes each batch as soon as it is there, and in the end why there are no more."""
    total = experiment.batches(plan)
    with (
        closing(bar(total=total, initial=writer.batches, disable=not progress)) as shown,
        session.watch,
        closing(experiment.measure(plan, session)) as batches,
    ):
        session.say, session.expect = shown.set_description, partial(_expect, shown)
        while True:
            try:
                rows = next(batches)
            except StopIteration as end:
                reason: Reason = end.value or "plan"
                break
            _note_disturbance(session, rows, writer.batches + 1)
            writer.append(rows, session.left_out)
            shown.update()
    writer.finish(reason, session.left_out)


def _note_disturbance(session: Session, rows: Rows, batch: int) -> None:
    """What disturbed a batch, unless one of its trials has noted it as its own."""
    if what := str(session.watch.take()):
        records = (record for table in rows.values() for record in table)
        names = sorted({getattr(record, "backend", "") for record in records} - {""})
        place = f"batch {batch} ({', '.join(names)})"
        session.leave_out(f"durations to be trusted in {place}", f"meanwhile {what}")


def _expect(shown: Any, batches: int) -> None:
    shown.total = (shown.total or 0) + batches


def _manifest(
    experiment: Experiment[O, P, M],
    plan: P,
    session: Session,
    recording_id: str,
    now: datetime | None = None,
) -> M:
    facts = host.inspect()
    common: Mapping[str, Any] = {
        "experiment": experiment.name,
        "recording_id": recording_id,
        "created_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        "labkit_version": version(DISTRIBUTION),
        "host": facts,
        "image_digest": session.image.digest,
        "packages": session.image.versions,
        "workload_digests": digests(experiment.needs(plan).workloads),
        "backends": session.infos(),
        "selftest": last_selftest.latest(facts, tell),
        "plan": plan,
    }
    return experiment.manifest.model_validate({**common, **experiment.facts(plan, session)})


def new_id(now: datetime) -> str:
    """By date, and by chance where two begin in the same second."""
    return f"{now:%Y%m%d-%H%M%S}-{random.SystemRandom().randrange(16**4):04x}"


def _folder_name(experiment: Experiment[Any, Any, Any], recording_id: str) -> str:
    return recording_id if experiment.name == "benchmark" else f"{recording_id}-{experiment.name}"


def _only_with_resume(options: Options) -> None:
    """UsageError for an option that would change the plan of a recording that has one."""
    allowed = {field.name for field in fields(Options)} - {"out"}
    for field in fields(options):
        if field.name not in allowed and getattr(options, field.name) != field.default:
            raise UsageError(
                f"{field.name} cannot be chosen for a recording that is resumed",
                details="it goes on with the plan that it began with",
                resolution=f"leave {field.name} out, or begin a new one",
            )


@contextmanager
def pointing_to(path: Path, experiment: Experiment[Any, Any, Any]) -> Iterator[None]:
    """Whatever ends this context also says where the recording is, if it was begun, and how to go
    on with it; but for a UsageError, which says what else to do, and for a folder that is another
    lab's."""
    try:
        yield
    except BaseException as error:
        if (path / reader.MANIFEST).exists() and not isinstance(error, UsageError | TakenError):
            error.add_note(what_is_kept(path, experiment))
        raise


def what_is_kept(path: Path, experiment: Experiment[Any, Any, Any]) -> str:
    if (path / reader.ENDING).exists():
        return f"it is complete; to read it: labkit report {typed(path)}"
    again = f"labkit {EXPERIMENTS[experiment.name].command} --resume {typed(path)}"
    if not reader.batches(path):
        return f"nothing of it is finished yet; to go on: {again}"
    return f"what is finished is kept in {path}; to go on: {again}"


def _hush(message: str) -> None:
    """Where nobody wants remarks: what is left out stands in the recording, too."""

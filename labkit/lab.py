"""The lab as a library: what the command line and the notebooks call."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError
from tqdm.auto import tqdm

from labkit import host, image, orphans, runner, store
from labkit.backends import BACKENDS, Backend, Missing, make_backend
from labkit.errors import BackendError, LabError, UsageError
from labkit.image import LabImage
from labkit.paths import runs_dir
from labkit.records import BackendInfo, Limits, Manifest, Plan
from labkit.runner import Step
from labkit.store import Run, RunWriter, TrialRecords
from labkit.workloads import parse_task


@dataclass(frozen=True)
class Profile:
    """Ready-made choices for a run."""

    workloads: tuple[str, ...]
    repeats: int
    seconds: float
    # A slow backend makes fewer trials, at least one, so that its part stays within this.
    budget_s: float


PROFILES: Mapping[str, Profile] = {
    "quick": Profile(("cpu", "idle"), repeats=5, seconds=1.0, budget_s=90),
    # What the recorded runs in data/reference are made with.
    "reference": Profile(("cpu", "syscall", "fork", "idle"), repeats=10, seconds=1.0, budget_s=152),
    "full": Profile(
        ("cpu", "syscall", "fork", "memory", "disk", "idle", "ballast:mib=64"),
        repeats=10,
        seconds=2.0,
        budget_s=1200,
    ),
}


def run(
    backends: Sequence[str] | None = None,
    *,
    workloads: Sequence[str] | None = None,
    repeats: int | None = None,
    seconds: float | None = None,
    profile: str = "quick",
    seed: int | None = None,
    limits: Limits | None = None,
    kernel: Path | None = None,
    out: Path | None = None,
    ready_timeout: float = 60.0,
    progress: bool = True,
) -> Run:
    """Runs the workloads behind each boundary and returns the finished, stored run.

    Without backends, all that can run here. What is not named comes from the profile (PROFILES).
    Raises UsageError for what makes no sense and BackendError when a named backend cannot run.
    A trial that fails is part of the run: look at `trials.status`.
    """
    plan = make_plan(backends, workloads, repeats, seconds, profile, seed, limits)
    if progress:
        print(describe(plan), file=sys.stderr)
    chosen = {name: make_backend(name) for name in plan.backends}
    for name, backend in chosen.items():
        require(name, backend)
    orphans.sweep(chosen.values())
    built = image.build(kernel=kernel, progress=progress)
    for backend in chosen.values():
        backend.prepare(built)
    manifest = _manifest(plan, chosen, built)
    path = out or runs_dir() / manifest.run_id
    with (
        _leave_nothing(chosen.values(), path),
        ExitStack() as states,
        _progress(plan, progress) as (on_step, on_trial),
    ):
        writer = RunWriter(path, manifest)
        for backend in chosen.values():
            try:
                states.enter_context(backend.saved_state(built, plan.limits))
            except LabError as error:
                # Its first trial fails with this reason; the other backends go on.
                backend.trouble = str(error)

        def keep(records: TrialRecords) -> None:
            writer.append(records)
            on_trial(records)

        runner.execute(plan, chosen, built, keep, on_step=on_step, ready_timeout=ready_timeout)
    return store.load(path)


def make_plan(
    backends: Sequence[str] | None = None,
    workloads: Sequence[str] | None = None,
    repeats: int | None = None,
    seconds: float | None = None,
    profile: str = "quick",
    seed: int | None = None,
    limits: Limits | None = None,
) -> Plan:
    """A checked plan; UsageError says which part makes no sense."""
    if profile not in PROFILES:
        raise UsageError(
            f"there is no profile {profile!r}", details=f"the lab has: {', '.join(PROFILES)}"
        )
    chosen = PROFILES[profile]
    chosen = replace(
        chosen,
        workloads=tuple(workloads) if workloads else chosen.workloads,
        repeats=chosen.repeats if repeats is None else repeats,
        seconds=chosen.seconds if seconds is None else seconds,
    )
    names = tuple(dict.fromkeys(backends)) if backends is not None else available()
    _check(names, chosen)
    limits = limits or Limits()
    host.check_limits(limits)
    return Plan(
        backends=names,
        workloads=chosen.workloads,
        trials={name: _trials(name, chosen, exact=repeats is not None) for name in names},
        seconds=chosen.seconds,
        seed=random.SystemRandom().randrange(2**31) if seed is None else seed,
        profile=profile,
        limits=limits,
    )


def describe(plan: Plan) -> str:
    """The plan in a line: what will be done, and about how long it takes."""
    parts = [f"{name} {count}" for name, count in plan.trials.items()]
    seconds = sum(
        count * _trial_s(name, len(plan.workloads), plan.seconds)
        for name, count in plan.trials.items()
    )
    length = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    return f"trials: {', '.join(parts)}; about {length}"


def _trials(name: str, chosen: Profile, *, exact: bool) -> int:
    """How many trials a backend makes: what was asked for, else what its time allows."""
    if exact:
        return chosen.repeats
    allowed = int(chosen.budget_s // _trial_s(name, len(chosen.workloads), chosen.seconds))
    return max(1, min(chosen.repeats, allowed))


def _trial_s(name: str, workloads: int, seconds: float) -> float:
    """About how long a trial takes: its start, and each workload with its calibration."""
    return make_backend(name).about_s + workloads * seconds * 1.4


def limits(cpus: int, memory_mib: int) -> Limits:
    """What each instance may use; UsageError when the host has not got it or it makes no sense."""
    try:
        chosen = Limits(cpus=cpus, memory_mib=memory_mib)
    except ValidationError as error:
        raise UsageError(
            f"{cpus} CPUs and {memory_mib} MiB make no instance",
            resolution="use 1 CPU or more and 64 MiB or more",
        ) from error
    host.check_limits(chosen)
    return chosen


def available() -> tuple[str, ...]:
    """The names of the backends that can run here."""
    missing = left_out()
    return tuple(name for name in BACKENDS if name not in missing)


def left_out() -> dict[str, Missing]:
    """The backends that cannot run here, with the reason and the command that mends it."""
    found = {name: make_backend(name).missing() for name in BACKENDS}
    return {name: missing for name, missing in found.items() if missing is not None}


def require(name: str, backend: Backend) -> None:
    """BackendError when a backend cannot run here."""
    missing = backend.missing()
    if missing is not None:
        raise BackendError(
            f"the backend {name} cannot run here", details=missing.reason, resolution=missing.fix
        )


def _check(names: Sequence[str], chosen: Profile) -> None:
    if not names:
        raise UsageError("no backend is named", details=f"the lab has: {', '.join(BACKENDS)}")
    for name in names:
        make_backend(name)
    workloads = [parse_task(text).workload.name for text in chosen.workloads]
    if len(set(workloads)) < len(workloads):
        raise UsageError(
            "a workload is named twice", resolution="name each once; a second run compares settings"
        )
    if chosen.repeats < 1:
        raise UsageError(f"{chosen.repeats} repeats make no run", resolution="use 1 or more")
    if not 0.1 <= chosen.seconds <= 3600:
        raise UsageError(
            f"a workload cannot last {chosen.seconds:g} s", resolution="use 0.1 to 3600 seconds"
        )


def _manifest(plan: Plan, chosen: Mapping[str, Backend], built: LabImage) -> Manifest:
    now = datetime.now(UTC)
    return Manifest(
        run_id=f"{now:%Y%m%d-%H%M%S}-{random.SystemRandom().randrange(16**4):04x}",
        created_at=now.isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        plan=plan,
        host=host.inspect(),
        image_digest=built.digest,
        backends={
            name: BackendInfo(
                family=backend.family,
                engine=backend.engine(built),
                version=backend.version(),
                start=backend.start,
                cannot=dict(backend.cannot),
            )
            for name, backend in chosen.items()
        },
    )


@contextmanager
def _leave_nothing(chosen: Iterable[Backend], path: Path) -> Iterator[None]:
    """Whatever an interrupt at an unlucky moment has left of this run is removed at its end."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"finished trials are kept in {path}")
        raise
    finally:
        orphans.sweep(chosen, mine=True)


@contextmanager
def _progress(
    plan: Plan, wanted: bool
) -> Iterator[tuple[Callable[[Step], None], Callable[[TrialRecords], None]]]:
    total, blocks = sum(plan.trials.values()), max(plan.trials.values())
    with tqdm(total=total, unit="trial", disable=not wanted) as bar:

        def on_step(step: Step) -> None:
            bar.set_description(f"block {step.block}/{blocks}: {step.backend:<8}")

        def on_trial(records: TrialRecords) -> None:
            bar.update()

        yield on_step, on_trial

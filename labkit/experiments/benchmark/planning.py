"""What a run shall do: a checked plan."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import ValidationError

from labkit.backends.base import Missing
from labkit.backends.table import BACKENDS, GROUPS, expand, make_backend
from labkit.errors import UsageError
from labkit.experiments.benchmark.instances import SETTLE_S
from labkit.experiments.benchmark.options import RunOptions
from labkit.experiments.benchmark.profiles import PROFILES, Profile
from labkit.experiments.benchmark.variants import named
from labkit.guest.workload import ballast_mib, parse_task
from labkit.image.closure import package_names
from labkit.measure.choice import interprets
from labkit.measure.plan import Plan
from labkit.measure.room import (
    check_ballast,
    check_limits,
    check_programs,
    check_room,
    check_scratch,
    disks_in_memory,
)
from labkit.recordings.facts import Limits
from labkit.recordings.words import SEVERAL

# How long a run that adds blocks may take, unless told otherwise.
PRECISION_BUDGET_S = 600.0
# How long the starts of one backend's instances may take: what a profile has, what is asked for.
INSTANCES_BUDGET_S, INSTANCES_PATIENCE_S = 60.0, 600.0
MOST_INSTANCES = 64
MOST_REPEATS = 100_000  # as a table holds that the report can still show
INTERPRETS = "it interprets each instruction here: to start a program alone may take it minutes"
INTERPRETED = Missing(
    "it interprets each instruction here, so that real programs would take hours",
    "name it in --backends to try all the same",
)


def make_plan(options: RunOptions) -> Plan:
    """A checked plan; UsageError says which part makes no sense."""
    chosen = _profile(options)
    names = tuple(named(_names(options.backends, chosen), options.ready, options.sweep))
    _check(names, chosen)
    _check_precision(options.until_precision, options.time_budget)
    limits = _limits(options, chosen)
    for name in names:
        _check_within(name, limits, chosen.workloads)
    check_scratch(names, chosen.workloads)
    exact = options.repeats is not None
    budget_s = options.time_budget or PRECISION_BUDGET_S
    return Plan(
        backends=names,
        workloads=chosen.workloads,
        trials={name: _trials(name, chosen, exact=exact) for name in names},
        warmups={
            name: chosen.warmups
            for name in names
            if chosen.warmups and (options.warmups is not None or _is_quick(name, chosen))
        },
        until_precision=options.until_precision,
        budget_s=budget_s if options.until_precision else None,
        seconds=chosen.seconds,
        packages=package_names(options.packages or ()),
        seed=random.SystemRandom().randrange(2**31) if options.seed is None else options.seed,
        profile=options.profile,
        limits=limits,
        instances=_instances(names, chosen, limits, options.instances),
    )


def _profile(options: RunOptions) -> Profile:
    """The profile, but for what was chosen otherwise."""
    if options.profile not in PROFILES:
        raise UsageError(
            f"there is no profile {options.profile!r}",
            details=f"the lab has: {', '.join(PROFILES)}",
        )
    chosen = PROFILES[options.profile]
    return replace(
        chosen,
        workloads=tuple(options.workloads) if options.workloads else chosen.workloads,
        repeats=chosen.repeats if options.repeats is None else options.repeats,
        seconds=chosen.seconds if options.seconds is None else options.seconds,
        warmups=chosen.warmups if options.warmups is None else options.warmups,
    )


def _limits(options: RunOptions, profile: Profile) -> Limits:
    """What each instance may use; UsageError when the host has not got it or it makes no sense."""
    workloads = [parse_task(text).workload for text in profile.workloads]
    needed = max([profile.memory_mib, *(workload.memory_mib for workload in workloads)])
    memory_mib = needed if options.memory_mib is None else options.memory_mib
    try:
        chosen = Limits(
            cpus=options.cpus,
            memory_mib=memory_mib,
            network=any(workload.network for workload in workloads),
        )
    except ValidationError as error:
        raise UsageError(
            f"{options.cpus} CPUs and {memory_mib} MiB make no instance",
            resolution="use 1 CPU or more and 64 MiB or more",
        ) from error
    return chosen


def _check_within(name: str, limits: Limits, workloads: Sequence[str]) -> None:
    try:
        own = make_backend(name).within(limits)
    except ValidationError as error:
        raise UsageError(
            f"{name} makes no instance", resolution="use 1 CPU or more and 64 MiB or more"
        ) from error
    check_limits(own)
    check_ballast(own, workloads)
    check_programs(own, workloads)


def describe(plan: Plan) -> str:
    """The plan in a line: what will be done, and about how long it takes."""
    parts = [f"{name} {count}" for name, count in plan.trials.items()]
    starts = sum(make_backend(name).about_s * count for name, count in plan.warmups.items())
    seconds = starts + sum(
        count * _trial_s(name, plan.workloads, plan.seconds) for name, count in plan.trials.items()
    )
    seconds += sum(count * _instance_s(name) for name, count in plan.instances.items())
    length = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    words = [f"trials: {', '.join(parts)}", f"about {length}"]
    if warm := sum(plan.warmups.values()):
        words.insert(1, f"{warm} warm-up {'start' if warm == 1 else 'starts'} before")
    if plan.until_precision and plan.budget_s:
        words.append(
            f"then more blocks until each ratio is known to {plan.until_precision:.0%}, "
            f"at most {plan.budget_s / 60:.0f} min in all"
        )
    if plan.instances:
        counts = ", ".join(f"{name} {count}" for name, count in plan.instances.items())
        words.append(f"then instances at once: {counts}")
    return "\n".join(["; ".join(words), *_cannot_do(plan)])


def _cannot_do(plan: Plan) -> Iterator[str]:
    """What a backend of the plan cannot do, or not in this time, told before; of one that can run
    at all."""
    workloads = [parse_task(text).workload for text in plan.workloads]
    asked = dict.fromkeys(workload.name for workload in workloads)
    with_programs = any(workload.packages for workload in workloads)
    special = with_programs or any(workload.network for workload in workloads)
    yield from disks_in_memory(plan.backends, asked)
    for name in plan.backends:
        backend = make_backend(name)
        if not (special or asked.keys() & backend.unsupported.keys()):
            continue  # without asking any program whether it is there
        if backend.problem() is not None:
            continue
        unsupported = backend.all_unsupported()
        for why in dict.fromkeys(unsupported[task] for task in asked if task in unsupported):
            tasks = ", ".join(task for task in asked if unsupported.get(task) == why)
            yield f"left empty: {name}, {tasks}: {why}"
        if with_programs and interprets(name):
            yield f"longer than estimated: {name}: {INTERPRETS}"


def left_out(backends: Sequence[str] | None, profile: str) -> dict[str, Missing]:
    """Of the backends that nobody named (a profile's, or those of a group) the ones that cannot
    run here, with the reason and the command that mends it."""
    if backends is None:
        meant = PROFILES[profile].backends if profile in PROFILES else ()
    else:
        meant = tuple(name for group in backends for name in GROUPS.get(group, ()))
    problems = {name: make_backend(name).problem() for name in meant}
    missing = {name: problem for name, problem in problems.items() if problem is not None}
    if backends is None and profile in PROFILES and not PROFILES[profile].patient:
        missing |= {name: INTERPRETED for name in meant if name not in missing and interprets(name)}
    return missing


def _names(backends: Sequence[str] | None, profile: Profile) -> tuple[str, ...]:
    """The backends that are named, each once; of a profile or a group, those that can run."""
    named = profile.backends if backends is None else backends
    optional = set(profile.backends if backends is None else ())
    optional |= {name for group in named for name in GROUPS.get(group, ())}
    optional -= set(backends or ())
    return tuple(
        name for name in expand(named) if name not in optional or _takes_part(name, profile)
    )


def _takes_part(name: str, profile: Profile) -> bool:
    return make_backend(name).problem() is None and (profile.patient or not interprets(name))


def _trials(name: str, chosen: Profile, *, exact: bool) -> int:
    """How many trials a backend makes: what was asked for, else what its time allows."""
    if exact:
        return chosen.repeats
    allowed = int(chosen.budget_s // _trial_s(name, chosen.workloads, chosen.seconds))
    return max(1, min(chosen.repeats, allowed))


def _instances(
    names: Sequence[str], chosen: Profile, limits: Limits, asked: int | None
) -> dict[str, int]:
    """How many instances of each backend are started to run at once: two or more, or none."""
    count = chosen.instances if asked is None else asked
    if not 1 <= count <= MOST_INSTANCES:
        raise UsageError(
            f"{count} instances at once cannot be started", resolution=f"use 1 to {MOST_INSTANCES}"
        )
    if asked is not None and asked > 1:
        check_room(limits, asked)
    budget_s = INSTANCES_BUDGET_S if asked is None else INSTANCES_PATIENCE_S
    able = [name for name in names if SEVERAL not in make_backend(name).unsupported]
    counts = {name: min(count, int(budget_s // _instance_s(name))) for name in able}
    return {name: counted for name, counted in counts.items() if counted > 1}


def _instance_s(name: str) -> float:
    """About how long it takes until one more instance is read."""
    return make_backend(name).about_s + SETTLE_S + 0.5


def _is_quick(name: str, chosen: Profile) -> bool:
    """Whether a backend can afford a start that enters no figure."""
    trial = _trial_s(name, chosen.workloads, chosen.seconds)
    return chosen.repeats * trial <= chosen.budget_s


def _trial_s(name: str, workloads: Sequence[str], seconds: float) -> float:
    """About how long a trial takes: its start, each workload with its calibration, and what it
    takes to fill a ballast."""
    backend = make_backend(name)
    filling = sum(backend.about_ballast_s(ballast_mib(text)) for text in workloads)
    return backend.about_s + len(workloads) * seconds * 1.4 + filling


def _check(names: Sequence[str], chosen: Profile) -> None:
    if not names:
        raise UsageError("no backend is named", details=f"the lab has: {', '.join(BACKENDS)}")
    tasks = [parse_task(text) for text in chosen.workloads]
    workloads = [task.work if task.workload.program else task.label for task in tasks]
    if len(set(workloads)) < len(workloads):
        raise UsageError(
            "a workload is named twice", resolution="name each once; a second run compares settings"
        )
    if not 1 <= chosen.repeats <= MOST_REPEATS:
        raise UsageError(
            f"{chosen.repeats} repeats make no run", resolution=f"use 1 to {MOST_REPEATS:,}"
        )
    if not 0 <= chosen.warmups <= 100:
        raise UsageError(f"{chosen.warmups} warm-ups cannot be made", resolution="use 0 to 100")
    if not 0.1 <= chosen.seconds <= 3600:
        raise UsageError(
            f"a workload cannot last {chosen.seconds:g} s", resolution="use 0.1 to 3600 seconds"
        )


def _check_precision(until: float | None, budget_s: float | None) -> None:
    if until is not None and not 0.001 <= until <= 1:
        raise UsageError(
            f"{until:g} is no precision to wait for",
            details="it is the width of an interval, as a part of the ratio itself",
            resolution="use 0.001 to 1, such as 0.1 for ten percent",
        )
    if budget_s is not None and until is None:
        raise UsageError(
            "a time budget alone changes nothing",
            resolution="name --until-precision, too: blocks are added until either is reached",
        )
    if budget_s is not None and not 1 <= budget_s <= 7 * 86400:
        raise UsageError(f"{budget_s:g} s make no time budget", resolution="use 1 second to 7 days")

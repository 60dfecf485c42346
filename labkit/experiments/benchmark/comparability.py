"""Whether the figures of two runs may stand side by side: what their plans have to do with it."""

from __future__ import annotations

from typing import Any

from labkit.backends.distribution.login import DIGEST
from labkit.experiments.benchmark.records import Run, RunManifest
from labkit.experiments.benchmark.stats.frames import ALIKE, HELD, measured
from labkit.guest.workload import all_workloads
from labkit.recordings import comparability
from labkit.recordings.comparability import Difference
from labkit.recordings.facts import Limits

# What moves no figure of a trial: how many there are, in which order, what comes after them.
# Whatever else is in a plan is compared, and so is what will be added to it.
UNMOVED = frozenset({"trials", "until_precision", "budget_s", "seed", "profile", "instances"})
WORDS = {
    "backends": "backends in turn",
    "packages": "further packages",
    "seconds": "seconds of each workload",
    "warmups": "warm-ups",
}


def obstacles(first: RunManifest, second: RunManifest) -> list[Difference]:
    """Why figures of two runs may not be compared: other bits, other work, another engine, other
    limits, an emulated computer. Only what both runs have counts."""
    common = comparability.obstacles(first, second)
    one, two = _settings(first), _settings(second)
    own = [
        Difference(f"settings of {name}", one[name] or "none", two[name] or "none")
        for name in one
        if name in two
    ]
    own += [
        Difference(f"bits of {name}", info.configuration[DIGEST][:12], two[DIGEST][:12])
        for name, info in first.backends.items()
        if name in second.backends
        for two in [second.backends[name].configuration]
        if DIGEST in info.configuration and DIGEST in two
    ]
    own.append(Difference("limits", _limits(first.plan.limits), _limits(second.plan.limits)))
    own.append(Difference("computer", _computer(first), _computer(second)))
    return common + [difference for difference in own if difference.first != difference.second]


def held_otherwise(first: Run, second: Run) -> list[Difference]:
    """Backends that were really held to other limits than in the other run, whatever was asked."""
    differences = []
    for column in HELD:
        one, two = (
            measured(run.trials).groupby("backend")[column].median() for run in (first, second)
        )
        off = (one / two - 1).abs() > ALIKE
        differences += [
            Difference(f"{column} of {name}", f"{one[name]:g}", f"{two[name]:g}")
            for name in map(str, off.index[off])
        ]
    return differences


def plan_differences(first: RunManifest, second: RunManifest) -> list[Difference]:
    """What was done otherwise, and still leaves at least rates and ratios comparable."""
    compared = [
        Difference(WORDS.get(name, name), _shown(value), _shown(getattr(second.plan, name)))
        for name, value in first.plan
        if name not in UNMOVED | {"limits"}
    ]
    compared.append(Difference("labkit", first.labkit_version, second.labkit_version))
    return [difference for difference in compared if difference.first != difference.second]


def other_work(first: RunManifest, second: RunManifest) -> bool:
    """Whether memory was read while other work was done: then it may not be compared."""
    return first.plan.workloads != second.plan.workloads


def shared_trials(first: Run, second: Run) -> int:
    """How many trials are in both runs, of which one is then a copy of the other."""
    keys = ["trial", "backend", "requested_at", "startup_s"]
    if first.manifest.recording_id != second.manifest.recording_id:
        return 0
    return len(first.trials[keys].merge(second.trials[keys]))


def _settings(manifest: RunManifest) -> dict[str, str]:
    """Workload → its settings, such as "mib=64" of "ballast:mib=64". One that reports is another
    workload with other settings: its figures are kept apart by them."""
    parts = [text.partition(":") for text in manifest.plan.workloads]
    return {name: settings for name, _, settings in parts if not _reports(name)}


def _reports(name: str) -> bool:
    known = all_workloads().get(name)
    return known is not None and bool(known.program)


def _computer(manifest: RunManifest) -> str:
    """An emulated one is only as quick as the one below was at that moment: of each run another."""
    emulated = manifest.host.emulated
    return f"itself emulated, in {manifest.recording_id}" if emulated else "not emulated by QEMU"


def _limits(limits: Limits) -> str:
    """All of them; what limits nothing is not named."""
    rest = limits.model_dump(exclude={"cpus", "memory_mib"}, exclude_defaults=True)
    named = [name if value is True else f"{name} {value}" for name, value in rest.items()]
    return ", ".join([f"{limits.cpus} CPU", f"{limits.memory_mib} MiB", *named])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items())) or "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)

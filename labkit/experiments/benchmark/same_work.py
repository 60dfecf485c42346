"""Which programs did the same work in two runs, whatever their options were called."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

from labkit.errors import UsageError
from labkit.experiments.benchmark.records import RunManifest
from labkit.guest.workload import Task, digests, parse_task
from labkit.recordings.comparability import Difference


def works(manifest: RunManifest) -> dict[str, str]:
    """Workload as the plan names it → which work it is, of programs that report. Its file's options
    count where this lab has that file; else there are only the words of the plan."""
    return {label: task.work if task else label for label, task in _reporting(manifest).items()}


def option_differences(first: RunManifest, second: RunManifest) -> list[Difference]:
    """Programs that both runs have, with options that only one has: those are in no figure."""
    one, two = _by_program(first), _by_program(second)
    differences = []
    for name in one:
        only_first = {work: task for work, task in one[name].items() if work not in two[name]}
        only_second = {work: task for work, task in two[name].items() if work not in one[name]}
        if only_first and only_second:
            differences.append(_difference(name, only_first, only_second))
    return differences


Tasks = dict[str, Task | None]


def _difference(name: str, one: Tasks, two: Tasks) -> Difference:
    """Where it is one work against another, the options in which they differ; else all of them."""
    (first, *more_first), (second, *more_second) = one.values(), two.values()
    if first is None or second is None or more_first or more_second:
        return Difference(name, _all_of(one), _all_of(two))
    unlike = [key for key, value in first.chosen.items() if second.chosen[key] != value]
    words = [", ".join(f"{key}={task.chosen[key]}" for key in unlike) for task in (first, second)]
    return Difference(name, words[0], words[1])


def _all_of(tasks: Tasks) -> str:
    return ", ".join(work.partition(":")[2] or "its usual ones" for work in tasks)


def _by_program(manifest: RunManifest) -> dict[str, Tasks]:
    """Program's workload → its works."""
    found: dict[str, Tasks] = defaultdict(dict)
    for label, task in _reporting(manifest).items():
        found[label.partition(":")[0]][task.work if task else label] = task
    return found


def _reporting(manifest: RunManifest) -> dict[str, Task | None]:
    """The plan's programs that report; None where this lab's file of that name is another one."""
    found: dict[str, Task | None] = {}
    for label in manifest.plan.workloads:
        with suppress(UsageError):
            task = parse_task(label)
            name = task.workload.name
            if task.workload.program:
                same = manifest.workload_digests.get(name) == digests([name])[name]
                found[label] = task if same else None
    return found

"""The workloads of a run's plan, as far as this lab has them."""

from __future__ import annotations

from contextlib import suppress

from labkit.errors import UsageError
from labkit.experiments.benchmark.records import Run
from labkit.guest.workload import Task, parse_task


def tasks(run: Run) -> list[Task]:
    """In the plan's order. One of somebody else's own is not known here."""
    found = []
    for text in run.manifest.plan.workloads:
        with suppress(UsageError):
            found.append(parse_task(text))
    return found

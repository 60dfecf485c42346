"""What can be chosen for a look into Docker, its plan, and whether a recording fits to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from labkit.errors import UsageError
from labkit.experiments.docker_internals.records import (
    Connection,
    DockerInternalsPlan,
    ProcessRow,
    StartEvent,
)
from labkit.experiments.options import Help, Options
from labkit.recordings.kind import Rows


@dataclass(frozen=True, kw_only=True)
class DockerInternalsOptions(Options):
    """What is looked at."""

    trials: Annotated[int | None, Help("Starts whose events are noted; 10 if not given.", "N")] = (
        None
    )
    killed_daemon: Annotated[
        bool,
        Help(
            "Instead: start a Docker daemon of the lab's own, kill it while a container runs, and "
            "see which processes live on (needs root)."
        ),
    ] = False


TRIALS = 10


def make_plan(options: DockerInternalsOptions) -> DockerInternalsPlan:
    """UsageError for what makes no sense."""
    if options.killed_daemon:
        if options.trials is not None:
            raise UsageError(
                "of a daemon that is killed no events are noted",
                resolution="leave --trials out, or --killed-daemon",
            )
        return DockerInternalsPlan(trials=0, killed_daemon=True)
    trials = TRIALS if options.trials is None else options.trials
    if trials < 1:
        raise UsageError(
            f"{trials} starts have no events", resolution="use 1 or more; 10 if in doubt"
        )
    return DockerInternalsPlan(trials=trials)


def faults(plan: DockerInternalsPlan, rows: Rows) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it): processes and starts that there were not."""
    pids = {
        row.pid
        for table in ("tree", "survivors")
        for row in rows[table]
        if isinstance(row, ProcessRow)
    }
    for row in rows["connections"]:
        if isinstance(row, Connection) and not {row.server, row.client} <= {*pids, None}:
            yield "connections", f"{row.client} → {row.server}: there is no such process"
    for row in rows["events"]:
        if isinstance(row, StartEvent) and not 1 <= row.trial <= plan.trials:
            yield "events", f"the plan has no start {row.trial}"
    unplanned = "tree" if plan.killed_daemon else "survivors"
    if rows[unplanned]:
        yield unplanned, "the plan has no such look"

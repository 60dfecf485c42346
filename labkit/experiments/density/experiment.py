"""Density as an experiment: `labkit density`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from labkit.errors import BackendError, LabError
from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by, planned_by
from labkit.experiments.density import integrity, planning
from labkit.experiments.density.measure import measure
from labkit.experiments.density.planning import DensityOptions
from labkit.experiments.density.records import TABLES, Density, DensityManifest, DensityPlan
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class Densities(Experiment[DensityOptions, DensityPlan, DensityManifest]):
    name = "density"
    help = """Measure how startup and memory change when many instances start.

    \b
    In each block, 1, 2, 4, … instances of each backend start in two ways, in random order:
      one by one  each is requested when the one before is ready
      together    all are requested at the same instant

    \b
    labkit density                                  all that can run and start quickly, up to 8
    labkit density --backends docker,qemu --most 4 --repeats 1     about a minute
    labkit density --most 16 --repeats 10 --json > it.json         narrower intervals
    labkit density --resume data/runs/ID            after Ctrl-C, a kill, a power cut

    Time until all are ready, starts per second, CPU time and memory of each instance come as
    medians with their 95 % interval. A number of instances for which the computer has no room is
    not started, and the reason is recorded. All are requested by one program, whose threads take
    turns: what that takes is part of the startup.
    """
    reference = "density-starts"
    options = DensityOptions
    manifest = DensityManifest
    tables = TABLES

    def plan(self, options: DensityOptions) -> DensityPlan:
        return planning.make_plan(options)

    def describe(self, plan: DensityPlan) -> str:
        return planning.describe(plan)

    def batches(self, plan: DensityPlan) -> int:
        return len(planning.schedule(plan))

    def needs(self, plan: DensityPlan) -> Needs:
        return Needs(planning.able(plan), limits=plan.limits)

    def without(self, plan: DensityPlan, names: Collection[str]) -> DensityPlan:
        kept = tuple(name for name in plan.backends if name not in names)
        return plan.model_copy(update={"backends": kept})

    def measure(self, plan: DensityPlan, session: Session) -> Batches:
        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, DensityManifest)
        return integrity.faults(manifest, rows)

    def text(self, recording: Density) -> str:
        from labkit.experiments.density.text import text

        return text(recording)

    def json(self, recording: Density) -> dict[str, Any]:
        from labkit.experiments.density import stats
        from labkit.recordings.reader import plain_rows

        groups = stats.groups(recording.groups)
        knees = stats.knees(groups)
        return recording.json() | {
            "summary": plain_rows(groups),
            "startups": plain_rows(stats.startups(recording.starts, recording.groups)),
            "speed_up": plain_rows(stats.speed_up(recording.groups)),
            "knees": plain_rows(knees.astype({"knee": object}).where(knees.notna(), None)),
        }

    def charts(self, recording: Density, badge: str) -> Charts:
        from labkit.experiments.density import charts, stats

        table = stats.groups(recording.groups)
        return {} if table.empty else {"density": charts.density(table, badge=badge)}

    def failure(self, recording: Density) -> LabError | None:
        groups = recording.groups
        failed = groups[groups["status"] == "failed"]
        if not (groups["status"] == "ok").any():
            failed = groups
        if failed.empty:
            return None
        reasons = (
            f"block {row.block}, {row.backend}, {row.level} {row.way}: {row.error}"
            for row in failed.itertuples()
        )
        return BackendError("groups of instances could not be started", details="\n".join(reasons))


EXPERIMENT = Densities()
run = measured_by(EXPERIMENT, DensityOptions)
plan = planned_by(EXPERIMENT, DensityOptions)

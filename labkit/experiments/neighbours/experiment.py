"""Noisy neighbours as an experiment: `labkit neighbours`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.errors import BackendError, LabError
from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by, planned_by
from labkit.experiments.neighbours import integrity, placement, planning
from labkit.experiments.neighbours.measure import measure
from labkit.experiments.neighbours.planning import NeighboursOptions
from labkit.experiments.neighbours.records import (
    TABLES,
    Neighbours,
    NeighboursManifest,
    NeighboursPlan,
    NeighbourTrial,
)
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class NoisyNeighbours(Experiment[NeighboursOptions, NeighboursPlan, NeighboursManifest]):
    name = "neighbours"
    help = """Measure how much one instance disturbs another, without limits and with them.

    \b
    The victim is a small web server on one CPU; each of its answers takes a fixed amount of work.
    In each block, the same victim serves three times, in random order:
      alone              without a neighbour
      without limits     a second instance takes what the victim needs:
                         cpu: computes on the same CPU; memory: fills 512 MiB again and again;
                         disk: writes 8 MiB and waits for the disk, again and again
      with limits        the same neighbour, on another CPU, with 256 MiB, with 8 MiB/s

    \b
    labkit neighbours                                all that can run and start quickly
    labkit neighbours --backends docker --kinds cpu  half a minute
    labkit neighbours --blocks 10 --json > it.json   narrower intervals; messages stay on stderr
    labkit neighbours --resume data/runs/ID          after Ctrl-C, a kill, a power cut

    Throughput and tail latency (p95) come as ratios to being alone, with their 95 % interval.
    What cannot be limited here stays empty, with the reason. A host process has no disk limit.
    """
    reference = "neighbours"
    options = NeighboursOptions
    manifest = NeighboursManifest
    tables = TABLES

    def plan(self, options: NeighboursOptions) -> NeighboursPlan:
        return planning.make_plan(options)

    def describe(self, plan: NeighboursPlan) -> str:
        return planning.describe(plan)

    def batches(self, plan: NeighboursPlan) -> int:
        return planning.count(plan, placement.choose())

    def needs(self, plan: NeighboursPlan) -> Needs:
        return Needs(plan.backends, network=True, workloads=("http", *plan.kinds))

    def facts(self, plan: NeighboursPlan, session: Session) -> Mapping[str, Any]:
        return {"cpus_share_core": placement.share_core(placement.choose())}

    def measure(self, plan: NeighboursPlan, session: Session) -> Batches:
        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, NeighboursManifest)
        trials = [row for row in rows["trials"] if isinstance(row, NeighbourTrial)]
        return (("trials", why) for why in integrity.faults(manifest, trials))

    def text(self, recording: Neighbours) -> str:
        from labkit.experiments.neighbours import stats
        from labkit.experiments.neighbours.text import table_text

        trials = recording.trials
        return table_text(stats.neighbours(trials), stats.neighbours_work(trials))

    def json(self, recording: Neighbours) -> dict[str, Any]:
        from labkit.experiments.neighbours import stats
        from labkit.recordings.reader import plain_rows

        return recording.json() | {"ratios": plain_rows(stats.neighbours(recording.trials))}

    def charts(self, recording: Neighbours, badge: str) -> Charts:
        from labkit.experiments.neighbours import charts, stats

        table = stats.neighbours(recording.trials)
        return {
            quantity: charts.neighbours(table, quantity, badge=badge)
            for quantity in ("throughput", "p95")
            if table.loc[table["quantity"] == quantity, "n"].any()
        }

    def failure(self, recording: Neighbours) -> LabError | None:
        trials = recording.trials
        failed = trials[trials["status"] == "failed"]
        if not (trials["status"] == "ok").any():
            failed = trials
        if failed.empty:
            return None
        reasons = (f"trial {row.trial} ({row.backend}): {row.error}" for row in failed.itertuples())
        return BackendError("trials could not be made", details="\n".join(reasons))


EXPERIMENT = NoisyNeighbours()
run = measured_by(EXPERIMENT, NeighboursOptions)
plan = planned_by(EXPERIMENT, NeighboursOptions)

"""The selftest as an experiment: `labkit selftest`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.errors import LabError
from labkit.experiments.base import Batches, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.selftest.plan import SelftestOptions, bare, make_plan, with_floors
from labkit.experiments.selftest.records import (
    TABLES,
    SamplingPair,
    SelftestManifest,
    SelftestPlan,
    SelftestRecording,
    SelftestTrial,
)
from labkit.measure import last_selftest
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class SelftestExperiment(Experiment[SelftestOptions, SelftestPlan, SelftestManifest]):
    name = "selftest"

    help = """Test the lab itself, where the true answer is known. About two minutes.

    \b
    How much of a startup is the lab's own?   overhead trials with and without readings of
                                              meters, and of the smallest possible process
    How often is an interval wrong?           an A/A test, the same backend under two names; its
                                              blocks resampled 100 times, the names at random
    What does sampling cost?                  its share of a CPU, and what a workload loses

    \b
    labkit selftest                           host, docker and qemu
    labkit selftest --backends docker --repeats 30
    labkit selftest --json > selftest.json    one JSON object; messages stay on stderr

    Exit status 1 when a bound is broken. The figures are kept, and stand at the foot of the
    reports of later runs on this computer. Do nothing else on the computer meanwhile.
    """
    reference = None
    options = SelftestOptions
    manifest = SelftestManifest
    tables = TABLES

    def plan(self, options: SelftestOptions) -> SelftestPlan:
        return make_plan(options)

    def batches(self, plan: SelftestPlan) -> int:
        trials = (*plan.overhead.trials.values(), *plan.a_a.trials.values())
        return sum(trials) + len(plan.sampling)

    def needs(self, plan: SelftestPlan) -> Needs:
        names = (*plan.sampling, *map(bare, plan.a_a.backends))
        return Needs(tuple(dict.fromkeys(names)), workloads=plan.a_a.workloads)

    def facts(self, plan: SelftestPlan, session: Session) -> Mapping[str, Any]:
        """The smallest processes are no backends of the lab's table, but in this one's tables."""
        known = with_floors(session.backends)
        infos = {name: backend.info(session.image) for name, backend in known.items()}
        return {"backends": infos}

    def measure(self, plan: SelftestPlan, session: Session) -> Batches:
        from labkit.experiments.selftest.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, SelftestManifest)
        plan = manifest.plan
        for row in rows["trials"]:
            if isinstance(row, SelftestTrial):
                names = {bare(name) for name in getattr(plan, row.part).backends}
                if row.backend not in names:
                    yield "trials", f"{row.part}: the plan has no {row.backend!r}"
        for pair in rows["sampling"]:
            if isinstance(pair, SamplingPair) and not 1 <= pair.pair <= plan.pairs:
                yield "sampling", f"{pair.backend}: the plan has no pair {pair.pair}"

    def finished(self, recording: SelftestRecording) -> None:
        from labkit.experiments.selftest.stats import summary

        last_selftest.save(summary(recording))

    def text(self, recording: SelftestRecording) -> str:
        from labkit.experiments.selftest.stats import summary
        from labkit.experiments.selftest.text import report_text

        return report_text(summary(recording))

    def json(self, recording: SelftestRecording) -> dict[str, Any]:
        """The tables, and the figures beside them."""
        from labkit.experiments.selftest.stats import summary

        return {**recording.json(), "selftest": summary(recording).model_dump(mode="json")}

    def failure(self, recording: SelftestRecording) -> LabError | None:
        from labkit.experiments.selftest.stats import summary

        violations = summary(recording).violations
        if not violations:
            return None
        return LabError(
            "the selftest is out of its bounds",
            details="\n".join(violations),
            resolution="repeat it while nothing else runs (labkit selftest --repeats 30); where it "
            "stays so, read differences of that size as the lab's own",
        )


EXPERIMENT = SelftestExperiment()
run = measured_by(EXPERIMENT, SelftestOptions)

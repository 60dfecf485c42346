"""What an orchestrator adds, as an experiment: `labkit orchestration`."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.options import require_within
from labkit.experiments.orchestration.records import (
    TABLES,
    Orchestration,
    OrchestrationManifest,
    OrchestrationOptions,
    OrchestrationPlan,
    Outcome,
    PodMoment,
)
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class OrchestrationExperiment(
    Experiment[OrchestrationOptions, OrchestrationPlan, OrchestrationManifest]
):
    name = "orchestration"
    help = """From one container to many: what Kubernetes adds, on your cluster, measured.

    \b
    heal:    a pod is deleted; how long until another one answers in its place
    scale:   one pod becomes many; when the last one answers
    rollout: all pods are replaced while they are asked without a break, by pods that end as soon
             as they are told to (abrupt), and by pods that serve on for a moment (patient): how
             many requests are lost

    All of it is in namespaces of the lab's own, which are removed. Times are of this computer's
    clock, as the words arrive by a watch: Kubernetes' own have steps of a second.
    """
    reference = "orchestration"
    options = OrchestrationOptions
    manifest = OrchestrationManifest
    tables = TABLES

    def plan(self, options: OrchestrationOptions) -> OrchestrationPlan:
        require_within("repeats", options.repeats, 1, 50)
        require_within("replicas", options.replicas, 2, 100)
        return OrchestrationPlan(repeats=options.repeats, replicas=options.replicas)

    def batches(self, plan: OrchestrationPlan) -> int:
        from labkit.experiments.orchestration.records import PARTS

        return len(PARTS) * plan.repeats

    def needs(self, plan: OrchestrationPlan) -> Needs:
        return Needs(("kubernetes",))

    def measure(self, plan: OrchestrationPlan, session: Session) -> Batches:
        from labkit.experiments.orchestration.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, OrchestrationManifest)
        for name, table in rows.items():
            for row in table:
                if isinstance(row, PodMoment | Outcome) and row.trial > manifest.plan.repeats:
                    yield name, f"the plan has no repetition {row.trial}"

    def text(self, recording: Orchestration) -> str:
        from labkit.experiments.orchestration.text import text

        return text(recording)

    def charts(self, recording: Orchestration, badge: str) -> Charts:
        from labkit.experiments.orchestration import charts, stats

        if recording.outcomes.empty:
            return {}
        return {"outcomes": charts.outcomes(stats.outcomes(recording.outcomes), badge=badge)}


EXPERIMENT = OrchestrationExperiment()
run = measured_by(EXPERIMENT, OrchestrationOptions)

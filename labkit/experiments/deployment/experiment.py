"""Deployments as an experiment: `labkit deployment`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.deployment.records import (
    TABLES,
    DeploymentManifest,
    DeploymentOptions,
    DeploymentPlan,
    Deployments,
    DeploymentStep,
)
from labkit.experiments.options import require_within
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest

MOST, METHODS = 50, 3


class DeploymentExperiment(Experiment[DeploymentOptions, DeploymentPlan, DeploymentManifest]):
    name = "deployment"
    help = """Put the same small web app into service by three methods, and count what each asks.

    \b
    As a virtual machine (QEMU), as a container made by hand, and by code alone (paas deploy).
    Every step is really done and timed; steps, lines and bytes are counted from the files that
    you would have to write or bring. Takes about half a minute; nothing of it stays.

    \b
    labkit deployment --repeats 5 --chart deployment.svg
    labkit deployment --recorded               what comes with the lab
    """
    reference = "deployment"
    options = DeploymentOptions
    manifest = DeploymentManifest
    tables = TABLES

    def plan(self, options: DeploymentOptions) -> DeploymentPlan:
        require_within("repeats", options.repeats, 1, MOST)
        return DeploymentPlan(repeats=options.repeats)

    def batches(self, plan: DeploymentPlan) -> int:
        return METHODS * plan.repeats

    def needs(self, plan: DeploymentPlan) -> Needs:
        """Docker is not prepared: to load the base image is a step of a method."""
        return Needs(("qemu",), network=True)

    def facts(self, plan: DeploymentPlan, session: Session) -> Mapping[str, Any]:
        from labkit.backends.table import make_backend
        from labkit.measure.session import require

        docker = make_backend("docker")
        require("docker", docker)
        return {"versions": {"docker": docker.version()}}

    def measure(self, plan: DeploymentPlan, session: Session) -> Batches:
        from labkit.experiments.deployment.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, DeploymentManifest)
        for row in rows["steps"]:
            if isinstance(row, DeploymentStep) and not 1 <= row.trial <= manifest.plan.repeats:
                yield "steps", f"the plan has no repetition {row.trial}"

    def text(self, recording: Deployments) -> str:
        from labkit.experiments.deployment.text import text

        return text(recording)

    def charts(self, recording: Deployments, badge: str) -> Charts:
        from labkit.experiments.deployment import charts, stats
        from labkit.experiments.deployment.responsibilities import who_manages

        drawn = {}
        if not recording.steps.empty:
            table = stats.deployments(recording.steps)
            drawn["deployments"] = charts.deployments(table, badge=badge)
        return drawn | {"responsibilities": charts.responsibilities(who_manages())}


EXPERIMENT = DeploymentExperiment()
run = measured_by(EXPERIMENT, DeploymentOptions)

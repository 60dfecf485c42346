"""Inside Docker as an experiment: `labkit docker-internals`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.docker_internals.plan import DockerInternalsOptions, faults, make_plan
from labkit.experiments.docker_internals.records import (
    TABLES,
    DockerInternals,
    DockerInternalsManifest,
    DockerInternalsPlan,
)
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class DockerInternalsExperiment(
    Experiment[DockerInternalsOptions, DockerInternalsPlan, DockerInternalsManifest]
):
    name = "docker-internals"
    help = """Look into Docker while `docker run` runs the lab's program.

    \b
    Which processes are there, who started whom, and what each holds in memory (PSS)?
    Who asks whom, over which Unix socket? (needs root, and ss of the package iproute2)
    When a container starts, which event of dockerd and containerd comes when?

    \b
    labkit docker-internals                  half a minute
    labkit docker-internals --trials 20 --chart docker.svg
    labkit docker-internals --killed-daemon  what lives on when a daemon is killed?
    labkit docker-internals --recorded       what comes with the lab

    What each component adds to a start is another question: labkit run --profile engine-parts
    """
    reference = "docker-internals"
    options = DockerInternalsOptions
    manifest = DockerInternalsManifest
    tables = TABLES

    def plan(self, options: DockerInternalsOptions) -> DockerInternalsPlan:
        return make_plan(options)

    def batches(self, plan: DockerInternalsPlan) -> int:
        return 1 if plan.killed_daemon else 2

    def needs(self, plan: DockerInternalsPlan) -> Needs:
        """The daemon that is killed is none of the computer's, and asks nothing of those."""
        return Needs(()) if plan.killed_daemon else Needs(("docker-cli",))

    def facts(self, plan: DockerInternalsPlan, session: Session) -> Mapping[str, Any]:
        from labkit.backends.docker import own_daemon

        return {"versions": own_daemon.versions()} if plan.killed_daemon else {}

    def measure(self, plan: DockerInternalsPlan, session: Session) -> Batches:
        from labkit.experiments.docker_internals.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, DockerInternalsManifest)
        return faults(manifest.plan, rows)

    def text(self, recording: DockerInternals) -> str:
        from labkit.experiments.docker_internals.text import text

        return text(recording)

    def charts(self, recording: DockerInternals, badge: str) -> Charts:
        from labkit.experiments.docker_internals import charts, stats

        tree, events = stats.processes(recording), stats.start_events(recording.events)
        drawn = {}
        if not tree.empty:
            drawn["tree"] = charts.process_tree(tree, recording.connections, badge=badge)
        if not events.empty:
            drawn["events"] = charts.start_events(events, badge=badge)
        return drawn


EXPERIMENT = DockerInternalsExperiment()
run = measured_by(EXPERIMENT, DockerInternalsOptions)

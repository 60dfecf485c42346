"""Isolation as an experiment: `labkit isolation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.backends.table import DEFAULT, make_backend
from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.isolation import integrity
from labkit.experiments.isolation.measure import measure
from labkit.experiments.isolation.plan import IsolationOptions, make_plan
from labkit.experiments.isolation.records import (
    TABLES,
    IsolationManifest,
    IsolationPlan,
    IsolationRecording,
)
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class Isolation(Experiment[IsolationOptions, IsolationPlan, IsolationManifest]):
    name = "isolation"
    help = """Ask behind each boundary what an instance sees of the computer, and what it may do.

    \b
    host's      the same object of the same kernel as the bare process's: shared
    own         another one; nothing of the host's is seen
    allowed     tried, and done; >host: it acts on the host, >own: on what is its own
    refused     tried, and refused, with the error's name from errno(3)
    not tried   it would change the host itself

    \b
    labkit isolation                                host, docker, qemu: half a minute
    labkit isolation --backends engine-parts              what each part of a container engine hides
    labkit isolation --backends docker,docker:security=default     hardened, and as it comes
    labkit isolation --backends virtualbox --json   one JSON object; messages stay on stderr

    Each is started once. Nothing that is tried changes anything for longer than the attempt;
    nothing that would restart or stop a computer is tried at all.
    """
    reference = "isolation"
    all_failed = "behind no boundary could be asked"
    options = IsolationOptions
    manifest = IsolationManifest
    tables = TABLES

    def plan(self, options: IsolationOptions) -> IsolationPlan:
        return make_plan(options)

    def left_out(self, options: IsolationOptions) -> Mapping[str, str]:
        if options.backends is not None:
            return {}
        missing = {name: make_backend(name).problem() for name in DEFAULT}
        return {
            name: f"{why.reason}\n  what to do: {why.fix}"
            for name, why in missing.items()
            if why is not None
        }

    def batches(self, plan: IsolationPlan) -> int:
        return len(plan.backends)

    def needs(self, plan: IsolationPlan) -> Needs:
        return Needs(plan.backends, lenient=True)

    def measure(self, plan: IsolationPlan, session: Session) -> Batches:
        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        return integrity.faults(rows)

    def text(self, recording: IsolationRecording) -> str:
        from labkit.experiments.isolation.text import table_text

        return table_text(recording)

    def json(self, recording: IsolationRecording) -> dict[str, Any]:
        from labkit.experiments.isolation import stats

        return {**recording.json(), "matrix": stats.matrix(recording.answers).to_dict("records")}

    def charts(self, recording: IsolationRecording, badge: str) -> Charts:
        from labkit.experiments.isolation import charts, stats

        table = stats.matrix(recording.answers)
        return {} if table.empty else {"matrix": charts.matrix(table, badge=badge)}


EXPERIMENT = Isolation()
run = measured_by(EXPERIMENT, IsolationOptions)

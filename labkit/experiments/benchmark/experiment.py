"""The benchmark as an experiment: `labkit run`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.errors import BackendError, LabError
from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.benchmark import integrity
from labkit.experiments.benchmark.options import RunOptions
from labkit.experiments.benchmark.records import KERNEL, TABLES, Run, RunManifest, examined
from labkit.experiments.calls import measured_by, planned_by
from labkit.guest.workload import parse_task
from labkit.measure.plan import Plan
from labkit.recordings.checked import Checked
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest

if TYPE_CHECKING:
    from labkit.measure.session import Session


class Benchmark(Experiment[RunOptions, Plan, RunManifest]):
    name = "benchmark"
    help = """Run the workloads behind each boundary, interleaved, and compare.

    \b
    labkit run                                    the quick profile on all that can run
    labkit run --backends docker,qemu --repeats 20 --workloads cpu,fork
    labkit run --profile web                      how long until a server answers, how fast then
    labkit run --profile homework                 sysbench, fio, nginx, iperf3; a report to hand in
    labkit run --profile distribution             Debian with systemd: as a machine, as a container
    labkit run --until-precision 0.1              as many blocks as that takes, in 10 minutes
    labkit run --backends docker:image=myapp,qemu:disk=my.qcow2 --ready tcp:22
    labkit run --backends docker:image=./myapp --ready http://:8080/      a folder with a Dockerfile
    labkit run --backends virtualbox:ova=lab.ova --ready console:login:
    labkit run --backends qemu:disk=cloud.qcow2:seed=nocloud --ready tcp:22 --memory-mib 512
    labkit run --sweep cpus=1,2 --sweep memory=256,512
    labkit run --backends qemu --sweep disk=raw,qcow2 --workloads disk
    labkit run --resume data/runs/ID              after Ctrl-C, a kill, a power cut
    labkit run --json > result.json               one JSON object; messages stay on stderr
    LABKIT_GUEST=FOLDER labkit run --workloads NAME       yours: FOLDER/workloads/NAME.sh
                                                  (and programs that it runs: FOLDER/bin/)

    A workload of your own runs a program of Debian's by run_program, where its head names the
    package (# packages: brotli). With # report: lines it defines report SECONDS, which prints
    figures such as "start us 12500". Notebook 09 makes one.
    """
    reference = "first-comparison"
    options = RunOptions
    manifest = RunManifest
    tables = TABLES

    def plan(self, options: RunOptions) -> Plan:
        from labkit.experiments.benchmark import planning

        return planning.make_plan(options)

    def left_out(self, options: RunOptions) -> Mapping[str, str]:
        from labkit.experiments.benchmark import planning

        left_out = planning.left_out(options.backends, options.profile)
        return {
            name: f"{missing.reason}\n  what to do: {missing.fix}"
            for name, missing in left_out.items()
        }

    def without(self, plan: Plan, names: Collection[str]) -> Plan:
        kept = [name for name in plan.backends if name not in names]
        counts = {
            field: {name: n for name, n in getattr(plan, field).items() if name in kept}
            for field in ("trials", "warmups", "instances")
        }
        return plan.model_copy(update={**counts, "backends": tuple(kept)})

    def describe(self, plan: Plan) -> str:
        from labkit.experiments.benchmark import planning

        return planning.describe(plan)

    def batches(self, plan: Plan) -> int:
        return sum(plan.trials.values()) + sum(plan.warmups.values()) + len(plan.instances)

    def needs(self, plan: Plan) -> Needs:
        names = tuple(parse_task(text).workload.name for text in plan.workloads)
        network, packages = plan.limits.network, plan.packages
        return Needs(plan.backends, plan.limits, network, workloads=names, packages=packages)

    def facts(self, plan: Plan, session: Session) -> Mapping[str, Any]:
        return {"versions": {KERNEL: session.image.kernel_version}}

    def measure(self, plan: Plan, session: Session) -> Batches:
        from labkit.experiments.benchmark.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, RunManifest) and isinstance(rows, Checked)
        return integrity.faults(manifest, rows.frames)

    def examined(self, recording: Run) -> Run:
        return examined(recording)

    def text(self, recording: Run) -> str:
        from labkit.experiments.benchmark.text import table_text

        return table_text(recording)

    def json(self, recording: Run) -> dict[str, Any]:
        from labkit.experiments.benchmark.script import run_json

        return run_json(recording)

    def charts(self, recording: Run, badge: str) -> Charts:
        from labkit.experiments.benchmark.figures import charts

        return charts(recording, badge)

    def page(self, recording: Run, badge: str) -> str:
        from labkit.experiments.benchmark.report import html

        return html(recording, badge=badge)

    def in_form(self, recording: Run, form: str, folder: Path, *, source: str = "recorded") -> Path:
        from labkit.experiments.benchmark import homework
        from labkit.notes import badge

        assert form == homework.PROFILE, "the only form that there is"
        return homework.write(recording, folder, badge=badge(recording.manifest, source))

    def finished(self, recording: Run) -> None:
        """A run for a course is handed in: it gets its pages without being asked."""
        if recording.manifest.plan.profile == "homework" and not recording.metrics.empty:
            self.in_form(recording, "homework", recording.path / "homework", source="live")

    def further_pages(self, recording: Run) -> Mapping[str, Path]:
        page = recording.path / "homework/homework.html"
        return {"homework": page} if page.exists() else {}

    def failure(self, recording: Run) -> LabError | None:
        failed = recording.trials[recording.trials["status"] == "failed"]
        if failed.empty:
            return None
        reasons = (f"trial {row.trial} ({row.backend}): {row.error}" for row in failed.itertuples())
        return BackendError(
            "trials failed; no more of their backends were made",
            details="\n".join(reasons),
            resolution="what each of these trials says",
        )


EXPERIMENT = Benchmark()
run = measured_by(EXPERIMENT, RunOptions)
plan = planned_by(EXPERIMENT, RunOptions)

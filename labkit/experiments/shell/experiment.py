"""A script of one's own as an experiment: `labkit shell`, and %%everywhere in a notebook."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.errors import BackendError, LabError
from labkit.experiments.base import Batches, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.shell import integrity
from labkit.experiments.shell.measure import measure
from labkit.experiments.shell.plan import ShellOptions, make_plan
from labkit.experiments.shell.records import TABLES, ShellManifest, ShellPlan, ShellRecording
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class Shell(Experiment[ShellOptions, ShellPlan, ShellManifest]):
    name = "shell"
    help = """Run a shell script behind each boundary: what it prints, how it ends, what it takes.

    \b
    labkit shell --script FILE                      docker and qemu, where they can run
    labkit shell --script FILE --backends docker,docker:network=bridge
    labkit shell --script FILE --backends host      your own computer is named, or spared
    labkit shell --script FILE --packages python3   with programs of Debian's
    labkit shell --recorded                         the scripts of the notebooks

    Only the programs of the lab image are there: busybox, and with --packages Debian's, which
    behind the boundary host need the image's own libraries. This line runs one everywhere alike:
      . "$LAB/program"; run_program python3 -c 'print(1)'
    Each script has an instance of its own.
    In a notebook, a cell that begins with %%everywhere does the same.
    """
    reference = "shell"
    options = ShellOptions
    manifest = ShellManifest
    tables = TABLES

    def plan(self, options: ShellOptions) -> ShellPlan:
        return make_plan(options)

    def batches(self, plan: ShellPlan) -> int:
        return sum(len(question.backends) for question in plan.scripts.values())

    def needs(self, plan: ShellPlan) -> Needs:
        names = [name for question in plan.scripts.values() for name in question.backends]
        return Needs(tuple(dict.fromkeys(names)), lenient=True, packages=plan.packages)

    def measure(self, plan: ShellPlan, session: Session) -> Batches:
        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, ShellManifest)
        return integrity.faults(manifest, rows)

    def text(self, recording: ShellRecording) -> str:
        from labkit.experiments.shell.text import answers_text

        return answers_text(recording)

    def failure(self, recording: ShellRecording) -> LabError | None:
        if recording.ending is None or recording.ending.reason != "failures":
            return None
        errors = (f"{row.backend}: {row.error}" for row in recording.answers.itertuples())
        return BackendError("no script could be run", details="\n".join(errors))


EXPERIMENT = Shell()
run = measured_by(EXPERIMENT, ShellOptions)

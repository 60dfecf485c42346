"""Five published mistakes as an experiment: `labkit mistakes`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from labkit.backends.own.names import NO_AGENT, has_agent
from labkit.backends.table import expand, make_backend
from labkit.errors import UsageError
from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by
from labkit.experiments.mistakes import integrity
from labkit.experiments.mistakes.records import (
    TABLES,
    MistakesManifest,
    MistakesOptions,
    MistakesPlan,
    MistakesRecording,
)
from labkit.experiments.options import require_within
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest
from labkit.recordings.words import MACHINES

USUAL = ("docker", "qemu")


class Mistakes(Experiment[MistakesOptions, MistakesPlan, MistakesManifest]):
    name = "mistakes"
    help = """Make five mistakes of published comparisons on purpose, and put them right.

    \b
    blocks:   fio reads 1 MiB blocks in the machine, 4 KiB in the container
    versions: one program in two versions: an older one in the machine
    late:     CPU use is read when the work has ended
    kernel:   the machine's start by its kernel's clock, the container's whole
    nested:   the container is measured inside the machine

    \b
    labkit mistakes                           docker and qemu, for four minutes
    labkit mistakes --repeats 1               a look
    labkit mistakes --json > mistakes.json    messages stay on stderr
    labkit mistakes --recorded                those that chapter 13 shows

    Each figure is measured the wrong way and the right one in the same start; the container's is
    divided by the machine's in pairs of the same repeat.
    """
    reference = "mistakes"
    all_failed = "nothing could be measured"
    options = MistakesOptions
    manifest = MistakesManifest
    tables = TABLES

    def plan(self, options: MistakesOptions) -> MistakesPlan:
        from labkit.measure.room import check_scratch

        require_within("repeats", options.repeats, 1, 50)
        require_within("seconds", options.seconds, 0.2, 10)
        names = tuple(expand(USUAL if options.backends is None else options.backends))
        _check_sides(names)
        check_scratch(names, ["fio"])
        drawn = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
        return MistakesPlan(
            backends=names, repeats=options.repeats, seconds=options.seconds, seed=drawn
        )

    def describe(self, plan: MistakesPlan) -> str:
        times = "once" if plan.repeats == 1 else f"{plan.repeats} times"
        return f"{', '.join(plan.backends)}: each is started {times}"

    def batches(self, plan: MistakesPlan) -> int:
        return plan.repeats * len(plan.backends)

    def needs(self, plan: MistakesPlan) -> Needs:
        from labkit.experiments.mistakes.measure import LIMITS
        from labkit.experiments.mistakes.ways import PACKAGES

        return Needs(plan.backends, LIMITS, workloads=("cpu", "fio"), packages=PACKAGES)

    def measure(self, plan: MistakesPlan, session: Session) -> Batches:
        from labkit.experiments.mistakes.measure import measure

        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, MistakesManifest)
        return (("figures", why) for why in integrity.faults(manifest, rows["figures"]))

    def text(self, recording: MistakesRecording) -> str:
        from labkit.experiments.mistakes.text import text

        return text(recording)

    def json(self, recording: MistakesRecording) -> dict[str, Any]:
        from labkit.experiments.mistakes import stats
        from labkit.recordings.reader import plain_rows

        return recording.json() | {"ratios": plain_rows(stats.ratios(recording.figures))}

    def charts(self, recording: MistakesRecording, badge: str) -> Charts:
        from labkit.experiments.mistakes import charts, stats

        table = stats.ratios(recording.figures)
        return {} if table.empty else {"ratios": charts.ratios(table, badge=badge)}


def _check_sides(names: tuple[str, ...]) -> None:
    if foreign := [name for name in names if not has_agent(name)]:
        raise UsageError(
            f"{', '.join(foreign)} cannot be compared here",
            details=NO_AGENT,
            resolution="name backends that start the lab image: docker,qemu",
        )
    families = [make_backend(name).family for name in names]
    machines = [family for family in families if family in MACHINES]
    if families.count("container") != 1 or len(machines) != len(families) - 1 or not machines:
        raise UsageError(
            f"{', '.join(names)} cannot be compared here",
            details="a ratio has a container and a machine",
            resolution="name one that makes containers, and one or more machines: docker,qemu",
        )


EXPERIMENT = Mistakes()
run = measured_by(EXPERIMENT, MistakesOptions)

"""Runs of programs that report, with real reports and made-up factors between backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labkit.guest.programs import metrics_of
from labkit.guest.workload import digests, parse_task
from labkit.measure.records import ProgramMetric, Report, Result
from labkit.record import Record
from tests.unit.charts.made_up import MadeUpRun, frame
from tests.unit.programs.samples import AB, FIO, SAMPLES

WORKLOADS: Mapping[str, str] = {"fio:rw=read": FIO, "nginx": AB, "python": SAMPLES["lines"]}
SLOWER = {"host": 1.0, "docker": 2.0, "qemu": 4.0}


def with_programs(
    made: MadeUpRun, workloads: Mapping[str, str] = WORKLOADS, times: float = 1.0
) -> MadeUpRun:
    """The same run, in which these programs (as a plan names them → report) were so many times
    slower than they said, besides SLOWER."""
    rows: list[ProgramMetric] = []
    reports: list[Report] = []
    for trial in made.trials.itertuples():
        number, name = int(str(trial.trial)), str(trial.backend)
        place = {"trial": number, "backend": name}
        for workload, text in workloads.items():
            program = parse_task(workload).workload.program
            reports.append(Report(**place, workload=workload, program=program, text=text))
            for metric, unit, value in metrics_of(program, text):
                slower = SLOWER[name] * (1 + number / 1000) * times
                value = value * slower if unit == "us" else value / slower
                figures = {"metric": metric, "unit": unit, "value": value}
                rows.append(ProgramMetric(**place, workload=workload, **figures))
    made.metrics = frame(ProgramMetric, list[Record](rows))
    made.reports = frame(Report, list[Record](reports))
    plan = made.manifest.plan.model_copy(update={"workloads": tuple(workloads)})
    changes = {"plan": plan, "workload_digests": digests(workloads)}
    made.manifest = made.manifest.model_copy(update=changes)
    return made


def with_clocks(run: MadeUpRun, off: Callable[[int, str], bool]) -> MadeUpRun:
    """With results of each report, and the guest's clock off in those trials and workloads."""
    run.results = frame(
        Result,
        [
            Result(
                trial=int(str(row.trial)),
                backend=str(row.backend),
                workload=str(row.workload),
                unit="",
                ops=None,
                seconds=1.0,
                ops_per_s=None,
                guest_seconds=1.4 if off(int(str(row.trial)), str(row.workload)) else 1.0,
            )
            for row in run.reports.itertuples()
        ],
    )
    return run


def trials_of(run: MadeUpRun, backend: str) -> list[int]:
    return [int(str(row.trial)) for row in run.trials.itertuples() if row.backend == backend]

"""One workload that is a program which reports: run inside, or asked by a client from here."""

from __future__ import annotations

from pathlib import Path

from labkit.backends.instance import Instance
from labkit.guest.programs import metrics_of
from labkit.guest.protocol import Request
from labkit.guest.workload import Task
from labkit.measure.clients import Client
from labkit.measure.records import ProgramMetric, Report


class ProgramWork:
    """Its request, what is done at its begin line, and its report after its end line."""

    def __init__(self, instance: Instance, task: Task, seconds: float, rootfs: Path) -> None:
        self._instance = instance
        self._task = task
        self._seconds = seconds
        self._client = None
        if task.workload.client:
            self._client = Client(task, instance, rootfs, seconds)

    def request(self) -> Request:
        return self._client.request() if self._client else self._task.request(self._seconds)

    def ask(self) -> None:
        if self._client:
            self._client()

    def read(self, trial: int, backend: str) -> Report:
        """BackendError where the client has failed."""
        text = self._client.report() if self._client else self._instance.report()
        return Report(
            trial=trial,
            backend=backend,
            workload=self._task.label,
            program=self._task.workload.program,
            text=text,
        )


def metrics(report: Report) -> list[ProgramMetric]:
    """BackendError for a report that makes no sense."""
    return [
        ProgramMetric(
            trial=report.trial,
            backend=report.backend,
            workload=report.workload,
            metric=name,
            unit=unit,
            value=value,
        )
        for name, unit, value in metrics_of(report.program, report.text)
    ]

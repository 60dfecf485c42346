"""What happens while an instance's server serves: the first answer, each load, the end."""

from __future__ import annotations

from dataclasses import replace

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Request
from labkit.guest.workload import Task
from labkit.measure.records import Requests
from labkit.measure.web.client import answers, end_server, wait_for_answer
from labkit.measure.web.load import Load, closed_loop, percentile

CONNECTIONS = (1, 4)
LONGEST_LOAD_S = 5.0
# The server ends by itself then, should nobody tell it to.
SERVE_S = 240.0


class Visit:
    """Asks the server of one workload, from its begin line on."""

    def __init__(self, instance: Instance, task: Task, seconds: float, timeline: Timeline) -> None:
        if instance.port is None:
            raise BackendError(f"no port leads to the server of the workload {task.workload.name}")
        self._port = instance.port
        self._require_running = instance.require_running
        self._task = task
        self._load_s = min(seconds / len(CONNECTIONS), LONGEST_LOAD_S)
        self._timeline = timeline
        self._loads: list[Load] = []

    def request(self) -> Request:
        return replace(self._task.request(SERVE_S), due_s=0)  # when this visit is over

    def __call__(self) -> None:
        """The loads share the workload's seconds; the wait for the first answer comes before."""
        clock = self._timeline.clock
        first = wait_for_answer(self._port, clock, self._require_running)
        self._timeline.mark("first_response", first)
        for connections in CONNECTIONS:
            load = closed_loop(self._ask, clock, connections=connections, seconds=self._load_s)
            self._loads.append(load)
        end_server(self._port)

    def records(self, trial: int, backend: str) -> list[Requests]:
        return [self._record(load, trial, backend) for load in self._loads]

    def _ask(self) -> bool:
        return answers(self._port)

    def _record(self, load: Load, trial: int, backend: str) -> Requests:
        return Requests(
            trial=trial,
            backend=backend,
            workload=self._task.workload.name,
            connections=load.connections,
            requests=len(load.latencies),
            errors=load.errors,
            seconds=load.seconds,
            requests_per_s=len(load.latencies) / load.seconds,
            p50_s=percentile(load.latencies, 0.5),
            p95_s=percentile(load.latencies, 0.95),
            p99_s=percentile(load.latencies, 0.99),
            client_cpu_s=load.client_cpu_s,
        )

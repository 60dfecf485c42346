"""The rows of a run's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from labkit.record import Record
from labkit.recordings.words import Engine, Family, Role, Stage, StartKind


class Trial(Record):
    """One start of one backend, to its stop. `disturbed`: the lab or the computer stood still
    meanwhile, or its clock was set (system/interruptions.py); older runs do not tell."""

    trial: int
    block: int
    stage: Stage
    backend: str
    family: Family
    engine: Engine
    start: StartKind
    status: Literal["ok", "failed", "disturbed"]
    requested_at: str
    startup_s: float | None
    load_1m: float | None
    memory_available_bytes: int | None
    cpu_mhz: float | None
    steal_share: float | None
    error: str | None
    held_memory_bytes: int | None = None
    held_cpus: float | None = None
    stopped_s: float | None = None
    suspended_s: float | None = None
    clock_step_s: float | None = None


class Milestone(Record):
    """A named moment; at_s counts from `requested` on the host's monotonic clock."""

    trial: int
    backend: str
    milestone: str
    at_s: float


class Result(Record):
    """What a workload did between the arrival of its begin and end lines at the host.

    ops counts units (such as MiB); ops and ops_per_s are None for a workload that only holds.
    """

    trial: int
    backend: str
    workload: str
    unit: str
    ops: float | None
    seconds: float
    ops_per_s: float | None
    guest_seconds: float | None


class Sample(Record):
    """One reading of one meter. CPU times are cumulative; moment is empty for a periodic reading.

    cpu_s, cgroup_cpu_s and schedstat_s are the same quantity from three sources.
    """

    trial: int
    backend: str
    meter: str
    role: Role
    at_s: float
    moment: str | None
    processes: int | None
    cpu_s: float | None
    rss_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    cgroup_bytes: int | None
    cgroup_peak_bytes: int | None = None
    guest_used_bytes: int | None = None
    host_available_bytes: int | None = None
    cgroup_cpu_s: float | None = None
    schedstat_s: float | None = None
    daemon_bytes: int | None = None
    daemon_cpu_s: float | None = None


class InstanceReading(Record):
    """One reading of one meter while `running` instances of a backend run at once.

    instance: whose meter it is, in the order of the starts; None for what they share. error: why
    there are no more readings of this backend; such a row has no figures.
    """

    backend: str
    running: int
    instance: int | None
    meter: str
    role: Role
    at_s: float
    processes: int | None
    cpu_s: float | None
    rss_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    cgroup_bytes: int | None
    host_available_bytes: int | None
    error: str | None


class Requests(Record):
    """How a server answered clients that each send a request when the one before is answered.

    Each request is a connection of its own. A percentile is None where there are too few requests
    for it; client_cpu_s is what the asking side spent itself.
    """

    trial: int
    backend: str
    workload: str
    connections: int
    requests: int
    errors: int
    seconds: float
    requests_per_s: float
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    client_cpu_s: float


class ProgramMetric(Record):
    """One figure of what a program has reported of itself in one trial.

    workload: with its settings, such as "fio:rw=read". unit: "1/s", "B/s", "us", "count" or
    "percent"; of us (microseconds) less is better.
    """

    trial: int
    backend: str
    workload: str
    metric: str
    unit: str
    value: float


class Report(Record):
    """What a program has printed, as it was: its metrics are made of this."""

    trial: int
    backend: str
    workload: str
    program: str
    text: str


@dataclass(frozen=True)
class TrialRecords:
    """All that one trial leaves behind."""

    trial: Trial
    milestones: Sequence[Milestone] = ()
    results: Sequence[Result] = ()
    samples: Sequence[Sample] = ()
    requests: Sequence[Requests] = ()
    metrics: Sequence[ProgramMetric] = ()
    reports: Sequence[Report] = ()
    # What could not be read → why.
    unread: Mapping[str, str] = field(default_factory=dict)

    def rows(self) -> Mapping[str, Sequence[Record]]:
        """Table → its rows."""
        return {
            "trials": [self.trial],
            "milestones": self.milestones,
            "results": self.results,
            "samples": self.samples,
            "requests": self.requests,
            "metrics": self.metrics,
            "reports": self.reports,
        }

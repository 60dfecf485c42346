"""The rows of a run's tables."""

from __future__ import annotations

from typing import Literal

from labkit.records.base import Engine, Family, Record, Role, Stage, StartKind


class Trial(Record):
    """One start of one backend, to its stop."""

    trial: int
    block: int
    stage: Stage
    backend: str
    family: Family
    engine: Engine
    start: StartKind
    status: Literal["ok", "failed"]
    requested_at: str
    startup_s: float | None
    load_1m: float | None
    memory_available_bytes: int | None
    cpu_mhz: float | None
    steal_share: float | None
    error: str | None


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

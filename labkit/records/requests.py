"""How servers answered, and what it took a user to put one into service."""

from __future__ import annotations

from typing import Literal

from labkit.records.base import Engine, Record

# Who leaves what to the user: see labkit/paas/layers.py.
Model = Literal["IaaS", "containers", "PaaS"]


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


class DeploymentStep(Record):
    """What a user does on one of the ways that put an app into service, and supplies for it.

    lines are those of the text files that the user writes in this step; bytes add what the user
    brings along. seconds are the computer's, not the user's.
    """

    trial: int
    way: str
    model: Model
    engine: Engine
    step: int
    title: str
    files: int
    lines: int
    bytes: int
    seconds: float

"""What is written down: frozen records, units in the field names.

A run is a manifest (plan, host facts, image digest) and tidy tables, one row for each trial,
milestone, result, load of requests and sample; one more where several instances ran at once. What
could not be read is None, never zero.
data/README.md explains each column to a reader; a test holds it to this file.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

SCHEMA_VERSION = 2

Family = Literal["baseline", "host-virtualization", "hypervisor", "container"]
Engine = Literal["native", "kvm", "hvf", "tcg", "vbox-hm", "vbox-recompiler"]

# A cold start boots or begins from nothing; a resumed one continues from a saved state.
StartKind = Literal["cold", "resumed"]

# A warm-up fills caches before the first block and enters no figure.
Stage = Literal["warmup", "measured"]

# The moments of an instance's life, in order. `kernel` exists for guests only.
MILESTONES = (
    "requested",
    "created",
    "started",
    "kernel",
    "ready",
    "first_response",
    "first_result",
    "stop_requested",
    "stopped",
)

# Whose resources a meter reads: the instance itself (its processes, or the process that is the
# virtual machine), a helper that exists once for each instance (containerd-shim), services that
# all instances share (dockerd, containerd), or the whole computer, with all that runs on it.
Role = Literal["instance", "helper", "services", "host"]


# Who leaves what to the user: see labkit/paas/layers.py.
Model = Literal["IaaS", "containers", "PaaS"]


class Record(BaseModel):
    """A frozen record; unknown fields are an error, and so is what is no number (NaN)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limits(Record):
    """What each instance may use, the same for all backends."""

    cpus: int = Field(default=1, ge=1)
    memory_mib: int = Field(default=256, ge=64)
    # Whether an instance has a network, on which one of its ports is reached from this computer.
    network: bool = False


class Plan(Record):
    """What a run does: blocks of one trial of each backend, in seeded random order."""

    backends: tuple[str, ...]
    workloads: tuple[str, ...]
    # Backend → trials; a backend with fewer than others is left out of the later blocks.
    trials: dict[str, int]
    # Backend → starts before the first block, without workloads; they enter no figure.
    warmups: dict[str, int] = {}
    # Blocks are added until the interval of each ratio is narrower than this part of the ratio,
    # or the run has taken budget_s seconds.
    until_precision: float | None = Field(default=None, gt=0, lt=10)
    budget_s: float | None = Field(default=None, gt=0)
    seconds: float = Field(gt=0, le=3600)
    seed: int = 0
    profile: str = "quick"
    limits: Limits = Limits()
    # Backend → how many instances are started after the blocks, one after another, to run at
    # once; a backend that cannot or would take too long is not in it.
    instances: dict[str, int] = {}


class Host(Record):
    """Facts about the computer that the run was made on."""

    system: str
    kernel: str
    distribution: str
    machine: str
    cpu_model: str
    cpus: int
    memory_bytes: int
    hypervisor: bool | None
    cgroup_version: int | None
    python: str
    load_1m: float | None


class BackendInfo(Record):
    """Which program a backend used, and what executed the instance's instructions.

    cannot: what this backend leaves out (a workload, or "resumed start") → why.
    """

    family: Family
    engine: Engine
    version: str
    start: StartKind = "cold"
    cannot: dict[str, str] = {}


class Estimate(Record):
    """A median with its 95 % interval, of n values."""

    n: int
    median: float | None = None
    low: float | None = None
    high: float | None = None


class Floor(Record):
    """The startup of the smallest possible process: what the lab adds to any startup."""

    stream: Literal["pipe", "socket"]
    spawn_to_line_s: Estimate


class NullTrials(Record):
    """Trials of one backend that start, get ready and stop. The lab's own costs in them."""

    backend: str
    startup_s: Estimate
    sampler_adds_s: Estimate
    lab_cpu_s: Estimate
    lab_cpu_share: Estimate


class Replays(Record):
    """Replays of `blocks` blocks: how many of their intervals said that there is a difference,
    and how many of them may, by the binomial distribution."""

    blocks: int
    replays: int
    alarms: int
    least: int
    most: int


class SameTwice(Record):
    """One backend under two names. false_alarms: where no difference is, by construction;
    found: where one of `effect` was put in."""

    backend: str
    quantity: Literal["startup", "cpu"]
    ratio: Estimate
    sign_test_p: float
    false_alarms: tuple[Replays, ...]
    effect: float
    found: Replays


class SamplerCost(Record):
    """What sampling takes from the host, and from the workload `cpu`."""

    backend: str
    cpu_share: Estimate
    throughput_ratio: Estimate


class Selftest(Record):
    """The last selftest on the same computer: how far the lab itself is in its figures."""

    created_at: str
    labkit_version: str
    host: Host
    seed: int
    floor: tuple[Floor, ...]
    null_trials: tuple[NullTrials, ...]
    same_twice: tuple[SameTwice, ...]
    sampler: tuple[SamplerCost, ...]
    # What is out of its bounds, in words; nothing where all is well.
    violations: tuple[str, ...]


class Manifest(Record):
    """The first file of a run folder."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    created_at: str
    labkit_version: str
    plan: Plan
    host: Host
    image_digest: str
    # Workload → SHA-256 of its file: the same name may do other work in another version.
    workload_digests: dict[str, str]
    backends: dict[str, BackendInfo]
    selftest: Selftest | None = None


# Why a run has no more trials.
Reason = Literal["plan", "precision", "time budget", "failures"]


class Ending(Record):
    """The last file of a run folder: why no more trials were made, how many there are, and what
    the other files hold, so that whatever changes them later is noticed."""

    ended_at: str
    reason: Reason
    trials: int
    # File of the run → SHA-256 of its content.
    digests: dict[str, str]


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


class About(Record):
    """When and on which computer something was recorded that is no run, such as a tree of
    processes. digests: file → SHA-256 of its content, so that a later change is noticed."""

    created_at: str
    labkit_version: str
    host: Host
    # Name → version, of the programs behind it.
    versions: dict[str, str]
    digests: dict[str, str]


class ProcessRow(Record):
    """One process of a container engine while a container runs; parents come first.

    listens: addresses of the Unix sockets at which it waits for others.
    """

    pid: int
    parent: int
    name: str
    role: str
    depth: int
    rss_bytes: int | None
    pss_bytes: int | None
    listens: tuple[str, ...]

    @field_validator("listens", mode="before")
    @classmethod
    def _from_a_cell(cls, value: object) -> object:
        """In a table, the addresses stand in one cell, with spaces between."""
        return tuple(value.split()) if isinstance(value, str) else value


class Survivor(ProcessRow):
    """A process before the daemon is killed, and whether it is there after that, too."""

    survives: bool


class Joint(Record):
    """Connections of one process to another over a Unix socket; client is None where the asking
    end is not in the tree or could not be read."""

    client: int | None
    server: int
    address: str
    connections: int


class StartEvent(Record):
    """A moment of a container's start, as the engine or the lab has noted it; at_s counts from
    the request on the host's wall clock."""

    trial: int
    backend: str
    source: Literal["lab", "dockerd", "containerd"]
    event: str
    at_s: float


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

"""Ready-made choices for a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.backends.table import DEFAULT, GROUPS


@dataclass(frozen=True)
class Profile:
    """Ready-made choices for a run."""

    workloads: tuple[str, ...]
    repeats: int
    seconds: float
    # A slow backend makes fewer trials, at least one, so that its part stays within this.
    budget_s: float
    # Of each backend that makes all of its trials.
    warmups: int = 1
    # Which, unless they are named; of these, what can run.
    backends: tuple[str, ...] = DEFAULT
    # So many at once, after the blocks; 1 is none.
    instances: int = 1
    memory_mib: int = 256
    # Whether a backend that interprets each instruction takes part without being named.
    patient: bool = True


PROFILES: Mapping[str, Profile] = {
    "quick": Profile(("cpu", "idle"), repeats=5, seconds=1.0, budget_s=90),
    # What the recorded runs in data/reference are made with.
    "reference": Profile(
        ("cpu", "syscall", "fork", "idle"), repeats=10, seconds=1.0, budget_s=152, instances=4
    ),
    "full": Profile(
        ("cpu", "syscall", "fork", "memory", "disk", "idle", "ballast:mib=64"),
        repeats=10,
        seconds=2.0,
        budget_s=1200,
        instances=4,
    ),
    # A server on every backend; one load a connection count, half of the seconds each.
    "web": Profile(("http",), repeats=10, seconds=2.0, budget_s=120),
    # What each component of a container engine adds to a start: many short trials.
    "engine-parts": Profile(
        ("idle",), repeats=20, seconds=0.2, budget_s=120, backends=GROUPS["engine-parts"]
    ),
    # Every way from a bare process to a machine.
    "spectrum": Profile(
        ("syscall", "cpu", "idle"),
        repeats=10,
        seconds=0.5,
        budget_s=152,
        backends=GROUPS["spectrum"],
    ),
    # What a course's homework asks for: real programs, five times, with equal options.
    "homework": Profile(
        (
            "sysbench",
            "sysbench:test=memory",
            "fio:rw=randread",
            "fio:rw=randwrite",
            "fio:rw=read:bs=1m",
            "fio:rw=write:bs=1m",
            "fio:rw=randread:direct=0:cache=warm",
            "nginx",
            # One request after another on one connection: a round trip to the program.
            "nginx:connections=1:keepalive=1",
            "iperf3",
        ),
        repeats=5,
        seconds=3.0,
        budget_s=900,
        backends=("host", "docker", "qemu", "virtualbox"),
        memory_mib=512,
        patient=False,
    ),
    # One installed Debian until its login: as a machine, and as containers.
    "distribution": Profile(
        ("idle",),
        repeats=5,
        seconds=3.0,
        budget_s=330,
        backends=(
            *("docker:distribution=plain", "docker:distribution=booted"),
            *("nspawn:distribution=booted", "qemu:distribution=booted"),
            "virtualbox:distribution=booted",
        ),
        memory_mib=512,
        patient=False,
    ),
}

"""Runs with invented, plausible numbers: for tests only, never to be shown as findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labkit.experiments.benchmark.records import TABLES, Run, RunManifest
from labkit.measure.plan import Plan
from labkit.measure.records import Milestone, Requests, Result, Sample, Trial
from labkit.record import Record
from labkit.recordings.facts import BackendInfo
from labkit.recordings.manifest import Ending
from labkit.system.host import Host

MIB = 2**20
# backend: family, engine, startup in s, PSS in MiB, cpu throughput, milestones on the way
KINDS = {
    "host": ("baseline", "native", 0.005, 1.2, 400.0, {"created": 0.3, "started": 0.5}),
    "docker": ("container", "native", 0.6, 1.4, 392.0, {"created": 0.2, "started": 0.9}),
    "qemu": (
        "hypervisor",
        "tcg",
        2.1,
        180.0,
        12.0,
        {"created": 0.05, "started": 0.08, "kernel": 0.3},
    ),
    "qemu-resumed": ("hypervisor", "tcg", 0.64, 150.0, 12.5, {"created": 0.05, "started": 0.7}),
    "virtualbox": (
        "host-virtualization",
        "vbox-recompiler",
        40.0,
        390.0,
        0.06,
        {"created": 0.05, "started": 0.1, "kernel": 0.35},
    ),
    "virtualbox-resumed": (
        "host-virtualization",
        "vbox-recompiler",
        4.2,
        360.0,
        0.05,
        {"created": 0.3, "started": 0.6},
    ),
}
WORKLOADS = {"cpu": "MiB", "syscall": "read+write", "idle": ""}
MANIFEST = RunManifest(
    experiment="benchmark",
    recording_id="made-up",
    created_at="2026-11-23T10:00:00+00:00",
    labkit_version="0.1.0",
    plan=Plan(
        backends=tuple(KINDS),
        workloads=tuple(WORKLOADS),
        trials=dict.fromkeys(KINDS, 10),
        seconds=2.0,
    ),
    workload_digests=dict.fromkeys(WORKLOADS, "0" * 64),
    host=Host(
        system="Linux",
        kernel="6.18.0",
        distribution="Debian GNU/Linux 12",
        machine="x86_64",
        cpu_model="AMD EPYC",
        cpus=2,
        memory_bytes=8 * 1024 * MIB,
        hypervisor=True,
        cgroup_version=1,
        python="3.11.2",
        load_1m=0.2,
    ),
    image_digest="sha256:0123456789abcdef",
    backends={
        name: BackendInfo.model_validate({"family": kind[0], "engine": kind[1], "version": "1.0"})
        for name, kind in KINDS.items()
    },
)


class MadeUpRun(Run):
    """A loaded run, which a test may change."""

    if TYPE_CHECKING:
        manifest: RunManifest
        ending: Ending | None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.tables:
            vars(self)["tables"] = {**self.tables, name: value}
        else:
            vars(self)[name] = value


def frame(kind: type[Record], records: list[Record]) -> pd.DataFrame:
    """Records as a frame with exactly the columns of their class."""
    return pd.DataFrame(
        [record.model_dump() for record in records], columns=list(kind.model_fields)
    )


def make_run(
    names: tuple[str, ...] = ("host", "docker", "qemu"), n: int = 10, failed: tuple[int, ...] = ()
) -> MadeUpRun:
    """n blocks of the named backends; the trials of these numbers failed."""
    rng = np.random.default_rng(7)
    records: list[Record] = []
    number = 0
    for block in range(n):
        for name in names:
            records += _trial(number, block, name, number in failed, rng)
            number += 1
    used = {name: info for name, info in MANIFEST.backends.items() if name in names}
    plan = MANIFEST.plan.model_copy(update={"backends": names, "trials": dict.fromkeys(names, n)})
    ending = Ending(ended_at="2026-11-23T10:05:00+00:00", reason="plan", batches=number, digests={})
    manifest = MANIFEST.model_copy(update={"backends": used, "plan": plan})
    return of_records(manifest, records, ending)


def of_records(
    manifest: RunManifest, records: list[Record], ending: Ending | None = None
) -> MadeUpRun:
    """A run with these records, each in its table."""
    tables = {
        name: frame(table.record, [r for r in records if isinstance(r, table.record)])
        for name, table in TABLES.items()
    }
    return MadeUpRun(Path("there"), manifest, tables, ending)


def served(run: MadeUpRun) -> MadeUpRun:
    """The same run, whose instances have answered requests; a slow one too few for a p99."""
    rng = np.random.default_rng(9)
    records: list[Record] = []
    good = run.trials[run.trials["status"] == "ok"]
    for trial in good.itertuples():
        number, name = int(str(trial.trial)), str(trial.backend)
        slow = 400.0 / KINDS[name][4]
        at = float(str(trial.startup_s)) + 0.01 * slow
        records.append(Milestone(trial=number, backend=name, milestone="first_response", at_s=at))
        for connections in (1, 4):
            p50 = 0.001 * slow * connections * rng.lognormal(0, 0.05)
            count = int(connections / p50)
            records.append(
                Requests(
                    trial=number,
                    backend=name,
                    workload="http",
                    connections=connections,
                    requests=count,
                    errors=int(name == "docker"),
                    seconds=1.0,
                    requests_per_s=count,
                    p50_s=p50,
                    p95_s=p50 * 2 if count > 20 else None,
                    p99_s=p50 * 5 if count > 100 else None,
                    client_cpu_s=min(0.4, 0.0004 * count),
                )
            )
    moments = frame(Milestone, [r for r in records if isinstance(r, Milestone)])
    run.milestones = pd.concat([run.milestones, moments], ignore_index=True)
    run.requests = frame(Requests, [r for r in records if isinstance(r, Requests)])
    return run


def _trial(
    number: int, block: int, name: str, failed: bool, rng: np.random.Generator
) -> Iterator[Record]:
    family, engine, startup, pss, speed, path = KINDS[name]
    startup = startup * rng.lognormal(0, 0.08)
    yield Trial.model_validate(
        {
            "trial": number,
            "block": block,
            "backend": name,
            "family": family,
            "engine": engine,
            "start": "resumed" if name.endswith("-resumed") else "cold",
            "stage": "measured",
            "status": "failed" if failed else "ok",
            "requested_at": "2026-11-23T10:00:00+00:00",
            "startup_s": None if failed else startup,
            "load_1m": 0.2,
            "memory_available_bytes": 6 * 1024 * MIB,
            "cpu_mhz": None,
            "steal_share": 0.0,
            "error": "the guest <did> not answer within 20 s" if failed else None,
        }
    )
    yield Milestone(trial=number, backend=name, milestone="requested", at_s=0.0)
    for milestone, part in path.items():
        yield Milestone(trial=number, backend=name, milestone=milestone, at_s=part * startup)
    if failed:
        return
    ends = {"ready": startup, "first_result": startup + 2, "stop_requested": startup + 9}
    for milestone, at in {**ends, "stopped": startup + 9.2}.items():
        yield Milestone(trial=number, backend=name, milestone=milestone, at_s=at)
    for workload, unit in WORKLOADS.items():
        rate = speed * rng.lognormal(0, 0.03) * (1 if workload == "cpu" else 900)
        counted = workload != "idle"
        yield Result(
            trial=number,
            backend=name,
            workload=workload,
            unit=unit,
            ops=rate * 2 if counted else None,
            seconds=2.0,
            ops_per_s=rate if counted else None,
            guest_seconds=2.0,
        )
    yield from _samples(number, name, startup, pss, rng)


def _samples(
    number: int, name: str, startup: float, pss: float, rng: np.random.Generator
) -> Iterator[Sample]:
    meters = {"instance": (pss, 0.98)}
    if name == "docker":
        meters |= {"helper": (9.5, 0.01), "services": (95.0, 0.03)}
    moments = ["requested", "ready"]
    for workload in WORKLOADS:
        moments += [f"begin {workload}", "", f"end {workload}"]
    moments += ["stop_requested"]
    for role, (mib, load) in meters.items():
        size = mib * rng.lognormal(0, 0.02)
        cpu = 7.0 if role == "services" else 0.0
        for step, moment in enumerate(moments):
            if moment == "requested" and role != "services":
                continue
            if moment == "ready":
                cpu += startup * 0.4 * load
            if moment.startswith("end "):
                cpu += 2.0 * load * (0.02 if "idle" in moment else rng.lognormal(0, 0.02))
            yield Sample.model_validate(
                {
                    "trial": number,
                    "backend": name,
                    "meter": role,
                    "role": role,
                    "at_s": startup + step - 1,
                    "moment": moment or None,
                    "processes": 1,
                    "cpu_s": cpu,
                    "rss_bytes": int(size * 1.3 * MIB),
                    "pss_bytes": int(size * MIB),
                    "uss_bytes": int(size * 0.9 * MIB),
                    "cgroup_bytes": int(size * MIB) if name == "docker" else None,
                }
            )
    yield from _views(number, name, startup, pss, moments)


def _views(
    number: int, name: str, startup: float, pss: float, moments: list[str]
) -> Iterator[Sample]:
    """What the whole computer has left, and what a guest tells."""
    guest = KINDS[name][0] in ("hypervisor", "host-virtualization")
    for step, moment in enumerate(moments):
        row = {"trial": number, "backend": name, "at_s": startup + step - 1, "moment": moment}
        row |= dict.fromkeys(
            ("processes", "cpu_s", "rss_bytes", "pss_bytes", "uss_bytes", "cgroup_bytes")
        )
        left = 6000 - (0 if moment == "requested" else pss * 1.1)
        whole = {"meter": "host", "role": "host", "host_available_bytes": int(left * MIB)}
        yield Sample.model_validate({**row, "moment": moment or None, **whole})
        if guest and moment.startswith("begin "):
            told = {"meter": "guest", "role": "instance", "guest_used_bytes": 20 * MIB}
            yield Sample.model_validate({**row, **told})

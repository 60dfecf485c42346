"""What is shared with the host, what is an instance's own, and what it is refused.

Two instances share a thing when it is the same object of the same kernel: a kernel draws its
boot_id when it boots, random(4), so equal numbers are one kernel; a namespace or a folder is told
by its number, which says nothing across kernels (the first namespaces have the same numbers under
each). So each comparison asks for the same kernel first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from labkit.experiments.isolation import rows
from labkit.experiments.isolation.rows import ASPECTS, ATTEMPT_ROWS, LIMITS, Facts, Verdict
from labkit.recordings.facts import BackendInfo
from labkit.system.host import Host

HOST = "host"
SEES, LIMITED, MAY = "what it sees", "what limits it", "what it may do"
COLUMNS = ["section", "aspect", "backend", "family", "engine", "touches", "word", "detail"]
# Family → what its way of running a program is called.
WAYS = {
    "baseline": "bare process",
    "container": "container",
    "hypervisor": "hypervisor virtualization",
    "host-virtualization": "host virtualization",
}
# Engine → where the hypervisor is that a machine runs on, and who executes its instructions.
HYPERVISORS = {
    "tcg": "a program on the host; it translates each instruction",
    "vbox-recompiler": "a program on the host; it interprets each instruction",
    "vbox-hm": "a program on the host with a driver in its kernel; the processor executes",
    "vmware": "a program on the host with a driver in its kernel; the processor executes",
    "kvm": "KVM, in the host's kernel; the processor executes",
    "hvf": "in the host's kernel; the processor executes",
    "xen-pv": "Xen, on the hardware, below this Linux too; the processor executes",
}
STACKS = ["way", "backend", "engine", "level", "part", "detail", "whose", "answers"]


def matrix(answers: pd.DataFrame) -> pd.DataFrame:
    """From the answers of labkit.experiments.isolation: a row for each aspect and backend.

    touches: `host` (it is the host's, or acts upon what is), `own`, `nothing` (refused, or taken
    away) or `unknown` (not tried, not told, or nothing of the host to compare with). word and
    detail say it for a reader.
    """
    known = _facts(answers)
    rows = [
        (section, aspect, backend, *kind, *verdict)
        for (backend, *kind), group in _by_backend(answers)
        for section, aspect, verdict in _verdicts(group, known[backend], known.get(HOST))
    ]
    order = [*ASPECTS, *LIMITS, *(row for row, _ in ATTEMPT_ROWS.values())]
    rows.sort(key=lambda row: order.index(row[1]))
    return pd.DataFrame(rows, columns=COLUMNS)


def kernels(answers: pd.DataFrame) -> pd.DataFrame:
    """Who shares which kernel: a row a kernel, with those that it answers."""
    known = _facts(answers)
    host = known.get(HOST)
    records = []
    for backend, facts in known.items():
        # One that is shown another number than its kernel's is the host's all the same.
        shared = host if rows.whose(facts, host, ()) == "host" else None
        boot_id = (shared or facts)["boot_id"]
        if boot_id is not None:
            records.append((boot_id, facts["kernel_release"], backend))
    table = pd.DataFrame(records, columns=["boot_id", "kernel_release", "backend"])
    by_kernel = table.groupby(["boot_id", "kernel_release"], sort=False)["backend"]
    return by_kernel.agg(shared_by="size", backends=", ".join).reset_index()


def stacks(answers: pd.DataFrame, infos: Mapping[str, BackendInfo], computer: Host) -> pd.DataFrame:
    """The parts below a program, from the computer upwards (level 0): a row a part and backend,
    with what was measured of it. whose: `host`, or `own` where each instance has one; answers:
    whether it is the kernel that a system call of the program ends in.

    A guest's kernel is a part where the instance was seen to have one of its own.
    """
    table = matrix(answers)
    rows = []
    for backend, facts in _facts(answers).items():
        info = infos[backend]
        aspects = table[table["backend"] == backend]
        own = dict(zip(aspects["aspect"], aspects["touches"], strict=True))
        for level, part in enumerate(_parts(facts, info, computer, own)):
            kernel = "guest's kernel" if own["kernel"] == "own" else "host's kernel"
            place = (_way(info), backend, info.engine, level)
            rows.append((*place, *part, part[0] == kernel))
    return pd.DataFrame(rows, columns=STACKS)


def _way(info: BackendInfo) -> str:
    """An emulator is a program on an installed system, whatever its family can be elsewhere."""
    return WAYS["host-virtualization" if info.engine == "tcg" else info.family]


def _by_backend(answers: pd.DataFrame) -> Any:
    """((backend, family, engine), its answers)."""
    return answers.groupby(["backend", "family", "engine"], sort=False)


def _facts(answers: pd.DataFrame) -> dict[str, Facts]:
    """Backend → name → value; what is not known is None."""
    facts = answers[answers["kind"] == "fact"]
    return {
        str(backend): {
            name: value if isinstance(value, str) else None
            for name, value in zip(group["name"], group["value"], strict=True)
        }
        for backend, group in facts.groupby("backend", sort=False)
    }


def _verdicts(
    group: pd.DataFrame, facts: Facts, host: Facts | None
) -> Iterator[tuple[str, str, Verdict]]:
    whose = {name: rows.whose(facts, host, keys) for name, (keys, _) in ASPECTS.items()}
    for aspect, (_, tell) in ASPECTS.items():
        yield SEES, aspect, rows.view(whose[aspect], tell(facts))
    for limit, judge in LIMITS.items():
        yield LIMITED, limit, judge(facts, whose["kernel"])
    tried = group[group["kind"] == "attempt"]
    came_out = zip(tried["value"], tried["message"], strict=True)
    outcomes = dict(zip(tried["name"], came_out, strict=True))
    for name, (row, aspect) in ATTEMPT_ROWS.items():
        value, message = outcomes[name]
        yield MAY, row, rows.attempt(value, message, whose[aspect])


def _parts(
    facts: Facts, info: BackendInfo, computer: Host, touches: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """(part, detail, whose) from the computer upwards."""
    program = info.version.partition(",")[0]
    virtual = ", a virtual machine itself" if computer.hypervisor else ""
    yield "computer", f"{computer.cpus} × {computer.cpu_model}{virtual}", "host"
    yield "host's kernel", f"{computer.system} {computer.kernel}", "host"
    if touches["kernel"] == "own":
        # None of the lab's own: such as the machine that Docker Desktop runs its containers in.
        where = HYPERVISORS.get(info.engine)
        yield (
            "hypervisor" if where else "virtual machine",
            f"{program}: {where or info.engine}",
            "own",
        )
        yield "guest's kernel", f"Linux {facts['kernel_release']}", "own"
    elif info.family == "container":
        views = [aspect for aspect in ASPECTS if touches[aspect] == "own"]
        yield "boundary", f"own: {', '.join(views)}; made by {program}", "own"
    root = f"{facts['root_type'] or 'file system'} of {facts['root_entries']} names"
    yield "root folder", root, touches["root folder"]
    yield "program", f"process {facts['pid']}, sees {facts['processes']} of them", "own"

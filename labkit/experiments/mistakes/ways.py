"""How each figure is got, the wrong way too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments.mistakes.pairs import Side
from labkit.guest.programs import metrics_of
from labkit.guest.protocol import Outcome, Request, Script
from labkit.guest.workload import parse_task
from labkit.measure.sampler import read
from labkit.units import MIB

PACKAGES = ("bubblewrap", "fio", "lua5.1", "lua5.4")
# fio wants so much (guest/workloads/fio.sh); all of an instance's works have the same limits.
MEMORY_MIB = 512
# direct=1, as in most instructions; the file is small, since an emulated machine writes it first.
FIO = "fio:rw=read:bs={}:direct=1:size=8m"
BLOCKS = {"4 KiB blocks": "4k", "1 MiB blocks": "1m"}
LUA = """\
. "$LAB/program"
run_program {} -e '
local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end
for i = 1, {} do f(16) end'
"""
CALLS = 3193  # of f, in f(16)
# 64 blocks of 16 KiB are one MiB, as the workload cpu hashes them; {0} starts what hashes them.
HASH = """\
. "$LAB/program"
"$BUSYBOX" dd if=/dev/zero bs=16k count=$((64 * {1})) status=none |
    {0} "$BUSYBOX" sha256sum >/dev/null
"""
# Namespaces of its own, of each kind that the kernel has, and the same files.
INSIDE = "run_program bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev"
# The kernel's log of its own start: when it has done its part (printk.time, since its clock began).
INIT = re.compile(rb"\[ *(\d+\.\d+)\] Run /\S* as init process")
# When, and source → CPU seconds until then.
Spent = tuple[float, dict[str, float]]
# The best one first.
SOURCES: Mapping[Side, tuple[str, ...]] = {
    "machine": ("schedstat_s", "cpu_s", "daemon_cpu_s"),
    "container": ("cgroup_cpu_s", "cpu_s", "daemon_cpu_s"),
}
TABLE_S = 0.04  # the process table has steps of 0.01 s, for a user's and the system's time each
UNREAD = "its CPU time is not to be read"
SCRIPT_S = 60
GROWTH = 4
OUTPUT_BYTES = 65536


@dataclass(frozen=True)
class Subject:
    """What is measured: an instance that is ready, and how it came up."""

    instance: Instance
    side: Side
    timeline: Timeline
    seconds: float


def blocks(subject: Subject, ways: Sequence[str]) -> dict[str, float]:
    """Bytes a second, by fio's own report."""
    found = {}
    for way in ways:
        task = parse_task(FIO.format(BLOCKS[way]))
        subject.instance.run(task.request(subject.seconds))
        report = metrics_of("fio", subject.instance.report())
        found[way] = next(metric.value for metric in report if metric.name == "bandwidth")
    return found


def versions(subject: Subject, ways: Sequence[str]) -> dict[str, float]:
    """Function calls a second of the same lines, by each version."""
    programs = {way: way.lower().replace(" ", "") for way in ways}
    return {way: CALLS * rate(subject, partial(LUA.format, name)) for way, name in programs.items()}


def nested(subject: Subject, ways: Sequence[str]) -> dict[str, float]:
    """Bytes a second that are hashed, in the instance and in a container that it makes itself."""
    starts = {"in a container in the machine": INSIDE}
    return {way: MIB * rate(subject, partial(HASH.format, starts.get(way, ""))) for way in ways}


def late(subject: Subject, ways: Sequence[str]) -> dict[str, float]:
    """CPU seconds of the instance in a second, of two windows: while it hashes, and after that."""
    spent: list[Spent] = []
    request = Request("cpu", subject.seconds)
    subject.instance.run(request, on_begin=lambda: spent.append(_spent(subject)))
    spent.append(_spent(subject))
    subject.timeline.clock.sleep(subject.seconds)
    spent.append(_spent(subject))
    windows = dict(zip(("during the work", "after the work"), pairwise(spent), strict=True))
    return {way: _each_second(*windows[way]) for way in ways}


def _spent(subject: Subject) -> Spent:
    """Programs that have ended count: a container's group knows of them; a machine is one program
    that lives."""
    meters = [one for one in subject.instance.all_meters() if one.role == "instance"]
    at = subject.timeline.clock.now()
    readings = [read(meter, memory=False) for meter in meters]
    by = {}
    for source in SOURCES[subject.side]:
        known = [getattr(reading, source) for reading in readings]
        if known and None not in known:
            by[source] = sum(known)
    if not by:
        raise BackendError(UNREAD, details=meters[0].why if meters else "")
    return at, by


def _each_second(begin: Spent, end: Spent) -> float:
    """By the best source that was there both times. A thread that has ended meanwhile is in the
    process table only, and has taken out of schedstat all that it had ever spent: the emulator's
    threads for its disks end after ten seconds."""
    spent = {source: end[1][source] - had for source, had in begin[1].items() if source in end[1]}
    if spent.get("schedstat_s", 0.0) < spent.get("cpu_s", 0.0) - TABLE_S:
        spent.pop("schedstat_s", None)
    if not spent:
        raise BackendError(UNREAD)
    return max(0.0, next(iter(spent.values())) / (end[0] - begin[0]))


def kernel(subject: Subject, ways: Sequence[str]) -> dict[str, float]:
    """Seconds until ready by the host's clock; until its first program by the guest's kernel."""
    found = {"from the request": subject.timeline.since_requested()["ready"]}
    if "by its kernel's clock" in ways:
        log = _run(subject, '"$BUSYBOX" dmesg').out
        if (told := INIT.search(log)) is None:
            raise BackendError("the guest's kernel does not say when it began its first program")
        found["by its kernel's clock"] = float(told[1])
    return found


WAYS: Mapping[str, Callable[[Subject, Sequence[str]], dict[str, float]]] = {
    "blocks": blocks,
    "versions": versions,
    "late": late,
    "kernel": kernel,
    "nested": nested,
}


def rate(subject: Subject, script: Callable[[int], str]) -> float:
    """How often a second, by the host's clock, a script does once what it is asked to do n times.
    Of two amounts the difference counts: what each start takes is in both of them. Of each the
    quicker one of two: a computer that is busy for a second would make that second work."""

    def took(amount: int) -> float:
        return _run(subject, script(amount)).seconds

    def enough(less: float, more: float) -> bool:
        # Work that is lost in what disturbs it is not work enough.
        return more >= subject.seconds / 2 and more > 2 * less

    amount, less = 1, took(1)
    while True:
        more = took(GROWTH * amount)
        if enough(less, more):
            less, more = min(less, took(amount)), min(more, took(GROWTH * amount))
            if enough(less, more):
                return (GROWTH - 1) * amount / (more - less)
        amount, less = GROWTH * amount, more


def _run(subject: Subject, script: str) -> Outcome:
    outcome = subject.instance.shell(Script(script, SCRIPT_S, OUTPUT_BYTES))
    if outcome.status:
        said = (outcome.err or outcome.out).decode(errors="replace")[-300:]
        raise BackendError(f"a script ended with status {outcome.status}", details=said)
    return outcome

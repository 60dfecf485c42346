"""What may be wrong with what a run says: threats to its validity, each only where it applies."""

from __future__ import annotations

from collections.abc import Iterator

from labkit import notes
from labkit.experiments.benchmark import data_quality, stats
from labkit.experiments.benchmark.homework.tasks import tasks
from labkit.experiments.benchmark.programs import left_empty
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.table import table
from labkit.experiments.benchmark.text import cautions, own
from labkit.guest.workload import Task
from labkit.recordings.words import MACHINES

OF_PROGRAMS = {
    "fio": "A machine's disk is a file of the host. direct=1 goes past the page cache of the "
    "kernel where fio runs: of the host's for host and container, of the machine's own for a "
    "machine, below which the host's cache still is. So a machine's direct reads may be memory of "
    "the host; they are not a disk's; and its direct writes are done when they are in the host's "
    "memory (QEMU's cache=writeback), and not on a disk until the guest flushes. The file systems "
    "differ, too: ext2 in a machine, the host's own for host and container. A latency shorter "
    "than the clock's steps is not told.",
    "ab": "The load comes from ab on the same computer, through the loopback address and the port "
    "that the boundary forwards. It takes processor time from what it measures, and it is closed: "
    "a slower server is asked less often, so its latencies hold no waiting of an open stream. "
    "Of fewer than 100 requests there is no p99, of fewer than 20 no p95.",
    "iperf3": "iperf3's client is a process of the same computer: what is measured is the path "
    "through the boundary's network, no network card and no cable. TCP's own round trip and "
    "retransmits are of its connection to the forwarded port on this computer, so they are shown "
    "of the host alone.",
    "sysbench": "sysbench's latencies have two decimals of a millisecond; what is shorter than "
    "10 µs is not told. Of test=memory the blocks are small (1 KiB), so that it measures caches.",
    "redis": "redis-benchmark runs inside, over a Unix socket: client and server share the "
    "instance's processor, and no network is in the figures.",
}
BUFFERED = (
    "A buffered write counts as done when it is in the page cache; when it reaches the disk is in "
    "no figure."
)
NESTED = (
    "The computer is itself a virtual machine: what it is given changes with its neighbours, and a "
    "machine inside of it is one in another."
)


def threats(run: Run) -> list[str]:
    """Sentences, those of this very run first."""
    return [_begun(sentence) for sentence in _all(run) if sentence]


def _begun(sentence: str) -> str:
    """With a capital; n, a number's name, keeps its own."""
    said = f"With {sentence}" if sentence.startswith("n = ") else sentence
    return said[0].upper() + said[1:]


def _all(run: Run) -> Iterator[str]:
    counted = stats.backends(run.trials)
    yield from (issue.sentence for issue in data_quality.quality_issues(run))
    yield own(run)
    yield from cautions(run, table(run))
    yield from left_empty(run)
    if run.manifest.host.hypervisor:
        yield NESTED
    known = tasks(run)
    for program in dict.fromkeys(task.workload.program for task in known):
        yield OF_PROGRAMS.get(program, "")
    if any(map(_is_buffered_write, known)):
        yield BUFFERED
    if set(counted["family"]) & set(MACHINES) and notes.repeated(counted):
        yield (
            "A machine has a kernel of its own, of another version than the host's and the "
            "containers': a difference between them is one of the boundary and of the kernel."
        )
    yield "All of it is of one computer: another one may order the boundaries otherwise."


def _is_buffered_write(task: Task) -> bool:
    chosen = task.chosen
    return chosen.get("direct") == "0" and "write" in chosen.get("rw", "")

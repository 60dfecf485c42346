"""What lies between fio and a disk, behind each boundary: as in data/README.md, "Page cache"."""

from __future__ import annotations

from labkit.experiments.benchmark.homework.tasks import tasks
from labkit.experiments.benchmark.records import Run
from labkit.recordings.facts import BackendInfo
from labkit.recordings.words import MACHINES

HEADINGS = ("boundary", "file system", "device", "direct=1, reads", "direct=1, writes")
NONE = "past the host’s page cache"
# Backend → device, and what is below the guest's own page cache, which direct=1 goes past.
BELOW = {
    "qemu": (
        "NVMe, a file of the host (cache={disk_cache})",
        "the host’s page cache may answer",
        "done when they are in the host’s page cache",
    ),
    "virtualbox": (
        "NVMe, a file of the host (as VirtualBox opens it, which the lab does not change)",
        "the host’s page cache may answer",
        "not known when they are done",
    ),
}


def storage(run: Run) -> list[list[str]]:
    """Rows of HEADINGS; none where the plan has no fio."""
    if all(task.workload.program != "fio" for task in tasks(run)):
        return []
    backends = run.manifest.backends.items()
    return [[name, *_row(name.partition(":")[0], info)] for name, info in backends]


def _row(base: str, info: BackendInfo) -> list[str]:
    told = info.configuration
    if base in BELOW:
        known = {"disk_cache": told.get("disk_cache", "writeback, QEMU’s default")}
        return ["ext2, made in the guest", *(text.format(**known) for text in BELOW[base])]
    if info.family in MACHINES:
        return ["the guest’s", "a virtual disk", "not known", "not known"]
    kind = told.get("scratch_file_system") or told.get("storage_type") or "not recorded"
    volume = " (of a volume, by the daemon)" if "storage_driver" in told else ""
    # A kernel between program and host, such as gVisor's, may take direct=1 for itself.
    past = NONE if info.engine in ("native", "crun") else "not known"
    return [f"{kind}{volume}", "the host’s", past, past]

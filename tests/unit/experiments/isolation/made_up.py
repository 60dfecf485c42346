"""Invented answers of the probe: for tests only, never to be shown as findings."""

from __future__ import annotations

from pathlib import Path

from labkit.experiments.isolation.measure import records
from labkit.experiments.isolation.probe import HostView, spared
from labkit.experiments.isolation.records import (
    ATTEMPTS,
    FACTS,
    Answer,
    IsolationManifest,
    IsolationPlan,
    IsolationRecording,
)
from labkit.recordings import tables
from labkit.recordings.facts import BackendInfo
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine, Family
from labkit.system.host import Host

KINDS: dict[str, tuple[Family, Engine]] = {
    "host": ("baseline", "native"),
    "docker": ("container", "native"),
    "docker:seccomp=unconfined": ("container", "native"),
    "chroot": ("container", "native"),
    "unshare": ("container", "native"),
    "crun": ("container", "native"),
    "runc": ("container", "native"),
    "qemu": ("hypervisor", "tcg"),
    "virtualbox": ("host-virtualization", "vbox-recompiler"),
}
COMPUTER = Host(
    system="Linux",
    kernel="6.18.44",
    distribution="Debian GNU/Linux 12",
    machine="x86_64",
    cpu_model="AMD EPYC",
    cpus=2,
    memory_bytes=2**33,
    hypervisor=True,
    cgroup_version=2,
    python="3.11.2",
    load_1m=0.1,
)
SAME = dict.fromkeys(FACTS, "1") | {
    "kernel_release": "6.18.44",
    "boot_id": "aaaa",
    "hostname": "vm",
    "host_process_seen": "yes",
    "capabilities": "1ffffffffff",
    "last_capability": "40",
    "seccomp": "0",
    "uptime_s": "7300.5",
    "memory_kib": "8388608",
    "interfaces": "lo eth0",
    "disks": "vda",
}
# What the lab sees that has these answers.
HOST = HostView(1, "1", boot_id=SAME["boot_id"], mounts=SAME["ns_mnt"], root=SAME["root_id"])
VIEWS = ("ns_pid", "ns_uts", "ns_net", "ns_mnt", "root_id", "dev_id")
CONTAINED = dict.fromkeys(VIEWS, "2") | {"host_process_seen": "no", "hostname": "box"}
HARDENED = CONTAINED | {"capabilities": "0", "seccomp": "2"}
# A guest's numbers are the host's: that says nothing, since its kernel is another.
GUEST = {"boot_id": "bbbb", "kernel_release": "6.1.0-56-cloud", "host_process_seen": "no"}
DIFFERS: dict[str, dict[str, str]] = {
    "host": {},
    "docker": HARDENED,
    "docker:seccomp=unconfined": HARDENED | {"seccomp": "0"},
    "chroot": {"root_id": "2", "dev_id": "2"},
    "unshare": CONTAINED,
    "crun": HARDENED | {"seccomp": "0"},
    "runc": HARDENED | {"seccomp": "0"},
    "qemu": GUEST | {"uptime_s": "2.5"},
    "virtualbox": GUEST | {"boot_id": "cccc", "uptime_s": "40.2"},
}


def info(backend: str) -> BackendInfo:
    family, engine = KINDS[backend]
    return BackendInfo(family=family, engine=engine, version=f"{backend} 1.0, and more")


def answers(backend: str) -> list[Answer]:
    facts = SAME | DIFFERS[backend]
    refused = "1 probe: Operation not permitted"
    status = refused if facts["capabilities"] == "0" else "0 "
    left = spared(facts, HOST)
    tried = {f"try_{name}": "skipped" if name in left else status for name in ATTEMPTS}
    return records(backend, info(backend), facts | tried, left)


def manifest(*backends: str) -> IsolationManifest:
    return IsolationManifest(
        experiment="isolation",
        recording_id="made-up",
        created_at="2026-11-25T03:00:00+00:00",
        labkit_version="0",
        host=COMPUTER,
        image_digest="0" * 64,
        backends={name: info(name) for name in backends},
        plan=IsolationPlan(backends=backends),
    )


def recording(*backends: str) -> IsolationRecording:
    """All of them, or those that are named."""
    names = backends or tuple(KINDS)
    rows = [row for name in names for row in answers(name)]
    frames = {"answers": tables.frame(rows, Answer)}
    return Recording(Path("made-up"), manifest(*names), frames)

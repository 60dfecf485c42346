"""The lab image as an OCI bundle: one configuration for runc, crun and containerd alike.

OCI runtime specification 1.0.2, config.md and config-linux.md. The boundary is the one that the
backend `docker` asks for: no network, a read-only root file system, no capabilities, no new
privileges. Docker's seccomp profile is not in it: that is the engine's own addition.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labkit.backends.engine_parts import oci_groups
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.host import cpu_set
from labkit.system.owner_marks import OWNER_VARIABLE, owner

AGENT = ("/bin/busybox", "sh", "/lab/agent")
NAMESPACES = ("pid", "ipc", "uts", "mount", "network")
HARDENED = ["nosuid", "noexec", "nodev"]
# What a container shall neither see nor change of the host's kernel, as Docker has it.
MASKED = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def write_bundle(image: LabImage, limits: Limits, folder: Path, name: str) -> Path:
    """The folder of a bundle, made in `folder`, which keeps the scratch data too."""
    scratch = folder / "scratch"
    scratch.mkdir()
    target = folder / "config.json"
    target.write_text(json.dumps(configuration(image, limits, scratch, name)), encoding="utf-8")
    return folder


def configuration(image: LabImage, limits: Limits, scratch: Path, name: str) -> dict[str, Any]:
    """What config.json holds."""
    return {
        "ociVersion": "1.0.2",
        "process": _process(),
        "root": {"path": str(image.rootfs), "readonly": True},
        "hostname": "lab",
        "mounts": _mounts(scratch),
        "linux": {
            # At the top of the hierarchy, with our name: what outlives us is found by it.
            "cgroupsPath": f"/{name}",
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "resources": _resources(limits),
            "maskedPaths": MASKED,
            "readonlyPaths": READ_ONLY,
        },
    }


def _process() -> dict[str, Any]:
    kinds = ("bounding", "effective", "permitted", "inheritable", "ambient")
    return {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": list(AGENT),
        "env": ["PATH=/bin", f"{OWNER_VARIABLE}={owner()}"],
        "cwd": "/",
        "capabilities": {kind: [] for kind in kinds},
        "noNewPrivileges": True,
    }


def _resources(limits: Limits) -> dict[str, Any]:
    """Without those that no control group here can keep: a runtime refuses the container then."""
    found: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}]}
    if oci_groups.holds("memory"):
        found["memory"] = {"limit": limits.memory_mib * 1024 * 1024}
        if oci_groups.limits_swap():
            found["memory"]["swap"] = found["memory"]["limit"]  # with memory together: no swap
    if oci_groups.holds("cpuset"):
        found["cpu"] = {"cpus": ",".join(map(str, cpu_set(limits.cpus)))}
    return found


def _mounts(scratch: Path) -> list[dict[str, Any]]:
    return [
        _mount("/proc", "proc", "proc", HARDENED),
        _mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _mount("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance"]),
        _mount("/dev/shm", "tmpfs", "shm", [*HARDENED, "mode=1777", "size=65536k"]),  # noqa: S108
        _mount("/dev/mqueue", "mqueue", "mqueue", HARDENED),
        _mount("/sys", "sysfs", "sysfs", [*HARDENED, "ro"]),
        _mount("/scratch", "bind", str(scratch), ["rbind", "rw"]),
    ]


def _mount(target: str, kind: str, source: str, options: list[str]) -> dict[str, Any]:
    return {"destination": target, "type": kind, "source": source, "options": options}

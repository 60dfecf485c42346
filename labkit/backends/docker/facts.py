"""What a daemon says of itself: what executes its containers, how it keeps them, what it lacks.

Docker Engine API, «Get system information» and «Get version»; Podman answers in the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import docker

from labkit.backends.docker.place import place_of
from labkit.recordings.words import Engine
from labkit.system.limits import around_the_lab, not_limited

# A runtime's program, or its type → the engine. runc is what all of them stand in for. The whole
# name counts: crun-vm and runcvm start a machine for each container.
ENGINES: Mapping[str, Engine] = {
    "runc": "native",
    "crun": "crun",
    "youki": "youki",
    "runsc": "runsc",
    "kata": "kata",
    "krun": "krun",
}
# A shim's program has a version at its end, and Kata's name its machine: kata-qemu, kata-runtime.
_PROGRAM = re.compile(
    rf"(?:containerd-shim-)?(?:({'|'.join(ENGINES)})(?:[.-]v\d+)?|(kata)[.-][\w.-]+)"
)
PODMAN = "Podman Engine"


def engine_of(info: Mapping[str, Any]) -> Engine:
    """The engine is named after the daemon's runtime, by the program that this really is: any
    name may be given to it."""
    match = _PROGRAM.fullmatch(runtime_of(info)[1])
    return ENGINES[match[1] or match[2]] if match else "other-runtime"


def runtime_of(info: Mapping[str, Any]) -> tuple[str, str]:
    """The default runtime's name, and its program: of a path the last part, of a type such as
    io.containerd.kata.v2 the part that names it."""
    name = str(info.get("DefaultRuntime") or "")
    known = (info.get("Runtimes") or {}).get(name) or {}
    path = str(known.get("path") or known.get("runtimeType") or name)
    return name, path.removeprefix("io.containerd.") if "/" not in path else PurePath(path).name


def version_text(version: Mapping[str, Any]) -> str:
    """The daemon, and what it calls."""
    parts = {p["Name"]: str(p["Version"]) for p in version.get("Components") or []}
    program = "podman" if PODMAN in parts else "dockerd"
    called = [f"{n} {v}" for n, v in parts.items() if n in ("containerd", "runc", "crun")]
    # Podman's own words are "conmon version 2.1.6, commit: …".
    called += [
        v.partition(",")[0].partition("\n")[0].replace(" version", "")
        for n, v in parts.items()
        if n == "Conmon" or n.startswith("OCI Runtime")
    ]
    return ", ".join([f"{program} {version['Version']}", *called])


def configuration_of(info: Mapping[str, Any], version: Mapping[str, Any]) -> dict[str, str]:
    """What else decides how a container starts and runs; a fact that is not told is not in it."""
    name, program = runtime_of(info)
    security = sorted(word.removeprefix("name=") for word in info.get("SecurityOptions") or [])
    kinds = {word.partition(",")[0] for word in security}
    status = dict(pair[:2] for pair in info.get("DriverStatus") or [])
    parts = [p["Name"] for p in version.get("Components") or []]
    facts = {
        "program": "podman" if PODMAN in parts else "dockerd",
        "runtime": name if name == program else f"{name} ({program})",
        "storage_driver": info.get("Driver"),
        "storage_type": status.get("driver-type") or status.get("Backing Filesystem"),
        "cgroup_driver": info.get("CgroupDriver"),
        "cgroup_version": info.get("CgroupVersion"),
        "rootless": _yes("rootless" in kinds),
        "userns_remap": _yes("userns" in kinds),
        "live_restore": _yes(bool(info.get("LiveRestoreEnabled"))),
        "security": ", ".join(word.replace(",", " ") for word in security) or "none",
    }
    return {name: str(value) for name, value in facts.items() if value}


def limits_kept(info: Mapping[str, Any]) -> dict[str, bool]:
    """Which limits the daemon says that it can keep."""
    flags = {"memory": "MemoryLimit", "CPUs": "CPUSet"}
    return {what: info.get(flag) is not False for what, flag in flags.items()}


def cautions(client: docker.DockerClient) -> tuple[str, ...]:
    """What will be empty or not comparable, in sentences."""
    sentences, place = [], place_of(client)
    if any(_is_locked(pid) for pids in place.processes.values() for pid in pids):
        sentences.append(
            "the memory (PSS) of its containers is left empty, since only root may read "
            "/proc/PID/smaps_rollup of them; their RSS and what their control group counts are read"
        )
    if why := place.why:
        sentences.append(
            f"{why}: its containers' processes cannot be read from here; what it counts itself "
            "stands in a column of its own"
        )
    sentences += not_limited("this daemon", limits_kept(client.info()))
    if held := around_the_lab():
        sentences.append(
            f"the lab itself is held to {held} by what surrounds it, and this daemon's containers "
            "may not be: they are compared with what the lab starts only where both are held alike"
        )
    return tuple(sentences)


def _is_locked(pid: int) -> bool:
    """Whether this user may not read the memory map of a process, such as the daemon: then not
    that of its containers either."""
    try:
        Path(f"/proc/{pid}/smaps_rollup").read_bytes()
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"

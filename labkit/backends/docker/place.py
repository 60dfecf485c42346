"""Where a Docker daemon runs, and which processes of this computer are proven to be its own.

A daemon may be on another computer, in a virtual machine (Docker Desktop), or in another PID
namespace: then the process ids that it tells are strangers' here. Proof is what the kernel says
of the socket that we ask it at: who called listen(2), by our own count (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
import psutil

from labkit.system.ports import listener
from labkit.system.process_ids import counted_here

DAEMONS = ("dockerd", "podman")
CONTAINERD = "containerd"
# They bring a socket of another computer here, and not the ports that are published there.
FORWARDERS = ("ssh", "sshd", "socat")
# Where dockerd looks for a containerd that is a service of its own, before it starts one.
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")


@dataclass(frozen=True)
class Place:
    """processes: program → its processes, of the daemon and of what belongs to it; none of a
    program that is there, but not to be told from others like it. why: why the
    process ids that it tells are not ours; empty where they are."""

    processes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    why: str = ""


def place_of(client: docker.DockerClient) -> Place:
    """Where the daemon is that this client asks. Never raises for what cannot be seen."""
    if sys.platform != "linux":
        return Place(why="on this system containers run in a virtual machine of their own")
    path = getattr(client.api.get_adapter(client.api.base_url), "socket_path", None)
    if path is None:
        return Place(why=f"the daemon is asked over the network ({client.api.base_url})")
    found = _daemon(listener(Path(path)))
    if isinstance(found, str):
        return Place(why=found)
    name, daemon = found
    processes: dict[str, tuple[int, ...]] = {name: (daemon.pid,)}
    if name == "dockerd":
        beside = _containerd(daemon)
        processes[CONTAINERD] = () if beside is None else (beside,)
    here = counted_here(daemon.pid)
    return Place(processes, "" if here else "the daemon is in another PID namespace")


def ports_elsewhere(path: str | None) -> str:
    """Why a port that the daemon at this socket publishes is not this computer's; empty where
    nothing says so. Docker Desktop's ports are here, though its daemon is in a machine."""
    if path is None:
        return "a port of it would be on the daemon's computer: it is asked over the network"
    pid = listener(Path(path)) if sys.platform == "linux" else None
    if pid == 0:
        return "a port of it may be elsewhere: the daemon is outside of this PID namespace"
    with suppress(psutil.Error):
        if pid and (name := psutil.Process(pid).name()) in FORWARDERS:
            return f"a port of it would be where {name} leads, which listens at the daemon's socket"
    return ""


def _daemon(pid: int | None) -> tuple[str, psutil.Process] | str:
    """The daemon behind the process that listens at its socket, with its name, which it may lose
    at any time; or why it is not known."""
    if pid == 0:
        return "the daemon's process is not to be seen here: it is outside of this PID namespace"
    if pid is None:
        return "which process listens at the daemon's socket is not to be known"
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        name = process.name()
        if name in DAEMONS:
            return name, process
        if name != "systemd":
            return f"at the daemon's socket listens {name}, which passes requests on"
        daemons = _activated(process)
        if len(daemons) == 1:
            return daemons[0].name(), daemons[0]
        return f"systemd listens at the daemon's socket, for one of {len(daemons)} daemons"
    return "the process that listens at the daemon's socket is not to be seen"


def _activated(systemd: psutil.Process) -> list[psutil.Process]:
    """The daemons that have got their socket from systemd: sd_listen_fds(3)."""
    words = {"dockerd": "fd://", "podman": "service"}
    return [
        process
        for process in _named(DAEMONS)
        if process.ppid() == systemd.pid
        and any(words[process.name()] in word for word in process.cmdline())
    ]


def _containerd(dockerd: psutil.Process) -> int | None:
    """Its child, or the service that listens where dockerd looks for one. To ask that takes root:
    without, the only one that is no dockerd's child."""
    with suppress(psutil.Error):
        for child in dockerd.children():
            if child.name() == CONTAINERD:
                return child.pid
        if pid := listener(_containerd_socket(dockerd.cmdline())):
            return pid
        own = [p for p in _named([CONTAINERD]) if _parent_name(p) not in DAEMONS]
        return own[0].pid if len(own) == 1 else None
    return None


def _containerd_socket(words: list[str]) -> Path:
    text = " ".join(words).replace("=", " ").split()
    if "--containerd" in text[:-1]:
        return Path(text[text.index("--containerd") + 1])
    return CONTAINERD_SOCKET


def _named(names: Iterable[str]) -> list[psutil.Process]:
    processes = psutil.process_iter(["name"])
    return [p for p in processes if p.info["name"] in names and counted_here(p.pid)]


def _parent_name(process: psutil.Process) -> str:
    parent = process.parent()
    return parent.name() if parent else ""

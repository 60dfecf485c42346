"""Backend `containerd`: a container by containerd alone, through its own client, `ctr run`.

The daemon is the very one that Docker uses, in a namespace of the lab's own; its shim calls runc
with the same bundle that the backend `runc` gets. ctr stays and passes the streams on.
"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from labkit import cgroups
from labkit.backends import oci_groups
from labkit.backends.base import Instance, Meter, Missing
from labkit.backends.containers import container_meters
from labkit.backends.layer import LayerBackend
from labkit.backends.oci import write_bundle
from labkit.backends.piped import PipedInstance, instance_name, piped
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.process import as_root, mark_in, run, scratch_folder, wait_for
from labkit.records import Limits
from labkit.timeline import Timeline

NAMESPACE = "labkit"
# Where a containerd listens: one that dockerd has started, and one that is a service of its own.
SOCKETS = (
    Path("/run/docker/containerd/containerd.sock"),
    Path("/run/containerd/containerd.sock"),
)
END_TIMEOUT_S = 10.0


class ContainerdInstance(PipedInstance):
    """ctr is the child; the container's process is known once it runs."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, timeline: Timeline) -> None:
        super().__init__(process, folder / "stderr.log", timeline)
        self._pid_file = folder / "pid"

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("ctr", "helper", (self._process.pid,), tree=False),)

    def late_meters(self) -> tuple[Meter, ...]:
        with suppress(OSError, ValueError):
            return container_meters(int(self._pid_file.read_text()))
        return ()

    def _diagnosis(self) -> str:
        text = super()._diagnosis()
        with suppress(OSError, ValueError):
            group, _ = cgroups.of_process(int(self._pid_file.read_text()))
            if oci_groups.out_of_memory_kills(group):
                text += "\nthe kernel ended a process: more memory than its limit"
        return text


class ContainerdBackend(LayerBackend):
    name = "containerd"
    about_s = 0.6

    def programs(self) -> tuple[str, ...]:
        return ("ctr",)

    def missing(self) -> Missing | None:
        missing = super().missing()
        if missing is not None:
            return missing
        if find_socket() is None:
            places = ", ".join(map(str, SOCKETS))
            return Missing(f"no containerd answers ({places})", as_root(f"setup {self.name}"))
        return None

    def version(self) -> str:
        """Of the daemon, and of its client where that is another one."""
        said = re.findall(r"Version:\s*(\S+)", run(_ctr("version")).stdout)
        client, server = said[0] if said else "unknown", said[-1] if said else "unknown"
        return f"containerd {server}" + (f", ctr {client}" if client != server else "")

    def services(self) -> tuple[Meter, ...]:
        address = find_socket()
        pid = listener(address) if address else None
        return (Meter("containerd", "services", (pid,), tree=False),) if pid else ()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            write_bundle(image, limits, folder, name)
            words = ("--config", str(folder / "config.json"), "--pid-file", str(folder / "pid"))
            argv = _ctr("run", "--rm", *words, name)
            timeline.mark("created")
            process = stack.enter_context(piped(argv, folder / "stderr.log"))
            stack.callback(_remove, process, name)
            timeline.mark("started")
            yield ContainerdInstance(process, folder, timeline)

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        if self.missing() is not None:
            return []
        listed = run(_ctr("containers", "list", "--quiet"), check=False).stdout.split()
        left = [name for name in listed if abandoned(mark_in(name))]
        for name in left:
            _delete(name)
        if left or not listed:
            # Refused while containers of another lab are in it; made anew when it is needed.
            run(_ctr("namespaces", "remove", NAMESPACE), check=False)
        return [f"container {name}" for name in left] + oci_groups.sweep(abandoned)


def find_socket() -> Path | None:
    """The socket of a containerd that answers. Asked before ctr is: that waits for 10 s."""
    return next((path for path in SOCKETS if listener(path) is not None), None)


def listener(address: Path) -> int | None:
    """The process that listens at a Unix socket: SO_PEERCRED, socket(7)."""
    credentials = struct.Struct("3i")
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.connect(str(address))
        raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
        return int(credentials.unpack(raw)[0])
    return None


def _ctr(*words: str) -> list[str]:
    address = find_socket() or SOCKETS[0]
    return ["ctr", "--address", str(address), "--namespace", NAMESPACE, *words]


def _remove(process: subprocess.Popen[bytes], name: str) -> None:
    """ctr removes a container that has ended; one that still runs, or whose ctr failed, we do."""
    if process.poll() is None:
        run(_ctr("tasks", "kill", "--signal", "SIGKILL", name), check=False)
        wait_for(process, END_TIMEOUT_S)
    if process.poll() != 0:
        _delete(name)


def _delete(name: str) -> None:
    for words in (("tasks", "delete", "--force"), ("containers", "delete")):
        with suppress(CommandError):
            run(_ctr(*words, name), check=False, timeout=END_TIMEOUT_S)
    oci_groups.sweep_named(name)

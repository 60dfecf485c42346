"""Backend `containerd`: a container by containerd alone, through its own client, `ctr run`.

The daemon is the very one that Docker uses, in a namespace of the lab's own; its shim calls runc
with the same bundle that the backend `runc` gets. ctr stays and passes the streams on.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labkit.backends.base import Missing
from labkit.backends.containers import AttachedBackend
from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.oci import write_bundle
from labkit.backends.instance import Meter
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import mark_in
from labkit.system.ownership import Judge
from labkit.system.ports import listener
from labkit.system.process import as_root, run, wait_for

NAMESPACE = "labkit"
# Where a containerd listens: one that dockerd has started, and one that is a service of its own.
SOCKETS = (
    Path("/run/docker/containerd/containerd.sock"),
    Path("/run/containerd/containerd.sock"),
)
END_TIMEOUT_S = 10.0
# A container that runs is ended with its task.
REMOVAL = (("tasks", "delete", "--force"), ("containers", "delete"))


class ContainerdBackend(AttachedBackend):
    name = "containerd"
    program = "ctr"
    about_s = 0.6

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
        versions = re.findall(r"Version:\s*(\S+)", run(_ctr("version")).stdout) or ["unknown"]
        client, server = versions[0], versions[-1]
        return f"containerd {server}" + (f", ctr {client}" if client != server else "")

    def services(self) -> tuple[Meter, ...]:
        address = find_socket()
        pid = listener(address) if address else None
        return (Meter("containerd", "services", (pid,), tree=False),) if pid else ()

    @contextmanager
    def prepared(
        self, image: LabImage, limits: Limits, folder: Path, name: str
    ) -> Iterator[list[str]]:
        write_bundle(image, limits, folder, name)
        words = ("--config", str(folder / "config.json"), "--pid-file", str(folder / "pid"))
        yield _ctr("run", "--rm", *words, name)

    def stopped(self, process: subprocess.Popen[bytes], name: str) -> None:
        """ctr removes a container that has ended; what still runs, or whose ctr failed, we do."""
        if process.poll() is None:
            run(_ctr("tasks", "kill", "--signal", "SIGKILL", name), check=False)
            wait_for(process, END_TIMEOUT_S)
        if process.poll() != 0:
            _delete(name)

    def sweep(self, judge: Judge) -> list[str]:
        if self.missing() is not None:
            return []
        listed = run(_ctr("containers", "list", "--quiet"), check=False).stdout.split()
        left = [name for name in listed if _is_left(name, judge)]
        for name in left:
            _delete(name)
        if left or not listed:
            # Refused while containers of another lab are in it; made anew when it is needed.
            run(_ctr("namespaces", "remove", NAMESPACE), check=False)
        return [f"container {name}" for name in left] + oci_groups.sweep(judge)


def find_socket() -> Path | None:
    """The socket of a containerd that answers. Asked before ctr is: that waits for 10 s."""
    return next((path for path in SOCKETS if listener(path) is not None), None)


def _ctr(*words: str) -> list[str]:
    address = find_socket() or SOCKETS[0]
    return ["ctr", "--address", str(address), "--namespace", NAMESPACE, *words]


def _is_left(name: str, judge: Judge) -> bool:
    by_hand = [_ctr(*words, name) for words in REMOVAL]
    return judge.takes(mark_in(name), f"container {name}", *by_hand)


def _delete(name: str) -> None:
    for words in REMOVAL:
        with suppress(CommandError):
            run(_ctr(*words, name), check=False, timeout=END_TIMEOUT_S)
    oci_groups.sweep_named(name)

"""A Docker daemon of the lab's own, beside the computer's: with settings that only a daemon has,
such as its storage driver, or to be killed.

It runs in a mount and a network namespace of its own (unshare(1)), so that its mounts are gone
with its processes, and nobody else's network is touched: `--bridge none` deletes the interface
docker0 where it is started.
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from labkit.backends.docker.backend import DockerBackend
from labkit.errors import BackendError
from labkit.system import owned_files
from labkit.system.clock import wait_until
from labkit.system.owner_marks import OWNER_VARIABLE, owner, runs, scratch_folder
from labkit.system.ports import SOCKET_PATH_BYTES
from labkit.system.process import as_root, find_tool, last_lines, run, spawn, wait_for

UNSHARED = ("unshare", "--mount", "--net")
# dockerd starts a containerd of its own only where none of the system's has a socket here (moby,
# cmd/dockerd/daemon_unix.go), as systemd's service containerd has on most computers: that one would
# not see the mounts. The shims' sockets are made in it, and are found there again after a restart.
SYSTEMS = "/run/containerd"
HIDE = 'mkdir -p "$1" && mount --bind "$2" "$1" && shift 2 && exec "$@"'
HOST = "DOCKER_HOST"
PLAIN = re.compile(r"[^:,%?#\\]+")
START_S, END_S = 90.0, 10.0


class OwnDaemon:
    """Runs inside its context, and DOCKER_HOST leads to it; everything of it, images and
    containers too, is gone afterwards. `mark` is the owner's mark that its processes carry,
    `enter` the words before its command line: into which namespaces it goes."""

    def __init__(
        self, *options: str, mark: str | None = None, enter: tuple[str, ...] = UNSHARED
    ) -> None:
        self._options = options
        self._enter = enter
        self._mark = owner() if mark is None else mark
        self._popen: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> OwnDaemon:
        """Raises BackendError where there is no dockerd, no root, or it does not begin."""
        _check()
        with ExitStack() as stack:
            self.folder = stack.enter_context(scratch_folder())
            _check_name(self.folder)
            (self.folder / "run").mkdir()
            stack.callback(_restore, os.environ.get(HOST))
            os.environ[HOST] = f"unix://{self.folder}/docker.sock"
            stack.callback(self._end)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, enter: tuple[str, ...] | None = None) -> None:
        """Starts the daemon, or starts it again after it was killed, with the same data."""
        folder = self.folder
        self._wait_for_the_last()
        self.kill([p for p in self.processes("containerd") if "shim" not in p.name()])
        # It takes a process that has ended and was not waited for as one that still runs.
        owned_files.discard(folder / "exec/containerd/containerd.pid")
        argv = [
            *(enter or self._enter), "sh", "-c", HIDE, "sh", SYSTEMS, f"{folder}/run",
            find_tool("dockerd") or "dockerd", "--host", f"unix://{folder}/docker.sock",
            "--pidfile", f"{folder}/pid", "--data-root", f"{folder}/data",
            "--exec-root", f"{folder}/exec", "--bridge", "none", "--iptables=false",
            *self._options,
        ]  # fmt: skip
        log = folder / "log"
        self._popen = spawn(argv, log=log, env={OWNER_VARIABLE: self._mark})
        self.process = psutil.Process(self._popen.pid)
        wait_until(self._begun_or_ended, timeout=START_S)
        if DockerBackend().missing() is not None:
            raise BackendError(
                "a Docker daemon of the lab's own does not begin",
                details=last_lines(_complaints(log)),
                resolution="its last words say what it lacks; the computer's own daemon goes on",
            )

    def processes(self, name: str) -> list[psutil.Process]:
        """The processes of this daemon whose name begins so."""
        return [p for p in self._all() if p.name().startswith(name)]

    def kill(self, victims: list[psutil.Process]) -> None:
        """Kills them, and returns when they have ended."""
        for victim in victims:
            with suppress(psutil.Error):
                victim.kill()
        if not wait_until(lambda: not any(map(runs, victims)), timeout=END_S):
            left = ", ".join(str(victim.pid) for victim in victims if runs(victim))
            raise BackendError(f"processes of a Docker daemon do not end: {left}")
        if self._popen is not None and any(v.pid == self._popen.pid for v in victims):
            self._wait_for_the_last()  # it is our child: it is there until we have looked

    def _begun_or_ended(self) -> bool:
        return DockerBackend().missing() is None or not runs(self.process)

    def _wait_for_the_last(self) -> None:
        if self._popen is not None:
            wait_for(self._popen, END_S)

    def _all(self) -> list[psutil.Process]:
        """The daemon, its containerd, the shims, which are nobody's children, and all that these
        have started: the command line of each of the first names the folder."""
        processes = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.folder) in word for word in process.info["cmdline"] or [])
        ]
        for process in processes:
            with suppress(psutil.Error):
                processes += [child for child in process.children() if child not in processes]
        return processes

    def _end(self) -> None:
        # Twice: a daemon that is about to die may have started one more.
        for _ in range(2):
            self.kill(self._all())
        self._wait_for_the_last()


def versions() -> dict[str, str]:
    """Program → what it says of itself, of those that such a daemon is made of. BackendError where
    none can be started."""
    _check()
    names = [name for name in ("dockerd", "containerd", "runc") if find_tool(name)]
    outputs = {name: run([name, "--version"], check=False).stdout for name in names}
    return {name: text.partition("\n")[0] for name, text in outputs.items()}


def _complaints(log: Path) -> str:
    """What dockerd said, but for what it tells when all is well."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines if "level=info" not in line)


def _check() -> None:
    what = "a Docker daemon of the lab's own cannot be started"
    if find_tool("dockerd") is None:
        raise BackendError(
            what, details="Docker Engine is not installed", resolution=as_root("setup docker")
        )
    if os.geteuid() != 0:
        raise BackendError(
            what, details="only root may start one", resolution="run the same command as root"
        )


def _check_name(folder: Path) -> None:
    """Its sockets have an address of 107 bytes at most, unix(7), of which one is read as an URL;
    and the options of an overlay have colons and commas between them. Told before a daemon could
    use another folder than its own."""
    longest = folder / "exec/containerd/containerd.sock.ttrpc"
    if len(os.fsencode(longest)) > SOCKET_PATH_BYTES or not PLAIN.fullmatch(str(folder)):
        raise BackendError(
            "a Docker daemon of the lab's own cannot keep its files in the folder for temporary "
            f"files ({folder.parent})",
            details="its path is too long for a socket's address, or has characters in it that "
            "Docker takes for something else",
            resolution="name a folder with a short and plain path with TMPDIR=FOLDER",
        )


def _restore(host: str | None) -> None:
    os.environ.pop(HOST, None)
    if host is not None:
        os.environ[HOST] = host

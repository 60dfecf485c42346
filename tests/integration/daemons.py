"""A Docker daemon of one's own, for tests that must break one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from labkit.backends.docker import DockerBackend
from labkit.process import find_tool, wait_until

# The network is its own, too: `--bridge none` deletes the interface docker0 where it is started.
UNSHARED = ("unshare", "--mount", "--net")


class Daemon:
    """In namespaces of its own, so that mounts and network are gone with its processes."""

    def __init__(self, folder: Path, options: tuple[str, ...]) -> None:
        self.folder = folder
        self.address = f"unix://{folder}/docker.sock"
        self._options = options
        self._started: list[subprocess.Popen[bytes]] = []
        self.process: psutil.Process

    def start(self, enter: tuple[str, ...] = UNSHARED) -> None:
        """Starts it, once more when it was killed; returns when it answers."""
        argv = [
            *enter, str(find_tool("dockerd")), "--host", self.address,
            "--pidfile", f"{self.folder}/pid", "--data-root", f"{self.folder}/data",
            "--exec-root", f"{self.folder}/exec", "--bridge", "none", "--iptables=false",
            *self._options,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._started.append(subprocess.Popen(argv, stdout=log, stderr=log))
        self.process = psutil.Process(self._started[-1].pid)
        answers = wait_until(lambda: DockerBackend().missing() is None, timeout=60)
        assert answers, (self.folder / "log").read_text()

    def kill(self) -> None:
        """Kills dockerd alone, and waits until that is noticed."""
        self.process.kill()
        self._started[-1].wait(10)

    def end(self) -> None:
        end_all_of(self.folder)
        for process in self._started:
            process.wait(10)
        shutil.rmtree(self.folder)


@contextmanager
def daemon(monkeypatch: pytest.MonkeyPatch, *options: str) -> Iterator[Daemon]:
    """A second Docker daemon, which DOCKER_HOST names."""
    if os.geteuid() != 0:
        pytest.skip("a daemon of one's own needs root")
    # A short path: a socket's has 107 bytes.
    own = Daemon(Path(tempfile.mkdtemp(prefix="dockerd-")), options)
    monkeypatch.setenv("DOCKER_HOST", own.address)
    try:
        own.start()
        yield own
    finally:
        own.end()


def end_all_of(folder: Path) -> None:
    """Kills every process whose command line names this folder (the daemon, its containerd, the
    shims, which are nobody's children) with all their children."""
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or [])
    ]
    for process in left:
        with suppress(psutil.Error):
            left += process.children(recursive=True)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=10)

"""A second Docker daemon, for tests that must break one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil
import pytest

from labkit.backends.docker import DockerBackend
from labkit.process import find_tool, runs, wait_until

# The network is its own, too: `--bridge none` deletes the interface docker0 where it is started.
UNSHARED = ("unshare", "--mount", "--net")


class OwnDaemon:
    """Runs inside its context, and DOCKER_HOST leads to it. In namespaces of its own, so that
    mounts and network are gone with its processes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
        if os.geteuid() != 0:
            pytest.skip("a daemon of one's own needs root")
        # Short: a socket's path has 107 bytes.
        self._options = options
        self.folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
        self._popen: subprocess.Popen[bytes] | None = None
        monkeypatch.setenv("DOCKER_HOST", f"unix://{self.folder}/docker.sock")

    def __enter__(self) -> OwnDaemon:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def start(self, enter: tuple[str, ...] = UNSHARED) -> None:
        """Begins, or begins once more after it was killed, with the same data."""
        folder = self.folder
        self._wait_for_the_last()
        self.kill([p for p in self.processes("containerd") if "shim" not in p.name()])
        # It takes a process that has ended and was not waited for as one that still runs.
        (folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)
        argv = [
            *enter, str(find_tool("dockerd")), "--host", f"unix://{folder}/docker.sock",
            "--pidfile", f"{folder}/pid", "--data-root", f"{folder}/data",
            "--exec-root", f"{folder}/exec", "--bridge", "none", "--iptables=false",
            *self._options,
        ]  # fmt: skip
        with (folder / "log").open("ab") as log:
            self._popen = subprocess.Popen(argv, stdout=log, stderr=log)
        self.process = psutil.Process(self._popen.pid)
        assert wait_until(lambda: DockerBackend().missing() is None, timeout=90), (
            folder / "log"
        ).read_text()

    def processes(self, name: str) -> list[psutil.Process]:
        """Those of this daemon whose name begins so."""
        return [p for p in self._all() if p.name().startswith(name)]

    def kill(self, victims: list[psutil.Process]) -> None:
        for victim in victims:
            with suppress(psutil.Error):
                victim.kill()
        assert wait_until(lambda: not any(map(runs, victims)), timeout=10)
        if self._popen is not None and any(v.pid == self._popen.pid for v in victims):
            self._wait_for_the_last()  # it is our child: it is there until we have looked

    def _wait_for_the_last(self) -> None:
        if self._popen is not None:
            self._popen.wait(10)

    def _all(self) -> list[psutil.Process]:
        """The daemon, its containerd, the shims, which are nobody's children, and all that these
        have started: the command line of each of the first names the folder."""
        found = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.folder) in word for word in process.info["cmdline"] or [])
        ]
        for process in found:
            with suppress(psutil.Error):
                found += [child for child in process.children() if child not in found]
        return found

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Twice: a daemon that is about to die may have started one more.
        for _ in range(2):
            self.kill(self._all())
        self._wait_for_the_last()
        shutil.rmtree(self.folder)

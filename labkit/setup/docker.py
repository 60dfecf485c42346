"""Sets up the backend `docker`: Docker Engine, and a daemon where none answers.

A daemon that answers is used as it is. One that we start is noted in the user's state folder,
so that `labkit clean --daemon` ends that one and no other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.backends.docker import DockerBackend
from labkit.errors import LabError
from labkit.paths import state_dir
from labkit.process import as_root, find_tool, last_lines, run, spawn_detached, wait_until
from labkit.setup import apt

# iptables: without it the daemon does not start its default network.
PACKAGES = ("docker.io", "iptables")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


def set_up_docker(say: Callable[[str], None]) -> None:
    """Installs Docker Engine and starts its daemon, as far as either is missing."""
    if DockerBackend().missing() is None:
        return
    if "DOCKER_HOST" in os.environ:
        raise LabError(
            f"no Docker daemon answers at DOCKER_HOST ({os.environ['DOCKER_HOST']})",
            resolution="start that daemon, or unset DOCKER_HOST to use this computer's own",
        )
    if find_tool("dockerd") is None:
        apt.install(PACKAGES, say)
    if DockerBackend().missing() is not None:  # the package may have started its service
        _start_daemon(say)


def stop_daemon() -> str | None:
    """Ends the daemon that the lab has started; its process id in words, None if there is none."""
    process = _our_daemon()
    _note().unlink(missing_ok=True)
    if process is None:
        return None
    children = process.children(recursive=True)
    process.terminate()
    _, alive = psutil.wait_procs([process, *children], timeout=STOP_TIMEOUT_S)
    for left in alive:
        with suppress(psutil.Error):
            left.kill()
    psutil.wait_procs(alive, timeout=STOP_TIMEOUT_S)
    return f"dockerd, process {process.pid}"


def _start_daemon(say: Callable[[str], None]) -> None:
    if os.geteuid() != 0:
        missing = DockerBackend().missing()
        raise LabError(
            missing.reason if missing else "no Docker daemon answers",
            resolution=missing.fix if missing else as_root("setup docker"),
        )
    say("starting a Docker daemon")
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "start", "docker"])
        _wait_for_daemon(log=None)
        return
    log = state_dir() / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    program = find_tool("dockerd") or "dockerd"
    pid = spawn_detached([program], log=log)
    started = psutil.Process(pid).create_time()
    _note().write_text(json.dumps({"pid": pid, "started": started}))
    _wait_for_daemon(log)


def _wait_for_daemon(log: Path | None) -> None:
    if not wait_until(
        lambda: DockerBackend().missing() is None, timeout=START_TIMEOUT_S, interval=0.2
    ):
        stop_daemon()
        raise LabError(
            f"the Docker daemon did not answer within {START_TIMEOUT_S:g} s",
            details=last_lines(log.read_text(errors="replace")) if log else "",
            resolution=f"read {log or 'journalctl -u docker'}, mend it, then: labkit setup docker",
        )


def _our_daemon() -> psutil.Process | None:
    """The daemon that we started, if that very process still runs."""
    with suppress(OSError, ValueError, KeyError, psutil.Error):
        note = json.loads(_note().read_text())
        process = psutil.Process(note["pid"])
        if abs(process.create_time() - note["started"]) <= 3 and process.name() == "dockerd":
            return process
    return None


def _note() -> Path:
    return state_dir() / "dockerd.json"

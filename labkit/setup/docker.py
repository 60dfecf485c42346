"""Sets up the backend `docker`: Docker Engine, and a daemon where none answers.

A daemon that answers is used as it is. One that we start is noted in the user's state folder,
so that `labkit clean --daemon` ends that one and no other.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.backends.docker import client
from labkit.backends.docker.advice import SYSTEMD, own_log
from labkit.errors import LabError
from labkit.setup import apt
from labkit.system import owned_files, plain_files
from labkit.system.clock import wait_until
from labkit.system.owner_marks import Mark, owner_mark, wait_gone
from labkit.system.ownership import Kept, Verdict, known_of, said
from labkit.system.paths import state_dir
from labkit.system.process import as_root, find_tool, last_lines, run, spawn_detached

# iptables: without it the daemon does not start its default network.
PACKAGES = ("docker.io", "iptables")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


def set_up_docker(say: Callable[[str], None]) -> None:
    """Installs Docker Engine and starts its daemon, as far as either is missing, and only where
    no client finds one: a second one beside one that denies access or hangs mends nothing."""
    if (missing := client.missing()) is None:
        return
    if not client.may_be_started():
        raise LabError(f"a daemon is not started: {missing.reason}", resolution=missing.fix)
    if find_tool("dockerd") is None:
        apt.install(PACKAGES, say)
    if client.missing() is not None:  # the package may have started its service
        _start_daemon(say)


def stop_daemon(keep: Callable[[Kept], None] | None = None) -> str | None:
    """Ends the daemon that the lab has started; its process id in words, None if there is none.
    `keep` is told of one that cannot be known to be that one."""
    mark = Mark.read(text := _noted())
    if mark is None:
        return None
    known = known_of(mark)
    if known.verdict is Verdict.UNKNOWN:
        if keep is not None:
            what = f"the note {_note()} of a Docker daemon"
            keep(Kept(what, said(text, known), shlex.join(["rm", str(_note())])))
        return None
    process = _dockerd(mark.pid) if known.verdict is Verdict.LIVES else None
    owned_files.discard(_note())
    if process is None:
        return None
    children = process.children(recursive=True)
    process.terminate()
    alive = wait_gone([process, *children], timeout=STOP_TIMEOUT_S)
    for left in alive:
        with suppress(psutil.Error):
            left.kill()
    wait_gone(alive, timeout=STOP_TIMEOUT_S)
    return f"dockerd, process {process.pid}"


def _start_daemon(say: Callable[[str], None]) -> None:
    if os.geteuid() != 0:
        raise LabError("a Docker daemon is started by root", resolution=as_root("setup docker"))
    say("starting a Docker daemon")
    if SYSTEMD.is_dir():
        run(["systemctl", "start", "docker"])
        _wait_for_daemon(log=None)
        return
    log = own_log()
    owned_files.make_folder(log.parent, 0o700)
    log.touch(0o600)
    program = find_tool("dockerd") or "dockerd"
    pid = spawn_detached([program], log=log)
    owned_files.write_whole(_note(), json.dumps({"mark": owner_mark(pid)}), 0o600)
    _wait_for_daemon(log)


def _wait_for_daemon(log: Path | None) -> None:
    if not wait_until(lambda: client.missing() is None, timeout=START_TIMEOUT_S, interval=0.2):
        stop_daemon()
        raise LabError(
            f"the Docker daemon did not answer within {START_TIMEOUT_S:g} s",
            details=last_lines(log.read_text(encoding="utf-8", errors="replace")) if log else "",
            resolution=f"read {log or 'journalctl -u docker'}, mend it, then: labkit setup docker",
        )


def _noted() -> str:
    """The mark of the daemon that we started; empty where there is no note. An older lab's has a
    date, which says nothing of where the process is."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = plain_files.read_json(_note())
        return str(note["mark"]) if "mark" in note else f"{note['pid']}-0.0"
    return ""


def _dockerd(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process if process.name() == "dockerd" else None
    return None


def _note() -> Path:
    return state_dir() / "dockerd.json"

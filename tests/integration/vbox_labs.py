"""A lab of its own on the real VirtualBox, in a process that can be killed at a milestone.

`python -m tests.integration.vbox_labs MILESTONE [STATE]` starts a machine, goes through its life,
says each milestone, and stands still at the one that is named. With STATE (see vbox_states) the
machine is resumed; without, it boots.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from labkit import image
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.installation import private_root
from labkit.guest.protocol import Request
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from labkit.system.owner_marks import mark_of, owner_mark
from tests.integration.vbox_states import adopted

PROJECT = Path(__file__).parents[2]


def main(milestone: str, state: Path | None) -> None:
    def at(name: str) -> None:
        print(name, flush=True)
        if name == milestone:
            time.sleep(600)

    with ExitStack() as stack:
        backend = stack.enter_context(adopted(state)) if state else VirtualBoxBackend()
        built, timeline = image.build(progress=False), Timeline(HostClock(), at)
        instance = stack.enter_context(backend.launch(built, Limits(), timeline))
        instance.wait_ready()  # which reads the console, so that `kernel` is seen
        instance.run(Request("idle", 0.2))
        instance.stop()


class Lab:
    """The process, seen from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.mark = owner_mark(process.pid)

    def wait_for(self, milestone: str) -> None:
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line.strip())
            if said[-1] == milestone:
                return
        raise AssertionError(f"it ended without {milestone}, after {said}")

    def wait(self) -> int:
        return self._process.wait(60)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def lab(milestone: str, state: Path | None = None) -> Iterator[Lab]:
    words = [sys.executable, "-m", "tests.integration.vbox_labs", milestone]
    words += [str(state)] if state else []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        found = Lab(process)
        try:
            yield found
        finally:
            found.kill()


def traces(mark: str) -> list[str]:
    """Everything on this machine that bears this mark, but the process itself: processes, folders
    (with the machines, media and locks in them), sockets, mounts."""
    pid = int(mark.partition("-")[0])
    found = [p.name() for p in psutil.process_iter() if p.pid != pid and mark_of(p) == mark]
    home = Path(tempfile.gettempdir()) / f"labkit-{mark}-vbox"
    places = (*home.parent.glob(f"labkit-{mark}-*"), *Path("/tmp").glob(f".vbox-labkit-{mark}-*"))
    found += [str(path) for path in places]
    found += [str(path) for path in [private_root() / home.relative_to("/")] if path.exists()]
    for table in ("/proc/mounts", "/proc/net/unix"):
        found += [line for line in Path(table).read_text().splitlines() if mark in line]
    return found


def processes(mark: str, *names: str) -> list[psutil.Process]:
    """The programs with these names that this lab has started."""
    running = psutil.process_iter(["name"])
    return [p for p in running if p.info["name"] in names and mark_of(p) == mark]


def displays() -> set[str]:
    """The locks and sockets of displays in the host's own /tmp."""
    folder = Path("/tmp")
    return {str(path) for path in (*folder.glob(".X*-lock"), *folder.glob(".X11-unix/*"))}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None)

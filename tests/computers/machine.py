"""A computer that runs, and the way to give it a command.

Commands go to its agent over a port of the machine, which is a socket that it inherits: there is no
network, and no path. What it writes to its disks is gone with it.
"""

from __future__ import annotations

import base64
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from labkit.system.owner_marks import scratch_folder
from labkit.system.process import Completed, condition, end, last_lines, spawn
from tests.computers import commands, disks
from tests.computers.agent import ANSWER_TIMEOUT_S, Agent
from tests.computers.computers import Computer

# A computer below that is busy with other things gives it little time.
BOOT_TIMEOUT_S = 900.0
LOOKED_EVERY_S = 60.0
VARIABLES = {
    "PATH": f"{disks.ENVIRONMENT}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LABKIT_CACHE": f"{disks.PROJECT}/cache",
}


class Machine:
    """A computer, with the project in it; `prepared` is run as soon as it has started."""

    def __init__(self, computer: Computer, folder: Path, prepared: str) -> None:
        self._computer, self._folder, self._prepared = computer, folder, prepared
        self._disks = mounted(computer, folder)
        self._running = ExitStack()

    def start(self) -> None:
        """Also once more: what was written to its disks is gone, as is whatever ran in it."""
        self.end()
        for changes in self._folder.glob("changes-*"):  # user-mode Linux's
            changes.unlink()
        ours, theirs = (self._running.enter_context(one) for one in socket.socketpair())
        images = [*self._disks.values()]
        argv = commands.command(self._computer, self._folder, images, theirs.fileno())
        log = self._folder / "machine.log"
        self._process = spawn(argv, log=log, pass_fds=[theirs.fileno()])
        self._running.callback(end, self._process)
        theirs.close()  # so that ours ends with the machine
        self._agent = Agent(ours, self.console)
        self._agent.wait_started(BOOT_TIMEOUT_S)
        device = commands.DEVICES[self._computer.machine]
        for letter, place in zip("bcd", [*self._disks][1:], strict=False):
            self.run(f"mount --mkdir {device}{letter} {place}")
        self.run(self._prepared, BOOT_TIMEOUT_S)

    def end(self) -> None:
        self._running.close()

    def run(self, script: str, timeout: float = 120.0, *, check: bool = True) -> Completed:
        """Runs a shell's script as root, to its end."""
        done = self._execute(["/bin/sh", "-ec", script], timeout)
        out, err = (_text(done.get(f"{name}-data", "")) for name in ("out", "err"))
        status = done.get("exitcode", -done.get("signal", 0))
        if check:
            assert status == 0, f"{script}: status {status}\n{out}\n{err}\n{self.console()}"
        return Completed((script,), status, out, err)

    def run_watched(
        self, script: str, timeout: float, look: Callable[[str], None], *, check: bool = True
    ) -> str:
        """Runs a script that takes long, and gives every minute what it has said to `look`, which
        may ask more of the computer. What it has said in all. SIGINT is ignored in it: a shell does
        so for what it starts with `&`."""
        begun = f"(({script}) && status=0 || status=$?; echo $status >/tmp/ended)"
        self.run(f"rm -f /tmp/ended; {begun} >/tmp/said 2>&1 &", ANSWER_TIMEOUT_S)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            time.sleep(LOOKED_EVERY_S)
            ended = self.run("cat /tmp/ended 2>/dev/null || true", ANSWER_TIMEOUT_S).stdout.strip()
            look(said := self.run("cat /tmp/said", ANSWER_TIMEOUT_S).stdout)
            if ended:
                assert ended == "0" or not check, f"{script}: status {ended}\n{said}"
                return said
        raise AssertionError(f"{script} has not ended in {timeout:g} s\n{said}")

    def console(self) -> str:
        """How the machine is, and the end of what its kernel and its services said."""
        parts = [condition("the machine", self._process)]
        for name in ("machine.log", "console.log"):
            with suppress(OSError):
                parts.append(last_lines((self._folder / name).read_text(errors="replace"), 30))
        return "\n".join(parts)

    def _execute(self, argv: list[str], timeout: float) -> dict[str, Any]:
        environment = [f"{name}={value}" for name, value in VARIABLES.items()]
        words: dict[str, Any] = {
            "path": argv[0],
            "arg": argv[1:],
            "env": environment,
            "capture-output": True,
        }
        pid = self._agent.ask("guest-exec", **words)["pid"]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found: dict[str, Any] = self._agent.ask("guest-exec-status", pid=pid)
            if found["exited"]:
                return found
            time.sleep(0.3)
        raise AssertionError(f"{shlex.join(argv)} has not ended in {timeout:g} s\n{self.console()}")


@contextmanager
def running(computer: Computer, prepared: str) -> Iterator[Machine]:
    """The computer, started; gone afterwards."""
    with scratch_folder() as folder:
        machine = Machine(computer, folder, prepared)
        try:
            machine.start()
            yield machine
        finally:
            machine.end()


def mounted(computer: Computer, folder: Path) -> dict[str, Path]:
    """Where the computer has each disk, and the file; VirtualBox needs QEMU's, or none is there."""
    parts = {
        "/": disks.system(computer) / "disk.img",
        disks.ENVIRONMENT: disks.environment(computer) / "disk.img",
        disks.PROJECT: disks.project(computer, folder),
    }
    if computer.machine == "qemu":
        parts[f"{disks.PROJECT}/cache/virtualbox"] = disks.virtualbox(computer) / "disk.img"
    return parts


def _text(data: str) -> str:
    return base64.b64decode(data).decode(errors="replace")

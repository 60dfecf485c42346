"""A computer that runs, in an emulated machine of QEMU, and the way to give it a command.

Commands go to QEMU's guest agent over a virtio port (QEMU's manual, "QEMU Guest Agent Protocol
Reference"): a socket that the machine inherits, so that there is no network, and no path. What it
writes to its disks is gone with it.
"""

from __future__ import annotations

import base64
import json
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from labkit.backends.qemu.command import escaped
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import Completed, condition, end, last_lines, spawn
from tests.computers import disks
from tests.computers.computers import Computer

# A computer below that is busy with other things gives it little time.
BOOT_TIMEOUT_S = 900.0
ANSWER_TIMEOUT_S = 600.0
LOOKED_EVERY_S = 60.0
KERNEL_LINE = (
    "root=/dev/vda rw console=ttyS0 mitigations=off nokaslr no_timer_check quiet"
    # Networks that nothing here needs: each takes a busy computer a minute at its start.
    " systemd.mask=lxc-net.service systemd.mask=lxc.service systemd.mask=lxc-monitord.service"
)
PREPARE = f"""
mkdir -p {disks.ENVIRONMENT} {disks.PROJECT}
mount -o ro /dev/vdb {disks.ENVIRONMENT}
mount /dev/vdc {disks.PROJECT}
mount --mkdir /dev/vdd {disks.PROJECT}/cache/virtualbox
"""
VARIABLES = {
    "PATH": f"{disks.ENVIRONMENT}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LABKIT_CACHE": f"{disks.PROJECT}/cache",
}


class Machine:
    """A computer that has started."""

    def __init__(
        self, process: subprocess.Popen[bytes], agent: socket.socket, folder: Path
    ) -> None:
        self._process, self._agent, self._folder = process, agent, folder
        self._pending = b""

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
        may ask more of the computer. What it has said in all."""
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

    def wait_started(self, timeout: float) -> None:
        """Until the agent answers, which systemd starts with its port."""
        deadline = time.monotonic() + timeout
        number = 0
        while time.monotonic() < deadline:
            number += 1  # answers to what was asked before come later
            with suppress(TimeoutError):
                answer = self._ask("guest-sync", timeout=5, id=number)
                while answer != number:
                    answer = json.loads(self._line(5))["return"]
                return
        raise AssertionError(f"the computer does not answer\n{self.console()}")

    def console(self) -> str:
        """How the machine is, and the end of what its kernel and its services said."""
        parts = [condition("QEMU", self._process)]
        for name in ("qemu.log", "console.log"):
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
        pid = self._ask("guest-exec", **words)["pid"]
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found: dict[str, Any] = self._ask("guest-exec-status", pid=pid)
            if found["exited"]:
                return found
            time.sleep(0.3)
        raise AssertionError(f"{shlex.join(argv)} has not ended in {timeout:g} s\n{self.console()}")

    def _ask(self, command: str, *, timeout: float = ANSWER_TIMEOUT_S, **arguments: Any) -> Any:
        question = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self._agent.sendall(json.dumps(question).encode() + b"\n")
        answer = json.loads(self._line(timeout))
        assert "error" not in answer, answer
        return answer["return"]

    def _line(self, timeout: float) -> bytes:
        self._agent.settimeout(timeout)
        while b"\n" not in self._pending:
            data = self._agent.recv(1 << 16)
            assert data, f"the computer is gone\n{self.console()}"
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line


@contextmanager
def running(computer: Computer) -> Iterator[Machine]:
    """The computer, started, with the project in it; gone afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        images = [disks.system(computer) / "disk.img", disks.environment(computer) / "disk.img"]
        images += [disks.project(folder), disks.virtualbox(computer) / "disk.img"]
        ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
        argv = command(computer, folder, images, theirs.fileno())
        process = spawn(argv, log=folder / "qemu.log", pass_fds=[theirs.fileno()])
        stack.callback(end, process)
        theirs.close()  # so that ours ends with the machine
        machine = Machine(process, ours, folder)
        machine.wait_started(BOOT_TIMEOUT_S)
        machine.run(PREPARE)
        yield machine


def command(computer: Computer, folder: Path, images: list[Path], agent: int) -> list[str]:
    """QEMU's command line; a disk's changes go to a file without a name."""
    system = disks.system(computer)
    argv = ["qemu-system-x86_64", "-name", computer.name, "-machine", "q35"]
    argv += ["-accel", f"tcg,thread={'single' if computer.counts else 'multi'},tb-size=1024"]
    argv += ["-cpu", computer.cpu, *(("-icount", "shift=0") if computer.counts else ())]
    argv += ["-smp", "2", "-m", f"{computer.memory_mib}M", "-nodefaults", "-no-user-config"]
    argv += ["-display", "none", "-no-reboot", "-append", KERNEL_LINE]
    argv += ["-kernel", str(system / "vmlinuz"), "-initrd", str(system / "initrd.img")]
    argv += ["-serial", f"file:{folder / 'console.log'}"]
    argv += ["-chardev", f"socket,id=agent,fd={agent}", "-device", "virtio-serial"]
    argv += ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
    for path in images:
        options = "format=raw,if=virtio,snapshot=on,cache=unsafe"
        argv += ["-drive", f"file={escaped(path)},{options}"]
    return argv


def _text(data: str) -> str:
    return base64.b64decode(data).decode(errors="replace")

"""Backend `uml`: user-mode Linux, a Linux kernel that is a program (Dike 2000, "A user-mode port of
the Linux kernel").

It boots the same initial file system as the virtual machines do, on no hypervisor: the processor
executes its programs, and it catches their system calls by ptrace(2). The agent is on its second
serial line, which is the child's standard input and output. It has the memory that it is made
with, one processor, and no control group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import psutil

from labkit.backends.base import Backend, Missing
from labkit.backends.instance import Instance, Meter
from labkit.backends.piped import PipedInstance, confined, image_refused, plain_path
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system import host
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import as_root, find_tool, run

PROGRAM = "linux.uml"
WORDS = ("con=null", "con0=null", "ssl=null", "ssl1=fd:0,fd:1", "quiet", "noreboot")


class UmlInstance(PipedInstance):
    is_machine = True

    def meters(self) -> tuple[Meter, ...]:
        """Empty until its helpers are there, which share the kernel's memory. Its other children
        execute a program of the guest each, and are traced by it (TracerPid, proc(5))."""
        return ()

    def late_meters(self) -> tuple[Meter, ...]:
        kernel = psutil.Process(self._process.pid)
        helpers = tuple(child.pid for child in kernel.children() if not _traced(child.pid))
        return (Meter(PROGRAM, "instance", (kernel.pid,), sharing=helpers),)


def _traced(pid: int) -> bool:
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        return re.search(r"^TracerPid:\s+0$", status, re.MULTILINE) is None
    return True


class UserModeLinuxBackend(Backend):
    name = "uml"
    family = "user-space-kernel"
    by_default = False
    about_s = 2.0
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": "it cannot save its state",
        "control group": "it is a process of the host; its memory is what it is made with",
        "disk": "a guest's first process looks for a disk of a kind that it does not have",
    }

    def missing(self) -> Missing | None:
        if (refused := image_refused()) is not None:
            return refused
        if find_tool(PROGRAM) is None:
            return Missing(f"{PROGRAM} is not installed", as_root("setup uml"))
        if host.in_user_mode():
            # It lacks a part of ptrace(2) that the other one asks for: that aborts.
            return Missing(
                "this computer's kernel is user-mode Linux, which does not start another one",
                "use another backend here, or a computer with a kernel of its own",
            )
        return None

    def version(self) -> str:
        return f"Linux {run([PROGRAM, '--version']).stdout.strip()} in user mode"

    def engine(self, image: LabImage | None) -> Engine:
        return "uml"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            files = stack.enter_context(plain_path(image.initramfs.parent))
            own = stack.enter_context(plain_path(folder))
            argv = [PROGRAM, f"mem={limits.memory_mib}M", f"initrd={files}/{image.initramfs.name}"]
            argv += [*WORDS, f"uml_dir={own}", "umid=lab"]
            if image.disk:  # r: it is opened for reading only
                disk = stack.enter_context(plain_path(image.disk.parent)) / image.disk.name
                argv += [f"ubd0r={disk}", "LAB_DISK=/dev/ubda"]
            log = folder / "stderr.log"
            started = confined(argv, log, {}, limits, timeline, limited=False, kind=UmlInstance)
            yield stack.enter_context(started)

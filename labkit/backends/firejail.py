"""Backend `firejail`: firejail(1), what desktop programs are locked in with on the computer's own
files: namespaces, no capabilities, a filter of system calls, and system folders read-only.

It has no root of its own: `--chroot` is switched off in Debian's /etc/firejail/firejail.config, so
the agent runs where the lab image lies, as on `host`. No control group limits it: memory is limited
by RLIMIT_AS (setrlimit(2)). As root only: of a set-user-ID program the kernel tells a user neither
memory nor environment, proc(5). A small program of firejail's is process 1 inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.engine_parts.base import NO_SAVED_STATE, EnginePartBackend
from labkit.backends.instance import Instance
from labkit.backends.piped import confined, instance_name
from labkit.backends.timeline import Timeline
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system import owned_files
from labkit.system.owner_marks import mark_in, scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import last_lines, run

BOUNDARY = (
    # No profile: those are the system's and the user's own, and differ from computer to computer.
    *("firejail", "--quiet", "--noprofile", "--hostname=lab"),
    *("--net=none", "--ipc-namespace", "--private-dev"),
    *("--caps.drop=all", "--nonewprivs", "--seccomp"),
    # Where folders for temporary files and caches may be, which it would hide or make read-only.
    *("--keep-var-tmp", "--keep-dev-shm", "--writable-var"),
)
PID_NAMESPACE = Path("/proc/self/ns/pid")
# Each sandbox has a file in both, called by its process id; the first has its name in it.
NAMES, SANDBOXES = Path("/run/firejail/name"), Path("/run/firejail/sandbox")


class FirejailBackend(EnginePartBackend):
    name = "firejail"
    family = "namespaces"
    about_s = 0.2
    sweeps_files = True
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": NO_SAVED_STATE,
        "control group": "firejail makes none; memory is limited by the address space",
    }

    def missing(self) -> Missing | None:
        return super().missing() or _refused()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            argv = [*BOUNDARY, f"--name={instance_name()}"]
            argv += [f"--rlimit-as={limits.memory_mib << 20}", "--"]
            argv += [f"{image.rootfs}/bin/busybox", "sh", f"{image.rootfs}/lab/agent"]
            env = {"LAB_SCRATCH": str(folder)}
            started = confined(argv, folder / "stderr.log", env, limits, timeline, limited=False)
            yield stack.enter_context(started)

    def sweep(self, judge: Judge) -> list[str]:
        """The files that a firejail leaves which was killed itself."""
        removed = []
        for file in owned_files.listed(NAMES, "*"):
            if gone := owned_files.remove_left(file, _mark(file), judge):
                owned_files.discard(SANDBOXES / file.name)
                removed += gone
        return removed


def _mark(file: Path) -> str:
    with suppress(OSError, UnicodeError):
        return mark_in(file.read_text(encoding="utf-8").strip())
    return ""


def _refused() -> Missing | None:
    """In a container, or in another sandbox, it starts programs without any boundary, and succeeds:
    so whether there is one is looked at from inside."""
    try:
        inside = run([*BOUNDARY, "--", "readlink", str(PID_NAMESPACE)], timeout=10).stdout.strip()
    except CommandError as error:
        why = last_lines(error.details, 1)
    else:
        if inside != str(PID_NAMESPACE.readlink()):
            return None
        why = "it takes this computer for a container or a sandbox"
    return Missing(
        f"firejail makes no boundary here: {why}",
        "run the lab on the computer itself, in no container and no sandbox",
    )

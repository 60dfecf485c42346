"""Backend `bubblewrap`: bwrap(1), what Flatpak starts programs by: namespaces in one small program.

It needs no root where the kernel lets a user make user namespaces, user_namespaces(7). No privilege
is left, none can be had again, and no control group limits it: memory by RLIMIT_AS (setrlimit(2)).
The program is process 1 inside, as in a container; bwrap's own would outlive bwrap by a moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from labkit.backends.base import Missing
from labkit.backends.engine_parts.base import NO_SAVED_STATE, EnginePartBackend
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.instance import Instance
from labkit.backends.piped import confined, first_line, image_refused
from labkit.backends.timeline import Timeline
from labkit.errors import CommandError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import as_root, find_tool, last_lines, run

BOUNDARY = (
    "bwrap",
    "--unshare-all",
    "--as-pid-1",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
)
LIMITED = ("/bin/busybox", "sh", "-c", 'ulimit -v "$LIMIT_KIB"; exec "$@"', "sh")


class BubblewrapBackend(EnginePartBackend):
    name = "bubblewrap"
    family = "namespaces"
    about_s = 0.2
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": NO_SAVED_STATE,
        "control group": "bwrap makes none; memory is limited by the address space",
    }

    def missing(self) -> Missing | None:
        if (refused := image_refused()) is not None:
            return refused
        if find_tool("bwrap") is None:
            return Missing("bwrap is not installed", as_root("setup bubblewrap"))
        try:
            run([*BOUNDARY, "--ro-bind", "/", "/", "true"], timeout=10)
        except CommandError as error:
            return Missing(
                f"bwrap may make no namespaces here: {last_lines(error.details, 1)}",
                as_root("run --backends bubblewrap"),
            )
        return None

    def version(self) -> str:
        return first_line(["bwrap", "--version"])

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            (folder / "scratch").mkdir()
            argv = [*BOUNDARY, "--hostname", "lab", "--ro-bind", str(image.rootfs), "/"]
            argv += ["--proc", "/proc", "--dev", "/dev"]
            argv += ["--bind", str(folder / "scratch"), "/scratch", "--", *LIMITED, *AGENT]
            env = {"LIMIT_KIB": str(limits.memory_mib * 1024)}
            started = confined(argv, folder / "stderr.log", env, limits, timeline, limited=False)
            yield stack.enter_context(started)

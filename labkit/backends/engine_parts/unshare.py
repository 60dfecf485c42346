"""Backend `unshare`: bare namespaces, namespaces(7), with a root of their own, pivot_root(2).

What a container is made of, without an engine: util-linux's unshare(1) makes the namespaces, a
few lines of shell do the mounts and change the root. Capabilities stay, no system call is
filtered, there is no control group. Limits: CPU affinity, and RLIMIT_AS (setrlimit(2)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import ClassVar

from labkit.backends.engine_parts import mounts
from labkit.backends.engine_parts.base import NO_SAVED_STATE, EnginePartBackend
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.instance import Instance
from labkit.backends.piped import confined
from labkit.backends.timeline import Timeline
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder

NAMESPACES = ("--mount", "--uts", "--ipc", "--pid", "--net")
# The old root goes to /tmp, an empty folder of the new one, and from there out of sight.
ENTER = f"""{mounts.MOUNTS}
cd root
"$BUSYBOX" pivot_root . tmp
cd /
/bin/busybox umount -n -l /tmp
ulimit -v "$LIMIT_KIB"
exec {" ".join(AGENT)}
"""


class UnshareBackend(EnginePartBackend):
    name = "unshare"
    family = "namespaces"
    about_s = 0.2
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": NO_SAVED_STATE,
        "control group": "namespaces limit what is seen, not what is used; memory is limited by "
        "the address space",
    }

    def programs(self) -> tuple[str, ...]:
        return ()

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            env = mounts.environment(image, folder)
            env |= {"LIMIT_KIB": str(limits.memory_mib * 1024), "LAB_SCRATCH": "/scratch"}
            argv = ["unshare", *NAMESPACES, "--fork", "--kill-child"]
            argv += [env["BUSYBOX"], "sh", "-c", ENTER]
            started = confined(argv, folder / "stderr.log", env, limits, timeline, limited=False)
            yield stack.enter_context(started)

"""Backend `lxc`: a container by lxc-execute(1), of LXC, the older of Linux's container engines.

lxc.container.conf(5). The boundary is that of the other containers: no network, a read-only root,
no capabilities, no new privileges; with the filter of system calls that LXC's own configurations
include. lxc-execute stays as the container's monitor, and a program of LXC's is process 1 inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.backends.containers import AttachedBackend
from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.piped import first_line
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.host import cpu_set
from labkit.system.owner_marks import OWNER_VARIABLE, owner

SECCOMP = Path("/usr/share/lxc/config/common.seccomp")
BOUNDARY = (
    "lxc.rootfs.options = ro",
    "lxc.uts.name = lab",
    "lxc.net.0.type = empty",
    "lxc.mount.auto = proc:mixed sys:ro",
    "lxc.autodev = 1",
    "lxc.pty.max = 0",
    "lxc.tty.max = 0",
    "lxc.console.path = none",
    "lxc.cap.keep = none",
    "lxc.no_new_privs = 1",
    "lxc.environment = PATH=/bin",
)


class LxcBackend(AttachedBackend):
    name = "lxc"
    program = "lxc-execute"

    def version(self) -> str:
        return f"LXC {first_line(['lxc-execute', '--version'])}"

    @contextmanager
    def prepared(
        self, image: LabImage, limits: Limits, folder: Path, name: str
    ) -> Iterator[list[str]]:
        (folder / "scratch").mkdir()
        lines = configuration(image.rootfs, folder / "scratch", limits, name)
        (folder / "config").write_text("\n".join([*lines, ""]), encoding="utf-8")
        yield ["lxc-execute", "-n", name, "-f", str(folder / "config"), "--", *AGENT]


def configuration(rootfs: Path, scratch: Path, limits: Limits, name: str) -> list[str]:
    """The container's configuration; the control groups' version decides on names in it."""
    return [
        f"lxc.rootfs.path = dir:{rootfs}",
        f"lxc.mount.entry = {in_fstab(scratch)} scratch none bind 0 0",
        f"lxc.environment = {OWNER_VARIABLE}={owner()}",
        # At the top of the hierarchy, with our name: what outlives us is found by it.
        f"lxc.cgroup.dir = {name}",
        *_held(limits),
        *([f"lxc.seccomp.profile = {SECCOMP}"] if SECCOMP.exists() else []),
        *BOUNDARY,
    ]


def _held(limits: Limits) -> Iterator[str]:
    """The limits, as far as control groups here can keep them."""
    cpus, memory = ",".join(map(str, cpu_set(limits.cpus))), limits.memory_mib << 20
    kind = "lxc.cgroup2" if (unified := oci_groups.unified()) else "lxc.cgroup"
    if oci_groups.holds("memory"):
        yield f"{kind}.memory.{'max' if unified else 'limit_in_bytes'} = {memory}"
    if oci_groups.limits_swap():
        swap = "swap.max = 0" if unified else f"memsw.limit_in_bytes = {memory}"
        yield f"{kind}.memory.{swap}"
    if oci_groups.holds("cpuset"):
        yield f"{kind}.cpuset.cpus = {cpus}"


def in_fstab(path: Path) -> str:
    """Blanks and backslashes as fstab(5) has them."""
    return re.sub(r"[\s\\]", lambda sign: f"\\{ord(sign[0]):03o}", str(path))

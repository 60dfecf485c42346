"""The lab's root file system, mounted as a boundary of one's own needs it: read-only, with /proc,
a few devices and a place to write.

All mounts are made in a mount namespace (mount_namespaces(7)) and go with its last process, also
when the lab is killed: nothing is ever mounted where the host sees it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.backends.base import Missing
from labkit.backends.piped import missing_tools, piped
from labkit.errors import BackendError, CommandError
from labkit.image import LabImage
from labkit.system.process import find_tool, last_lines, run

# busybox's own programs, by full path: the host's search path does not matter. -n: no mtab.
MOUNTS = """
set -e
cd "$FOLDER"
"$BUSYBOX" mount -n --bind "$ROOTFS" root
"$BUSYBOX" mount -n -o remount,bind,ro root
"$BUSYBOX" mount -n -t proc proc root/proc
"$BUSYBOX" mount -n -t tmpfs dev root/dev
for device in null zero random urandom; do
    : >root/dev/$device
    "$BUSYBOX" mount -n --bind /dev/$device root/dev/$device
done
"$BUSYBOX" mount -n --bind scratch root/scratch
"""
HOLD = MOUNTS + "echo mounted\nread line\n"


def environment(image: LabImage, folder: Path) -> dict[str, str]:
    """What MOUNTS asks for, and the two folders it uses."""
    for name in ("root", "scratch"):
        (folder / name).mkdir()
    busybox = image.rootfs / "bin/busybox"
    return {"FOLDER": str(folder), "ROOTFS": str(image.rootfs), "BUSYBOX": str(busybox)}


@contextmanager
def mounted_root(image: LabImage, folder: Path) -> Iterator[Path]:
    """The mounted root, held by a process that waits. The path leads into that process's mount
    namespace (/proc/PID/root, proc(5)) and is good for chroot(2) from outside."""
    env = environment(image, folder)
    argv = ["unshare", "--mount", env["BUSYBOX"], "sh", "-c", HOLD]
    log = folder / "mounts.log"
    with piped(argv, log, env=env) as holder:
        _wait_mounted(holder, log)
        yield Path(f"/proc/{holder.pid}/root{folder / 'root'}")


def _wait_mounted(holder: subprocess.Popen[bytes], log: Path) -> None:
    assert holder.stdout is not None
    if holder.stdout.readline() != b"mounted\n":
        raise BackendError(
            "the root file system could not be mounted",
            details=last_lines(log.read_text(encoding="utf-8", errors="replace")),
        )


def missing_namespaces(programs: tuple[str, ...], setup: str) -> Missing | None:
    """Why this boundary cannot be made here. Namespaces are tried out: a container's root, or a
    kernel's setting, may be forbidden to make them."""
    missing = missing_tools(("unshare", *programs), setup)
    if missing is not None:
        return missing
    if "util-linux" not in run(["unshare", "--version"], check=False).stdout:
        return Missing(
            f"{find_tool('unshare')} is not util-linux's, which has --kill-child",
            "install your system's package util-linux",
        )
    try:
        run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], timeout=10)
    except CommandError as error:
        return Missing(
            f"this system forbids making namespaces: {last_lines(error.details, 1)}",
            "run the lab on the computer itself or in a privileged container",
        )
    return None

"""The Windows Subsystem for Linux, in the doctor's own words.

WSL 2 is a Linux in a virtual machine of Windows, and the lab runs there as on any Linux; four
things are special to it. Source: learn.microsoft.com/windows/wsl, "wsl-config", "filesystems".
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from pathlib import Path

import psutil

from labkit.system.host import device_error
from labkit.system.paths import cache_dir, project_dir, typed

# As the kernel calls itself: 5.15.153.1-microsoft-standard-WSL2, and 4.4.0-19041-Microsoft.
_RELEASE = re.compile(r"microsoft", re.IGNORECASE)
_FIRST = re.compile(r"-Microsoft$")
_DRIVES = ("9p", "drvfs", "virtiofs")  # how a drive of Windows is mounted
NESTED = (
    "/dev/kvm is not there: virtual machines inside WSL need Windows 11 (nestedVirtualization=true "
    r"under [wsl2] in %UserProfile%\.wslconfig, its default); after a change: wsl --shutdown"
)
DENIED = (
    "/dev/kvm does not open for you: as root, usermod -aG kvm YOU; and where it is root's alone, "
    'add to /etc/wsl.conf, under [boot]: command="chown root:kvm /dev/kvm; chmod 660 /dev/kvm"; '
    "then: wsl --shutdown"
)
DOCKER = (
    "Docker Desktop lends its daemon to this Linux where that is switched on: Settings, Resources, "
    "WSL integration; or install Docker Engine in here: labkit setup docker"
)


def notes(kernel: str, *, docker: bool) -> tuple[str, ...]:
    """What is special to WSL where this kernel is its; `docker`: whether a daemon answers."""
    if not _RELEASE.search(kernel):
        return ()
    if _FIRST.search(kernel):
        return ("WSL 1 has no kernel of Linux: wsl --set-version DISTRIBUTION 2, in Windows",)
    found = ["WSL 2: this Linux, the baseline too, is in a virtual machine of Windows"]
    found += _kvm(device_error("/dev/kvm"))
    mounts = ((m.mountpoint, m.fstype) for m in psutil.disk_partitions(all=True))
    found += _on_drives((project_dir(), cache_dir()), mounts)
    return (*found, *([] if docker else [DOCKER]))


def _kvm(error: OSError | None) -> list[str]:
    if error is None:
        return []
    return [DENIED if error.errno in (errno.EACCES, errno.EPERM) else NESTED]


def _on_drives(folders: Iterable[Path], mounts: Iterable[tuple[str, str]]) -> list[str]:
    """Those of these folders that are on a drive of Windows; the longest mount point counts."""
    table = {Path(point): kind for point, kind in mounts}
    slow = []
    for folder in folders:
        under = [point for point in table if folder.is_relative_to(point)]
        if under and table[max(under, key=lambda point: len(point.parts))] in _DRIVES:
            slow.append(
                f"{typed(folder)} is on a drive of Windows: slow, and without Linux's file rights; "
                "use a folder of this Linux, such as one in your home"
            )
    return slow

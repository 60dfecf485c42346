"""Where VirtualBox's programs are, and how they are called.

Either they are installed, or they lie in a private root of the lab's own (labkit/setup/
virtualbox.py), where each command runs by chroot in a mount namespace of its own: no mount is
ever left behind. What such a command shares with the host is one folder, `home`; /tmp is a
folder in there, too, so that the sockets of two labs never meet.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from labkit.backends.base import Missing
from labkit.errors import BackendError
from labkit.system.host import cpu_flags, device_error
from labkit.system.paths import cache_dir
from labkit.system.process import as_root, find_tool

MANAGE, MACHINE, DISPLAY = "VBoxManage", "VirtualBoxVM", "Xvfb"
DRIVER = "/dev/vboxdrv"

_PLACES = {MANAGE: "/usr/lib/virtualbox/", MACHINE: "/usr/lib/virtualbox/", DISPLAY: "/usr/bin/"}
# unshare(1) has made the namespace; exec keeps the process id of what was spawned.
_ENTER = """root=$1 home=$2; shift 2
for folder in /proc /sys /dev; do mount --rbind $folder "$root$folder"; done
mkdir -p "$home/tmp"; mount --bind "$home/tmp" "$root/tmp"
mkdir -p "$root$home"; mount --bind "$home" "$root$home"
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Installation:
    """VirtualBox on this computer; `root` is the private root, None where it is installed."""

    root: Path | None = None

    def has(self, program: str) -> bool:
        return self._find(program) is not None

    def argv(self, home: Path, program: str, *arguments: str) -> list[str]:
        """The command that runs this program with everything of its own below `home`."""
        found = self._find(program)
        if found is None:
            raise BackendError(
                f"{program} is not installed", resolution=as_root("setup virtualbox")
            )
        words = ["env", *_environment(home)]
        if self.root is None:
            return [*words, found, *arguments]
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER, "sh"]
        return [*words, *enter, str(self.root), str(home), found, *arguments]

    def _find(self, program: str) -> str | None:
        if self.root is None:
            return find_tool(program)
        path = _PLACES[program] + program
        return path if (self.root / path.lstrip("/")).exists() else None


def find_installation() -> Installation | None:
    """An installed VirtualBox, else the private root, which only root can enter; None without."""
    if find_tool(MANAGE):
        return Installation()
    private = Installation(private_root())
    return private if os.geteuid() == 0 and private.has(MANAGE) else None


def absent() -> Missing:
    """Why there is none for this user. One that root has unpacked lies in root's own cache, which
    others can neither see nor enter; it unpacks one on Debian and its like only."""
    reason, setup = f"VirtualBox ({MANAGE}) is not installed", as_root("setup virtualbox")
    unpacks = sys.platform == "linux" and find_tool("apt-get")
    if os.geteuid() == 0 or not unpacks:
        return Missing(reason, setup)
    measure = as_root("run --backends host,virtualbox")
    return Missing(
        f"{reason} for all users; one that the lab has unpacked is root's alone",
        f"{setup}; where that unpacks one (Debian has no package), measure as root, too: {measure}",
    )


def private_root() -> Path:
    """The folder of the private root; its number rises when the recipe changes."""
    return cache_dir() / "virtualbox" / "root-1"


def page_tables_refusal() -> str | None:
    """Why no machine gets beyond its first instruction with the driver, or None. AMD-V reads the
    tables that map a guest's memory with as many levels as the kernel's own; VirtualBox makes four
    (seen with 7.2.22; https://github.com/VirtualBox/virtualbox/issues/659)."""
    if {"svm", "la57"} <= (cpu_flags() or frozenset()):
        return "Linux runs with page tables of five levels, with which VirtualBox's machines hang"
    return None


def driver_refusal(device: str = DRIVER) -> str | None:
    """Why VirtualBox's kernel driver cannot be used, or None when its device opens."""
    error = device_error(device)
    if isinstance(error, FileNotFoundError):
        return f"VirtualBox's kernel driver is not loaded ({device} is not there)"
    return (
        f"VirtualBox's kernel driver does not open ({device}: {error.strerror})" if error else None
    )


def _environment(home: Path) -> list[str]:
    """A registry, a socket name and a home folder of the lab's own: a user's machines are never
    seen. Documented: VirtualBox manual, "Where Oracle VirtualBox Stores its Files"."""
    return [
        f"VBOX_USER_HOME={home / 'registry'}",
        f"VBOX_IPC_SOCKETID={home.name}",
        f"HOME={home}",
        f"XDG_RUNTIME_DIR={home}",
    ]

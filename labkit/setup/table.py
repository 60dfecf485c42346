"""What each backend needs on this computer: the table of set-up steps.

Each step does nothing where nothing is missing, so a second set-up costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labkit.backends.engine_parts.containerd import find_socket
from labkit.backends.own.names import is_installed, is_own
from labkit.backends.qemu.disk_format import IMAGER
from labkit.image import distribution
from labkit.setup import apt
from labkit.setup.docker import set_up_docker
from labkit.setup.qemu import set_up_qemu
from labkit.setup.virtualbox import set_up_virtualbox
from labkit.system.process import find_tool

Say = Callable[[str], None]


def installs(programs: Sequence[str], *packages: str) -> Callable[[Say], None]:
    """A step that installs the packages where one of its programs is missing."""

    def set_up(say: Say) -> None:
        if any(find_tool(program) is None for program in programs):
            apt.install(packages, say)

    return set_up


def set_up_containerd(say: Say) -> None:
    """Its client, and Docker's daemon, which brings one, as far as is missing."""
    installs(["ctr"], "containerd")(say)
    if find_socket() is None:
        set_up_docker(say)


def set_up_docker_cli(say: Say) -> None:
    """A daemon, and the command that talks to it: newer Debian has it in a package of its own."""
    set_up_docker(say)
    installs(["docker"], "docker-cli")(say)


SETUPS: dict[str, Callable[[Say], None]] = {
    "docker": set_up_docker,
    "qemu": set_up_qemu,
    "virtualbox": set_up_virtualbox,
    "chroot": installs(["unshare"], "util-linux"),
    "unshare": installs(["unshare"], "util-linux"),
    "crun": installs(["crun"], "crun"),
    "runc": installs(["runc"], "runc"),
    "containerd": set_up_containerd,
    "docker-cli": set_up_docker_cli,
    "bubblewrap": installs(["bwrap"], "bubblewrap"),
    "firejail": installs(["firejail"], "firejail"),
    "lxc": installs(["lxc-execute"], "lxc"),
    "nspawn": installs(["systemd-nspawn"], "systemd-container"),
    "podman": installs(["podman", "runc"], "podman", "runc", "catatonit"),
    "runsc": installs(["runsc"], "runsc"),
    "uml": installs(["linux.uml"], "user-mode-linux"),
}


def set_up_backend(name: str, say: Say) -> None:
    """What a backend needs; and for a variant what reads disks of other formats, or installs a
    distribution into a folder."""
    if (base := name.partition(":")[0]) in SETUPS:
        SETUPS[base](say)
    if is_own(name) and base == "virtualbox":
        installs([IMAGER], "qemu-utils")(say)
    if is_installed(name):
        packages = ("mmdebstrap", "e2fsprogs", "debian-archive-keyring")
        installs(distribution.PROGRAMS, *packages)(say)

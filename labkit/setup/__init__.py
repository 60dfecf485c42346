"""What each backend needs on this computer: the table of set-up steps.

Each step does nothing where nothing is missing, so a second set-up costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from labkit.setup.containerd import set_up_containerd
from labkit.setup.docker import set_up_docker
from labkit.setup.docker_cli import set_up_docker_cli
from labkit.setup.programs import installs
from labkit.setup.qemu import set_up_qemu
from labkit.setup.virtualbox import set_up_virtualbox

Say = Callable[[str], None]

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
}

__all__ = ["SETUPS", "Say"]

"""The table of backends. A new one: one file in this folder and one line here."""

from __future__ import annotations

from labkit.backends.base import Backend, Instance, Meter, Missing
from labkit.backends.docker import DockerBackend
from labkit.backends.host import HostBackend
from labkit.backends.qemu import QemuBackend, QemuResumedBackend
from labkit.backends.virtualbox import VirtualBoxBackend
from labkit.backends.virtualbox_resumed import VirtualBoxResumedBackend
from labkit.errors import UsageError

BACKENDS: dict[str, type[Backend]] = {
    "host": HostBackend,
    "docker": DockerBackend,
    "qemu": QemuBackend,
    "qemu-resumed": QemuResumedBackend,
    "virtualbox": VirtualBoxBackend,
    "virtualbox-resumed": VirtualBoxResumedBackend,
}

__all__ = ["BACKENDS", "Backend", "Instance", "Meter", "Missing", "make_backend"]


def make_backend(name: str) -> Backend:
    """The backend of this name; UsageError when there is none."""
    if name not in BACKENDS:
        raise UsageError(
            f"there is no backend {name!r}",
            details=f"the lab has: {', '.join(BACKENDS)}",
            resolution="name one or more of them, with commas between",
        )
    return BACKENDS[name]()

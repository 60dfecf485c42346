"""The table of backends. A new one: one file in this folder and one line here."""

from __future__ import annotations

from collections.abc import Iterable

from labkit.backends.base import Backend, Instance, Meter, Missing
from labkit.backends.chroot import ChrootBackend
from labkit.backends.containerd import ContainerdBackend
from labkit.backends.crun import CrunBackend
from labkit.backends.docker import DockerBackend
from labkit.backends.docker_cli import DockerCliBackend
from labkit.backends.host import HostBackend
from labkit.backends.qemu import QemuBackend
from labkit.backends.qemu_resumed import QemuResumedBackend
from labkit.backends.runc import RuncBackend
from labkit.backends.unshare import UnshareBackend
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
    "chroot": ChrootBackend,
    "unshare": UnshareBackend,
    "crun": CrunBackend,
    "runc": RuncBackend,
    "containerd": ContainerdBackend,
    "docker-cli": DockerCliBackend,
}
# What a run without names compares.
DEFAULT = tuple(name for name, kind in BACKENDS.items() if kind.by_default)
# Names for several backends at once: the container engine from the outside in, a layer each.
GROUPS: dict[str, tuple[str, ...]] = {
    "layers": (
        "host",
        "chroot",
        "unshare",
        "crun",
        "runc",
        "containerd",
        "docker",
        "docker-cli",
    ),
}

__all__ = ["BACKENDS", "DEFAULT", "GROUPS", "Backend", "Instance", "Meter", "Missing"]
__all__ += ["expand", "make_backend"]


def expand(names: Iterable[str]) -> list[str]:
    """Names with each group replaced by its backends; each once."""
    return list(dict.fromkeys(each for name in names for each in GROUPS.get(name, (name,))))


def make_backend(name: str) -> Backend:
    """The backend of this name, also a variant of one such as docker:network=bridge; UsageError
    when there is none."""
    base, *words = name.split(":")
    if base not in BACKENDS:
        raise UsageError(
            f"there is no backend {base!r}",
            details=f"the lab has: {', '.join([*BACKENDS, *GROUPS])}",
            resolution="name one or more of them, with commas between",
        )
    backend = BACKENDS[base]()
    if words:
        backend.name = name
        backend.varied = dict(_setting(backend, word) for word in words)
    return backend


def _setting(backend: Backend, word: str) -> tuple[str, str]:
    """`name=value` → both, if the backend has such a setting."""
    name, _, value = word.partition("=")
    if value not in backend.settings.get(name, ()):
        known = [f"{n}={'|'.join(values)}" for n, values in backend.settings.items()]
        raise UsageError(
            f"{word!r} is no setting of the backend {backend.name.partition(':')[0]}",
            details=f"it has: {', '.join(known)}" if known else "it has none",
            resolution="such as docker:network=bridge:seccomp=unconfined",
        )
    return name, value

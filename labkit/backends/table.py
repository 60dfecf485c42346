"""The table of backends. A new one: one file in this folder and one line here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from labkit.backends.base import Backend
from labkit.backends.bubblewrap import BubblewrapBackend
from labkit.backends.distribution.container import DistributionContainerBackend
from labkit.backends.distribution.machine import DistributionDiskBackend
from labkit.backends.distribution.nspawn import DistributionNspawnBackend
from labkit.backends.distribution.virtualbox import DistributionVirtualBoxBackend
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.engine_parts.chroot import ChrootBackend
from labkit.backends.engine_parts.containerd import ContainerdBackend
from labkit.backends.engine_parts.crun import CrunBackend
from labkit.backends.engine_parts.docker_cli import DockerCliBackend
from labkit.backends.engine_parts.runc import RuncBackend
from labkit.backends.engine_parts.unshare import UnshareBackend
from labkit.backends.firejail import FirejailBackend
from labkit.backends.host import HostBackend
from labkit.backends.kubernetes.backend import KubernetesBackend
from labkit.backends.lxc import LxcBackend
from labkit.backends.nspawn import NspawnBackend
from labkit.backends.own.container import OwnContainerBackend
from labkit.backends.own.disk import OwnDiskBackend
from labkit.backends.own.virtualbox import OwnVirtualBoxBackend
from labkit.backends.podman import PodmanBackend
from labkit.backends.qemu.backend import QemuBackend
from labkit.backends.qemu.resumed import QemuResumedBackend
from labkit.backends.runsc import RunscBackend
from labkit.backends.user_mode_linux import UserModeLinuxBackend
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.resumed import VirtualBoxResumedBackend
from labkit.backends.vmware.backend import VmwareBackend
from labkit.backends.xen import XenBackend
from labkit.errors import UsageError
from labkit.recordings.facts import LIMITS

BACKENDS: dict[str, type[Backend]] = {
    "host": HostBackend,
    "docker": DockerBackend,
    "qemu": QemuBackend,
    "qemu-resumed": QemuResumedBackend,
    "virtualbox": VirtualBoxBackend,
    "virtualbox-resumed": VirtualBoxResumedBackend,
    "vmware": VmwareBackend,
    "chroot": ChrootBackend,
    "unshare": UnshareBackend,
    "crun": CrunBackend,
    "runc": RuncBackend,
    "containerd": ContainerdBackend,
    "docker-cli": DockerCliBackend,
    "bubblewrap": BubblewrapBackend,
    "firejail": FirejailBackend,
    "lxc": LxcBackend,
    "nspawn": NspawnBackend,
    "podman": PodmanBackend,
    "runsc": RunscBackend,
    "uml": UserModeLinuxBackend,
    "xen": XenBackend,
    "kubernetes": KubernetesBackend,
}
# Images of one's own, and an installed distribution: (name, its first setting) → the class.
OWN: dict[tuple[str, str], type[Backend]] = {
    ("docker", "image"): OwnContainerBackend,
    ("qemu", "disk"): OwnDiskBackend,
    ("qemu", "ova"): OwnDiskBackend,
    ("virtualbox", "disk"): OwnVirtualBoxBackend,
    ("virtualbox", "ova"): OwnVirtualBoxBackend,
    ("docker", "distribution"): DistributionContainerBackend,
    ("nspawn", "distribution"): DistributionNspawnBackend,
    ("qemu", "distribution"): DistributionDiskBackend,
    ("virtualbox", "distribution"): DistributionVirtualBoxBackend,
}
# What the settings LIMITS may be; memory in MiB.
NUMBERS = {"cpus": "1 to 9999999", "memory": "64 to 9999999"}
# What a run without names compares.
DEFAULT = tuple(name for name, kind in BACKENDS.items() if kind.by_default)
# Names for several backends at once: the container engine from the outside in, a part each; and
# all ways to run a program apart from others, from a bare process to a whole machine.
GROUPS: dict[str, tuple[str, ...]] = {
    "engine-parts": (
        "host",
        "chroot",
        "unshare",
        "crun",
        "runc",
        "containerd",
        "docker",
        "docker-cli",
    ),
    "spectrum": (
        *("host", "chroot", "unshare", "bubblewrap", "firejail"),
        *("nspawn", "lxc", "crun", "runc", "containerd", "podman", "docker"),
        *("runsc", "uml", "qemu", "virtualbox"),
    ),
}


def expand(names: Iterable[str]) -> list[str]:
    """Names with each group replaced by its backends; each once. UsageError for what is none."""
    expanded = dict.fromkeys(each for name in names for each in GROUPS.get(name, (name,)))
    for name in expanded:
        make_backend(name)
    return list(expanded)


def make_backend(name: str) -> Backend:
    """The backend of this name, also a variant of one such as docker:network=bridge; UsageError
    when there is none."""
    base, colon, rest = name.partition(":")
    if base not in BACKENDS:
        raise UsageError(
            f"there is no backend {base!r}",
            details=f"the lab has: {', '.join([*BACKENDS, *GROUPS])}",
            resolution="name one or more of them, with commas between",
        )
    kind = OWN.get((base, rest.partition("=")[0]), BACKENDS[base])
    known = "|".join([*LIMITS, *kind.settings, *kind.free])
    # What is free text may have a colon in it: docker:image=app:1.2:ready=tcp:80.
    words = re.split(rf":(?=(?:{known})=)" if kind.free else ":", rest) if colon else []
    return kind(variation=dict(_setting(kind, word) for word in words))


def _setting(backend: type[Backend], word: str) -> tuple[str, str]:
    """`name=value` → both, if the backend has such a setting."""
    name, _, value = word.partition("=")
    numbered = name in LIMITS and re.fullmatch(r"[1-9]\d{0,6}", value, re.ASCII)
    free = name in backend.free and value and value.isprintable()
    if numbered or free or value in backend.settings.get(name, ()):
        return name, value
    raise _refused(backend, name, value)


def _refused(backend: type[Backend], name: str, value: str) -> UsageError:
    """Whether it is the value that makes no sense, or there is no such setting."""
    takes = {n: "|".join(values) for n, values in backend.settings.items()}
    takes |= dict.fromkeys(backend.free, "…") | NUMBERS
    if name in takes:
        values = "any text in one line" if name in backend.free else takes[name]
        return UsageError(
            f"the setting {name} of the backend {backend.name} cannot be {value!r}",
            resolution=f"choose one of its values: {values}",
        )
    return UsageError(
        f"{name!r} is no setting of the backend {backend.name}",
        details=f"it has: {', '.join(f'{n}={values}' for n, values in takes.items())}",
        resolution="such as docker:network=bridge:seccomp=unconfined",
    )

"""`docker:distribution=booted`: a container whose first program is systemd, and `…=plain`: one
whose only program is the login itself: what a container is otherwise, a program and no system.

What systemd wants of a container engine (https://systemd.io/CONTAINER_INTERFACE): /run in memory, a
tree of control groups that it may write to, and SIGRTMIN+3 as the signal to end. Docker mounts the
control groups read-only: who may mount (CAP_SYS_ADMIN, and no AppArmor that forbids it) makes those
of the container's own namespace writable. That is a weaker boundary than Docker's usual one; the
plain form has the usual one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, ClassVar

import docker
from docker.errors import ImageNotFound

from labkit.backends.base import Missing
from labkit.backends.distribution import login
from labkit.backends.distribution.login import BOOTED, PLAIN, READY, LoginInstance
from labkit.backends.docker import store
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.client import DAEMON_ERRORS, connected, daemon_errors
from labkit.backends.docker.containers import started
from labkit.backends.docker.meters import meters_of
from labkit.backends.docker.store import DISTRIBUTIONS
from labkit.backends.instance import Instance
from labkit.backends.own.container import OwnContainerBackend, end, settings
from labkit.backends.own.instance import Said
from labkit.backends.own.ready import read
from labkit.backends.timeline import Timeline
from labkit.image import LabImage, distribution
from labkit.image.distribution import HOSTNAME, Distribution
from labkit.recordings.facts import Limits
from labkit.system.signals import uninterrupted

LOAD_TIMEOUT_S = 600
_MOUNTS = "/sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified"
_BOOT = (
    f"for tree in {_MOUNTS}; do mount -o remount,bind,rw $tree 2>/dev/null; done; exec /sbin/init"
)
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    BOOTED: {
        "command": ["/bin/sh", "-c", _BOOT],
        "cap_add": ["SYS_ADMIN"],
        "security_opt": ["apparmor=unconfined"],
        "cgroupns": "private",
        "tmpfs": {"/run": "", "/run/lock": ""},
        "environment": {"container": "docker"},
        "stop_signal": "SIGRTMIN+3",
    },
    PLAIN: {
        "command": ["/sbin/agetty", "--noclear", "--keep-baud", "-", "115200", "linux"],
        # A first process takes no other signal, unless it has asked for it: pid_namespaces(7).
        "stop_signal": "SIGKILL",
    },
}


class DistributionContainerBackend(OwnContainerBackend):
    about_s = 3.0
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "distribution": (BOOTED, PLAIN),
        "ready": (READY,),
    }
    free = ()

    def missing(self) -> Missing | None:
        return DockerBackend.missing(self) or login.missing(self.name)

    def prepare(self, image: LabImage) -> None:
        found = distribution.build(progress=self.progress)
        with daemon_errors("load the distribution"), connected(timeout=LOAD_TIMEOUT_S) as daemon:
            load(daemon, found)
            self._learn(daemon)

    def configuration(self) -> Mapping[str, str]:
        asked = SETTINGS[self.chosen["distribution"]]
        told = {name: str(value) for name, value in asked.items()}
        return {**DockerBackend.configuration(self), **login.facts(login.made()), **told}

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        form, ready = self.chosen["distribution"], read(READY)
        asked = settings(DISTRIBUTIONS.tag(login.made().digest), limits, ready, self._kept)
        asked |= {"hostname": HOSTNAME, "network_mode": "none", "tty": True, "stdin_open": True}
        with ExitStack() as stack:
            with daemon_errors("be reached"):
                daemon = stack.enter_context(connected(version=self._interface))
            running = stack.enter_context(started(daemon, timeline, {**asked, **SETTINGS[form]}))
            said = stack.enter_context(Said(running.channel, timeline.clock, ready.pattern()))
            meters = partial(meters_of, daemon, str(running.container.name))
            stop = partial(end, running.container)
            yield LoginInstance(said, timeline, meters, stop, booted=form == BOOTED)


def load(client: docker.DockerClient, found: Distribution) -> None:
    """Its archive as an image of one layer, unless it is there; those before it make way, as far
    as nobody uses them."""
    loaded = False
    for _ in range(3):  # another lab may just have removed it
        if store.claim(client, found.digest, DISTRIBUTIONS):
            break
        with uninterrupted():
            client.api.import_image_from_file(
                str(found.archive),
                repository=DISTRIBUTIONS.repository,
                tag=found.digest[:12],
                changes=[f"LABEL {DISTRIBUTIONS.label}={found.digest}"],
            )
        loaded = True
    if loaded:
        store.remove_superseded(client, found.digest, DISTRIBUTIONS)


def remove_from_daemon(found: Distribution | None) -> list[str]:
    """The tags of the image that are removed, which a lab may still rely on. None where there is
    no daemon that has it."""
    if found is None:
        return []
    with suppress(*DAEMON_ERRORS, ImageNotFound), connected(timeout=60) as daemon:
        image = daemon.images.get(DISTRIBUTIONS.tag(found.digest))
        if store.digest_of(image, DISTRIBUTIONS) == found.digest:
            return store.remove_unused(daemon, image, DISTRIBUTIONS)
    return []

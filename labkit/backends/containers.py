"""What any engine's container looks like from the host: its processes, its control group, its
containerd-shim."""

from __future__ import annotations

from contextlib import suppress

import psutil

from labkit import cgroups
from labkit.backends.base import Meter


def container_meters(pid: int) -> tuple[Meter, ...]:
    """The meters of a container, by its first process; none where that is not to be seen, as in
    Docker Desktop's machine."""
    if not pid or not psutil.pid_exists(pid):
        return ()
    memory, cpu = cgroups.of_process(pid)
    meters = [Meter("container", "instance", (pid,), cgroup=memory, cpu_cgroup=cpu)]
    with suppress(psutil.Error):
        shim = psutil.Process(pid).parent()
        if shim and "shim" in shim.name():
            meters.append(Meter("containerd-shim", "helper", (shim.pid,), tree=False))
    return tuple(meters)

"""Sets up the backend `containerd`: its client, and a daemon, which is the one of Docker."""

from __future__ import annotations

from collections.abc import Callable

from labkit.backends.containerd import find_socket
from labkit.process import find_tool
from labkit.setup import apt
from labkit.setup.docker import set_up_docker


def set_up_containerd(say: Callable[[str], None]) -> None:
    """Installs containerd and starts Docker's daemon, which brings one, as far as is missing."""
    if find_tool("ctr") is None:
        apt.install(["containerd"], say)
    if find_socket() is None:
        set_up_docker(say)

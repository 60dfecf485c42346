"""Sets up the backend `docker-cli`: a daemon, and the command that talks to it."""

from __future__ import annotations

from collections.abc import Callable

from labkit.process import find_tool
from labkit.setup import apt
from labkit.setup.docker import set_up_docker


def set_up_docker_cli(say: Callable[[str], None]) -> None:
    """Installs the command where it is missing: newer Debian has it in a package of its own."""
    set_up_docker(say)
    if find_tool("docker") is None:
        apt.install(["docker-cli"], say)

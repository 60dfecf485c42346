"""Installs Debian packages, as root; for everybody else names the command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from labkit.errors import CommandError, LabError
from labkit.process import find_tool, run

INSTALL_TIMEOUT_S = 900.0


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Installs packages with what they depend on. Raises LabError without apt or without root,
    and CommandError when apt fails."""
    command = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if find_tool("apt-get") is None:
        raise LabError(
            f"this system has no apt to install {', '.join(packages)} with",
            resolution="install their equals by your system's own means, then run this again",
        )
    if os.geteuid() != 0:
        raise LabError(
            f"{', '.join(packages)} must be installed, which needs root",
            resolution=f"sudo apt-get update && sudo {command}",
        )
    say(f"installing {', '.join(packages)} (a minute or so)")
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    try:
        run(command.split(), timeout=INSTALL_TIMEOUT_S)
    except CommandError:
        # Package lists that are empty or old: fetch them, and try once more.
        run(["apt-get", "update"], timeout=INSTALL_TIMEOUT_S)
        run(command.split(), timeout=INSTALL_TIMEOUT_S)

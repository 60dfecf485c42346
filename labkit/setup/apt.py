"""Installs Debian packages, as root; for everybody else names the command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from labkit.errors import CommandError, LabError
from labkit.system.process import find_tool, run, with_root

INSTALL_TIMEOUT_S = 900.0
# apt.conf(5): without it, apt ends at once where another program holds dpkg's lock.
PATIENT = ("-o", "DPkg::Lock::Timeout=300")


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
            resolution=with_root("apt-get update", command),
        )
    say(f"installing {', '.join(packages)} (a minute or so)")
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    try:
        _apt(command)
    except CommandError:
        # Package lists that are empty or old: fetch them, and try once more.
        _apt("apt-get update")
        _apt(command)


def _apt(command: str) -> None:
    """Unmarked: the services that a package starts are the computer's, and an installation that
    goes on after a killed lab must not be broken off. Another one, such as a computer's updates by
    itself, is waited for."""
    program, *words = command.split()
    run([program, *PATIENT, *words], timeout=INSTALL_TIMEOUT_S, marked=False)

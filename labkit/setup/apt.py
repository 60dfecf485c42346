"""Installs Debian packages, as root; for everybody else names the command."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from labkit.errors import CommandError, LabError
from labkit.system.process import find_tool, run, with_root

INSTALL_TIMEOUT_S = 1800.0
# How long another apt, such as the computer's updates by themselves, is waited for. apt does that
# for dpkg's lock (its doc/examples/configure-index), but not for that of its own lists.
PATIENCE_S = 300.0
PATIENT = ("-o", f"DPkg::Lock::Timeout={PATIENCE_S:.0f}")
LISTS_LOCK = "/lists/lock"


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
    goes on after a killed lab must not be broken off."""
    program, *words = command.split()
    deadline = time.monotonic() + PATIENCE_S
    while not _done([program, *PATIENT, *words], last=time.monotonic() > deadline):
        time.sleep(2)


def _done(argv: Sequence[str], *, last: bool) -> bool:
    """False where the lists are held by another one, and this was not the last try."""
    try:
        run(argv, timeout=INSTALL_TIMEOUT_S, marked=False)
    except CommandError as error:
        if last or LISTS_LOCK not in error.details:
            raise
        return False
    return True

"""A second Docker daemon, for tests that must break one."""

from __future__ import annotations

import os

import pytest

from labkit.backends.docker.own_daemon import UNSHARED, OwnDaemon


def own_daemon(*options: str, enter: tuple[str, ...] = UNSHARED) -> OwnDaemon:
    """Without the mark of this process, so that what a test sweeps away does not hold it."""
    require_root()
    return OwnDaemon(*options, mark="", enter=enter)


def require_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("a daemon of one's own needs root")

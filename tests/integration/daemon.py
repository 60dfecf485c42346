"""A second Docker daemon, for tests that must break one."""

from __future__ import annotations

import os

import pytest

from labkit.setup.own_daemon import OwnDaemon


def own_daemon(*options: str) -> OwnDaemon:
    """Without the mark of this process, so that what a test sweeps away does not hold it."""
    if os.geteuid() != 0:
        pytest.skip("a daemon of one's own needs root")
    return OwnDaemon(*options, mark="")

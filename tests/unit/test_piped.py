"""The end of an agent that is a child process: heard, lost on its way, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.piped import PipedInstance, piped
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.system.clock import HostClock

GOODBYE = "read line; echo BYE 1.0; exit 0"
LOST = "read line; exit 0"
BROKEN = "read line; exit 3"
KILLED = "read line; kill -9 $$"


def stopped(script: str, folder: Path) -> Timeline:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with piped(["/bin/sh", "-c", script], folder / "stderr.log") as process:
        PipedInstance(process, folder / "stderr.log", timeline).stop()
    return timeline


@pytest.mark.parametrize("script", [GOODBYE, LOST])
def test_an_agent_that_left_has_stopped(script: str, tmp_path: Path) -> None:
    """ctr may end before it has passed on the last line."""
    assert "stopped" in stopped(script, tmp_path).since_requested()


@pytest.mark.parametrize("script", [BROKEN, KILLED])
def test_an_agent_that_broke_off_has_not(script: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError):
        stopped(script, tmp_path)

"""What only firejail has: files of each sandbox that nobody removes when it is killed itself, and
its way of doing nothing where it takes the computer for a container."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

import psutil
import pytest

from labkit.backends.firejail import NAMES, SANDBOXES
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.system.owner_marks import wait_gone
from tests.conftest import ready_backend
from tests.integration.test_conformance import started
from tests.traces import traces

pytestmark = pytest.mark.namespaces
ASK = "from labkit.backends.table import make_backend; print(make_backend('firejail').missing())"


def test_what_a_killed_firejail_leaves_is_removed(lab_image: LabImage) -> None:
    backend = ready_backend("firejail")
    with started(backend, lab_image) as (instance, _):
        (meter,) = instance.all_meters()
        (pid,) = meter.pids
        inside = psutil.Process(pid).children(recursive=True)
        os.kill(pid, signal.SIGKILL)
        assert not wait_gone(inside, timeout=10), "all of it ends with firejail"
    left = [NAMES / str(pid), SANDBOXES / str(pid)]
    assert all(file.exists() for file in left)
    assert traces(os.getpid()) == [str(left[0])]
    assert cleanup.sweep([], mine=True) == [f"file {left[0]}"]
    assert not any(file.exists() for file in left)


def test_without_a_boundary_it_is_missing() -> None:
    """Of the computer's processes nothing is seen, as in a container."""
    ready_backend("firejail")
    enter = ("unshare", "--pid", "--mount-proc", "--fork", "--kill-child")
    said = subprocess.run([*enter, sys.executable, "-c", ASK], capture_output=True, text=True)
    assert "firejail makes no boundary" in said.stdout


@pytest.mark.parametrize("place", ["/var/tmp", "/dev/shm"])
def test_a_folder_that_firejail_would_hide_is_there(
    lab_image: LabImage, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """It mounts an empty one over each of them; /var it makes read-only."""
    monkeypatch.setattr(tempfile, "tempdir", place)
    with started(ready_backend("firejail"), lab_image) as (instance, _):
        assert instance.run(Request("disk", 0.2)).operations
        instance.stop()

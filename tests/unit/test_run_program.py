"""The guest's `run_program`: what the image lacks is told, in a pipe too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labkit.guest.workload import GUEST_DIR

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a shell of Linux")


@pytest.mark.parametrize("script", ["run_program nope", "echo a | run_program nope | cat"])
def test_a_program_that_the_image_lacks_is_named(script: str, tmp_path: Path) -> None:
    folder = GUEST_DIR / "program"
    done = subprocess.run(
        ["/bin/sh", "-c", f'. "$1"; {script}', "sh", str(folder)],
        env={"LAB_ROOT": "", "LAB_SCRATCH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if "cat" in script else 127) and not done.stdout
    assert "no program nope" in done.stderr and "--packages" in done.stderr
    assert (tmp_path / "lacking").read_text() == done.stderr, "for the workload's end"

"""Somebody sets the computer's clock during a run.

Really setting it would disturb everybody on the computer. `faked`: the lab's own wall clock is
stepped by libfaketime (Debian package faketime), while it runs. `shown`: another lab cleans up
and sees the kernel's start as a date that is off, as after such a step (btime in /proc/stat).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from labkit.experiments.table import load_run
from labkit.system.clock import wait_until
from tests.faults.checks import Kept
from tests.faults.scene import Scene

COMBINATIONS = [
    *(("shown", moment) for moment in ("started", "ready", "first_result")),
    *(("faked", step) for step in ("+1h", "-1d", "+30d", "-5s")),
]
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
LABKIT = str(Path(sys.executable).with_name("labkit"))
SHOW = (
    'sed "s/^btime .*/btime $1/" /proc/stat >"$2" && mount --bind "$2" /proc/stat && '
    'exec "$3" clean'
)


def inject(scene: Scene) -> None:
    if os.geteuid() != 0:
        pytest.skip("showing another clock needs root")
    (_faked if scene.fault.backend == "faked" else _shown)(scene)


def _shown(scene: Scene) -> None:
    """A lab that lives is left alone, whatever the clock says."""
    course = scene.course("docker", 2)
    lab = scene.begin(course.words)
    lab.until(scene.fault.moment, course.target)
    btime = str(int(time.time()) + scene.dice.choice([-1, 1]) * scene.dice.randrange(10, 10**7))
    words = [SHOW, "sh", btime, str(scene.folder / "stat"), LABKIT]
    clean = ["unshare", "--mount", "sh", "-c", *words]
    cleaned = subprocess.run(clean, check=True, capture_output=True, text=True, timeout=120)
    scene.entry.injected = True
    ended = scene.note(lab.finish())
    if str(lab.pid) in cleaned.stdout or ended.status != 0:
        scene.entry.lost.append(f"a trial of a lab that lived: {cleaned.stdout}{ended.err}")
    scene.expect_no_orphans(lab.pid)


def _faked(scene: Scene) -> None:
    """Durations are those of the monotonic clock, so that a step is in no figure."""
    if not LIBRARY.exists():
        pytest.skip("libfaketime (Debian package faketime) is not installed")
    course = scene.course("host", 3, seconds=0.5)
    clock = scene.folder / "clock"
    clock.write_text("+0\n")
    env = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    process = subprocess.Popen(
        [LABKIT, *course.words], env={**os.environ, **env}, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with process:
        try:
            began = time.monotonic()
            assert wait_until(lambda: Kept.of(scene.run).trials != (), timeout=120)
            clock.write_text(f"{scene.fault.moment.removesuffix('s')}\n")
            _, err = process.communicate(timeout=240)
        finally:
            process.kill()
    took = time.monotonic() - began
    scene.entry.injected = True
    assert process.returncode == 0, err
    run = load_run(scene.run)
    dates = [datetime.fromisoformat(date) for date in run.trials["requested_at"]]
    stepped = (dates[-1] - dates[0]).total_seconds()
    assert not 0 <= stepped <= took or scene.fault.moment == "-5s", dates
    assert run.trials["startup_s"].between(0, took).all()
    assert run.milestones["at_s"].between(0, took).all()
    assert run.results["seconds"].between(0.3, took).all()
    scene.expect_no_orphans(process.pid)

"""A lab that is stopped for real, and clocks that are set: nobody's real clock is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from labkit.system import interruptions
from labkit.system.interruptions import INTERVAL_S, LATE_S, Interruptions, Watch

LAB = """
import dataclasses, json, sys
from labkit.system.interruptions import Watch
with Watch() as watch:
    for line in sys.stdin:
        print(json.dumps(dataclasses.asdict(watch.take())), flush=True)
"""


def test_a_lab_that_is_stopped_knows_it_afterwards_and_once() -> None:
    lab = subprocess.Popen(
        [sys.executable, "-c", LAB], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with lab:
        assert lab.stdin and lab.stdout

        def asked() -> Interruptions:
            assert lab.stdin and lab.stdout
            lab.stdin.write("\n")
            lab.stdin.flush()
            return Interruptions(**json.loads(lab.stdout.readline()))

        asked()
        lab.send_signal(signal.SIGSTOP)
        time.sleep(2 * LATE_S)
        lab.send_signal(signal.SIGCONT)
        found = asked()
        assert found.stopped_s >= 2 * LATE_S - 2 * INTERVAL_S
        assert (found.suspended_s, found.clock_step_s) == (0, 0)
        lab.stdin.close()
        assert lab.wait() == 0


@pytest.mark.parametrize(
    ("offsets", "told"),
    [
        ((60.0, 0.0), Interruptions(0, 60, 0)),
        ((0.0, -3600.0), Interruptions(0, 0, -3600)),
        ((0.01, 0.01), Interruptions(0, 0, 0)),
    ],
)
def test_clocks_that_do_not_go_on_together_are_told(
    offsets: tuple[float, float], told: Interruptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruptions, "_offsets", lambda: (5.0, 1e9))
    watch = Watch()
    monkeypatch.setattr(interruptions, "_offsets", lambda: (5 + offsets[0], 1e9 + offsets[1]))
    assert watch.take() == told
    assert watch.take() == Interruptions(0, 0, 0)
    assert bool(str(told)) == any(vars(told).values())


def test_this_computers_clocks_can_be_read() -> None:
    assert str(Watch().take()) == ""


def test_a_thread_that_keeps_pythons_lock_is_no_stop() -> None:
    """Reading a large table does, for instance."""
    with Watch() as watch:
        before = time.thread_time()
        while time.thread_time() - before < 1.5:
            sum(range(50_000_000))  # in one piece
        assert watch.take().stopped_s == 0

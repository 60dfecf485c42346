"""kill -9 on the real VirtualBox, at each milestone of a machine's life: nothing is left.

The milestones up to `kernel` are met on a machine that boots, the later ones on one that is
resumed, since a boot takes most of a minute where VirtualBox interprets.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from labkit.system.owner_marks import owner
from tests.conftest import ready_backend
from tests.integration.vbox_labs import displays, lab, processes, traces
from tests.integration.vbox_states import adopted

# A busy machine boots several times as long.
pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(600)]
LABKIT = str(Path(sys.executable).with_name("labkit"))
BOOTING = ("created", "started", "kernel")
RESUMED = ("ready", "first_result", "stop_requested")
VICTIMS = {
    "machine": ("VirtualBoxVM", "VBoxHeadless"),
    "display": ("Xvfb",),
    "service": ("VBoxSVC",),
}
MACHINES = (*VICTIMS["machine"], *VICTIMS["display"])


@pytest.fixture(autouse=True)
def backend() -> Backend:
    return ready_backend("virtualbox")


@pytest.fixture(autouse=True)
def no_trace_of_ours() -> Iterator[None]:
    before = displays()
    yield
    assert traces(owner()) == []
    assert displays() <= before


@pytest.mark.parametrize("moment", [*BOOTING, *RESUMED])
def test_a_lab(vbox_state: Path, moment: str, tmp_path: Path) -> None:
    """Two labs at once. What the first leaves is removed by the command, which does not touch the
    second; what that one leaves, by any next run."""
    before = displays()
    state = vbox_state if moment in RESUMED else None
    with lab(moment, state) as first, lab(moment, state) as second:
        for each in (first, second):
            each.wait_for(moment)
        running = processes(second.mark, *MACHINES)
        assert bool(running) == (moment != "created")
        first.kill()
        assert traces(first.mark)
        subprocess.run([LABKIT, "clean"], check=True, timeout=60, stdout=subprocess.DEVNULL)
        assert traces(first.mark) == []
        assert traces(second.mark) and processes(second.mark, *MACHINES) == running
        second.kill()
        run = [LABKIT, "run", "--backends", "host", "--repeats", "1", "--workloads", "idle",
               "--seconds", "0.1", "--out", str(tmp_path / "run")]  # fmt: skip
        subprocess.run(run, check=True, timeout=60, capture_output=True)
        assert traces(second.mark) == []
    assert displays() <= before


class Enough(Exception):
    """A start is broken off: nobody waits for a whole boot."""


def live(
    backend: Backend, image: LabImage, victim: str = "", moment: str = "", *, enough: bool = False
) -> None:
    """A machine's life, in which a process is killed at this moment."""

    def at(name: str) -> None:
        if name == moment:
            found = processes(owner(), *VICTIMS[victim])
            assert found
            for process in found:
                process.kill()
            if enough:
                raise Enough

    timeline = Timeline(HostClock(), at)
    timeline.mark("requested")
    with backend.launch(image, Limits(), timeline) as instance:
        if (victim, moment) == ("service", "created"):
            raise Enough  # the machine has got a new one
        instance.wait_ready()
        instance.run(Request("idle", 0.2))
        instance.stop()


@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        *(("machine", moment) for moment in BOOTING[1:]),
        *(("display", moment) for moment in BOOTING[1:]),
        *(("service", moment) for moment in BOOTING),
    ],
)
def test_a_process_of_a_machine_that_boots(
    backend: Backend, lab_image: LabImage, victim: str, moment: str
) -> None:
    """Without the machine or its display the start fails; without the service it goes on."""
    needs(backend, victim)
    if victim == "service":
        with pytest.raises(Enough):
            live(backend, lab_image, victim, moment, enough=moment != "created")
    else:
        with pytest.raises(BackendError, match="connection ended before the agent could announce"):
            live(backend, lab_image, victim, moment)


@pytest.mark.parametrize(
    ("victim", "told"),
    [
        ("machine", "the connection ended"),
        ("display", ""),  # the machine may come to its end before it sees that
        ("service", "VirtualBox did not end the machine"),
    ],
)
def test_a_process_of_a_machine_that_was_resumed(
    backend: Backend, vbox_state: Path, lab_image: LabImage, victim: str, told: str
) -> None:
    """It is told each time, and each time the same state can be resumed again."""
    needs(backend, victim)
    with adopted(vbox_state) as resumed:
        for moment in RESUMED:
            with pytest.raises(BackendError, match=told) if told else suppress(BackendError):
                live(resumed, lab_image, victim, moment)
            assert processes(owner(), *VICTIMS["machine"], *VICTIMS["display"]) == []
        live(resumed, lab_image)


def needs(backend: Backend, victim: str) -> None:
    if victim == "display" and backend.engine(None) == "vbox-hm":
        pytest.skip("this engine has no display")

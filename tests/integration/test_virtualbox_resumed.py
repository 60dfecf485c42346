"""Machines of the real VirtualBox that continue from a saved state."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox import resumed as resumed_backend
from labkit.backends.virtualbox.instance import VirtualBoxInstance
from labkit.backends.virtualbox.resumed import VirtualBoxResumedBackend
from labkit.errors import BackendError, GuestTimeout
from labkit.experiments import benchmark
from labkit.guest import messages, protocol
from labkit.guest.messages import Bye, Message, Ready
from labkit.guest.protocol import Request, Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock, wait_until
from labkit.system.owner_marks import owner
from tests.disks import fill, small_disk
from tests.integration.vbox_labs import processes, traces
from tests.integration.vbox_states import adopted

# A busy machine boots several times as long.
pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(600)]
MIB = 1 << 20


@pytest.fixture(autouse=True)
def no_trace_of_ours() -> Iterator[None]:
    yield
    assert traces(owner()) == []


@contextmanager
def resumed(
    backend: VirtualBoxResumedBackend, image: LabImage
) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(image, Limits(), timeline) as instance:
        yield instance, timeline


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """What the agents say, as it arrives."""
    heard: list[Message] = []

    def listen(line: str) -> Message:
        heard.append(messages.parse(line))
        return heard[-1]

    monkeypatch.setattr(protocol, "parse", listen)
    return heard


def test_each_start_goes_on_where_the_same_guest_was_saved(
    vbox_state: Path, lab_image: LabImage, said: list[Message]
) -> None:
    with adopted(vbox_state) as backend:
        for _ in range(3):
            with resumed(backend, lab_image) as (instance, timeline):
                instance.wait_ready()
                for workload in ("disk", "memory"):
                    assert instance.run(Request(workload, 0.5)).operations, workload
                instance.stop()
            reached = list(timeline.since_requested())
            assert reached == ["requested", "created", "started", "ready", "first_result",
                               "stop_requested", "stopped"], "no kernel starts"  # fmt: skip
    ready = [message.clock for message in said if isinstance(message, Ready)]
    ends = [message.clock for message in said if isinstance(message, Bye)]
    assert len(ready) == len(ends) == 3
    for begin, end in zip(ready[1:], ends, strict=False):
        assert begin < end, "the guest's clock is the saved one's again"
    assert max(ready) - min(ready) < 5.0


def test_a_boot_that_fails_is_told_and_the_other_backends_go_on(
    vbox_state: Path, tmp_path: Path
) -> None:
    """The machine is killed while it boots for its saved state."""
    found = threading.Event()

    def strike() -> None:
        machines = ("VirtualBoxVM", "VBoxHeadless")
        if wait_until(lambda: bool(processes(owner(), *machines)), timeout=120):
            found.set()
            for process in processes(owner(), *machines):
                process.kill()

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        run = benchmark.run(
            ["host", "virtualbox-resumed"],
            workloads=["idle"],
            repeats=1,
            seconds=0.2,
            out=tmp_path / "run",
            progress=False,
        )
    finally:
        striker.join()
    assert found.is_set()
    trials = run.trials.set_index("backend")
    assert trials["status"].to_dict() == {"host": "ok", "virtualbox-resumed": "failed"}
    error = trials["error"]["virtualbox-resumed"]
    assert "there is no saved state to resume from" in error
    assert "why: the connection ended before" in error or "why: VirtualBox did not start" in error
    assert "what to do: labkit run --backends virtualbox" in error


def remove(state: Path) -> None:
    state.unlink()


def shorten(state: Path) -> None:
    os.truncate(state, state.stat().st_size // 3)


def garble(state: Path) -> None:
    with state.open("r+b") as file:
        file.seek(state.stat().st_size // 2)
        file.write(bytes(4096))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (remove, "does not exist"),
        (shorten, "the machine's state is: restoring"),
        (garble, "Failed to load unit"),
    ],
)
def test_a_damaged_state_is_told(
    vbox_state: Path, lab_image: LabImage, damage: Callable[[Path], None], why: str
) -> None:
    with adopted(vbox_state) as backend:
        assert backend._saved is not None
        state = next(backend._saved.folder.glob("Snapshots/*.sav"))
        whole = state.read_bytes()
        damage(state)
        with pytest.raises(BackendError) as caught, resumed(backend, lab_image) as (instance, _):
            instance.wait_ready(15)
        assert why in caught.value.details
        assert caught.value.resolution.startswith("run again")
        state.write_bytes(whole)
        with resumed(backend, lab_image) as (instance, _):
            instance.wait_ready()


def bytes_of(folder: Path) -> int:
    """What these files take on a disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))


def test_no_room_for_the_saved_state(
    vbox_state: Path, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for the machine, with a state that it begins from in place of a boot, and for
    some of a second state."""
    wait_ready = VirtualBoxInstance.wait_ready

    def greeted(instance: VirtualBoxInstance) -> None:
        instance.greet()
        wait_ready(instance)

    with small_disk(bytes_of(vbox_state) + 10 * MIB) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with adopted(vbox_state) as backend:
            assert backend._saved is not None
            resumed_backend._restore(backend._saved)
            monkeypatch.setattr(VirtualBoxInstance, "wait_ready", greeted)
            with pytest.raises(BackendError, match="take a snapshot: the disk is full") as caught:
                backend._save(backend._saved)
        assert "TMPDIR" in caught.value.resolution
        assert list(small.iterdir()) == []


def test_no_room_for_what_the_guest_writes(
    vbox_state: Path, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VirtualBox pauses such a machine; nobody waits here as long as a user's patience lasts."""
    run = Session.run

    def impatient(session: Session, request: Request, *limits: float, **more: float) -> object:
        return run(session, request, 15.0)

    monkeypatch.setattr(Session, "run", impatient)
    with small_disk(bytes_of(vbox_state) + 10 * MIB) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with (
            adopted(vbox_state) as backend,
            pytest.raises(GuestTimeout) as caught,
            resumed(backend, lab_image) as (instance, _),
        ):
            instance.wait_ready()
            fill(small)
            instance.run(Request("disk", 0.3))
        assert "is full" in caught.value.details
        assert "the machine's state is: paused" in caught.value.details
        assert "TMPDIR" in caught.value.resolution
        assert [path.name for path in small.iterdir()] == ["filler"]

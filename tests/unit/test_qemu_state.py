"""A state's way through a pipe into a file and back, and QEMU's words for a path."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from labkit.backends.docker.own_daemon import _check_name
from labkit.backends.piped import plain_path
from labkit.backends.qemu.command import escaped, make_disk
from labkit.backends.qemu.state import reading, writing
from labkit.errors import BackendError
from labkit.recordings.facts import Limits
from labkit.system.clock import wait_while_it_moves

STATE = bytes(range(256)) * 4096


def test_what_is_written_is_read_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "s p, $(touch ran)"
    with writing(file) as way, os.fdopen(os.dup(way.descriptor), "wb") as machine:
        machine.write(STATE)
    assert file.read_bytes() == STATE
    for _ in range(2):
        with reading(file) as way, os.fdopen(os.dup(way.descriptor), "rb") as machine:
            assert machine.read() == STATE
            assert way.position() == len(STATE)
    assert list(tmp_path.iterdir()) == [file]


class Ticking:
    """A clock that only goes on when somebody sleeps."""

    at = 0.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_what_moves_is_waited_for_and_what_stands_still_is_not() -> None:
    clock = Ticking()
    wait = partial(wait_while_it_moves, silence=5.0, interval=1.0, clock=clock)
    assert wait(lambda: clock.at >= 60, lambda: int(clock.at) // 4)
    assert not wait(lambda: False, lambda: min(int(clock.at), 70))
    assert clock.at == 75


def test_a_disk_that_is_full_is_told() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(BackendError) as caught, writing(full) as way:
        os.write(way.descriptor, b"state")
    assert "/dev/full" in caught.value.brief and "space" in caught.value.details


@pytest.mark.parametrize("way", [reading, writing])
def test_a_file_that_cannot_be_opened_is_told(way: object, tmp_path: Path) -> None:
    assert callable(way)
    with pytest.raises(BackendError), way(tmp_path / "gone" / "state"):
        pass


def test_commas_are_doubled_in_a_value_with_options(tmp_path: Path) -> None:
    assert escaped(Path("/a,b/,c")) == "/a,,b/,,c"
    folder = tmp_path / "a,if=none"
    folder.mkdir()
    drive = make_disk(folder / "disk", Limits())[1]
    assert drive.startswith(f"file={tmp_path}/a,,if=none/disk,if=none,")


def test_a_path_with_a_blank_is_reached_by_another(tmp_path: Path) -> None:
    odd = tmp_path / "a b#c"
    odd.mkdir()
    (odd / "file").write_text("x")
    with plain_path(tmp_path) as same, plain_path(odd) as plain:
        assert same == tmp_path
        assert (plain / "file").read_text() == "x"
        assert not {" ", "#"} & set(str(plain))
    assert not plain.exists()


@pytest.mark.parametrize("name", ["a:b", "a,b", "a%b", "a?b", "a#b", "a" * 80])
def test_a_daemon_is_not_given_what_it_would_misread(name: str) -> None:
    with pytest.raises(BackendError) as caught:
        _check_name(Path("/tmp") / name)
    assert "TMPDIR" in caught.value.resolution
    _check_name(Path("/tmp/a b'\"$;한"))

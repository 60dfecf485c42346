from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from labkit import orphans
from labkit.errors import CommandError
from labkit.process import (
    MARK,
    condition,
    end,
    find_tool,
    mark_of,
    owner,
    owner_lives,
    run,
    runs,
    scratch_folder,
    spawn,
    uninterrupted,
    wait_for,
)
from tests.unit.fakes import FakeClock

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
# Ignores the polite signal and has a child that does so too.
STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "os.fork() and os.write(1, b'up\\n'); time.sleep(60)",
]


def started(argv: list[str]) -> subprocess.Popen[bytes]:
    process = spawn(argv, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    return process


def test_what_a_program_prints_comes_back() -> None:
    assert run([sys.executable, "-c", "print('x')"]).stdout == "x\n"


def test_a_failing_program_is_an_error_with_its_last_words() -> None:
    with pytest.raises(CommandError, match="exit status 3") as caught:
        run([sys.executable, "-c", "import sys; sys.exit(print('why', file=sys.stderr) or 3)"])
    assert "why" in caught.value.details


def test_a_missing_program_is_an_error() -> None:
    with pytest.raises(CommandError, match="no-such-program is not there"):
        run(["no-such-program"])
    with pytest.raises(CommandError, match="no-such-program is not there"):
        spawn(["no-such-program"])
    assert find_tool("no-such-program") is None


def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(CommandError, match=r"after 0\.2 s"):
        run(SLEEP, timeout=0.2)


@pytest.mark.parametrize("argv", [SLEEP, STUBBORN])
def test_ending_takes_the_children_along(argv: list[str]) -> None:
    process = started(argv)
    group = process.pid
    end(process, grace=0.3)
    members = [p for p in psutil.pids() if _group(p) == group and _alive(p)]
    assert members == []


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_is_started_carries_its_owners_mark() -> None:
    process = started(SLEEP)
    try:
        assert mark_of(psutil.Process(process.pid)) == owner()
        assert owner_lives(owner())
    finally:
        end(process)


OTHER_BOOT = owner().rpartition(".")[0] + ".00000000"


@pytest.mark.parametrize(
    "mark",
    [
        *("", "1", "x-y", "999999999-1.0", "-"),
        pytest.param(f"{os.getpid()}-1.0", id="another start"),
        pytest.param(OTHER_BOOT, id="another boot"),
    ],
)
def test_a_mark_of_nobody_is_known_as_such(mark: str) -> None:
    assert not owner_lives(mark)


def test_a_lab_that_has_ended_owns_nothing_even_before_it_was_waited_for() -> None:
    script = "from labkit.process import owner; print(owner(), flush=True); input()"
    lab = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert lab.stdin is not None and lab.stdout is not None
    mark = lab.stdout.readline().strip()
    assert MARK.fullmatch(mark) and owner_lives(mark)
    lab.kill()
    os.waitid(os.P_PID, lab.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(lab.pid).status() == psutil.STATUS_ZOMBIE
    assert not owner_lives(mark)
    lab.communicate()


def test_a_mark_stays_the_same_when_the_clock_is_set() -> None:
    """The kernel tells its own start as a date, by the clock as it is now (btime of /proc/stat).
    A mount namespace shows one that is an hour off, as after a step of the clock."""
    if os.geteuid() != 0:
        pytest.skip("a mount namespace needs root")
    script = (
        "sed 's/^btime .*/btime 1000000000/' /proc/stat >$2 && mount --bind $2 /proc/stat && "
        "exec $1 -c 'import sys; from labkit.process import owner_lives; "
        "sys.exit(not owner_lives(sys.argv[1]))' $3"
    )
    with scratch_folder() as folder:
        argv = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable]
        assert run([*argv, str(folder / "stat"), owner()], check=False).returncode == 0


def test_only_orphans_are_swept(tmp_path: Path) -> None:
    """A lab is killed (for real) while it has a child and a folder; ours must stay."""
    script = (
        "import sys, time; from labkit.process import spawn, scratch_folder\n"
        "with scratch_folder() as folder:\n"
        f"    child = spawn({SLEEP!r})\n"
        "    print(child.pid, folder, flush=True); time.sleep(60)"
    )
    lab = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    pid, folder = lab.stdout.readline().split()
    mine = started(SLEEP)
    try:
        assert not any(pid in line for line in orphans.sweep([])), "its owner still lives"
        lab.send_signal(signal.SIGKILL)
        lab.wait()
        lab.stdout.close()
        with scratch_folder() as kept:
            removed = orphans.sweep([])
            assert kept.exists()
        assert any(f"process {pid} " in line for line in removed)
        assert f"folder {folder}" in removed
        assert not psutil.pid_exists(int(pid)) or not _alive(int(pid))
        assert not Path(folder).exists()
        assert mine.poll() is None
    finally:
        end(mine)


def test_a_signal_is_held_back_and_then_delivered() -> None:
    """Whoever starts the tests in the background of a shell has them ignore SIGINT."""
    done = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("the request")
        assert done == ["the request"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda process: None, "it still runs"),
        (lambda process: process.kill(), r"it was ended by signal 9 \(Killed\)"),
    ],
)
def test_a_programs_state_in_words(
    harm: Callable[[subprocess.Popen[bytes]], None], words: str
) -> None:
    process = started(SLEEP)
    try:
        harm(process)
        assert re.fullmatch(words, condition("it", process))
    finally:
        end(process)


def test_a_program_that_ended_by_itself_in_words() -> None:
    process = spawn([sys.executable, "-c", "raise SystemExit(3)"])
    process.wait(10)
    assert condition("it", process) == "it has ended with exit status 3"


def test_what_has_ended_and_was_not_waited_for_does_not_run() -> None:
    process = started(SLEEP)
    seen = psutil.Process(process.pid)
    assert runs(seen)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert seen.is_running() and not runs(seen)
    end(process)
    assert not runs(seen)


def test_the_fake_clock_is_a_clock() -> None:
    clock = FakeClock()
    clock.sleep(2)
    assert clock.now() == 2


def test_a_programs_end_is_noticed_at_once_and_its_time_limit_holds() -> None:
    """Popen.wait(timeout) sees an end up to 50 ms late; the median of some tells them apart."""
    late = []
    for _ in range(9):
        child = spawn(["sleep", "0.1"])
        began = time.monotonic()
        assert wait_for(child, 10)
        late.append(time.monotonic() - began - 0.1)
    assert sorted(late)[4] < 0.02
    child = spawn(["sleep", "10"])
    try:
        assert not wait_for(child, 0.05)
    finally:
        end(child)
    assert wait_for(child, 1), "also one that was waited for already"

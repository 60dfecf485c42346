from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from labkit.errors import CommandError
from labkit.measure import cleanup
from labkit.system.owner_marks import mark_of, owner, runs, scratch_folder, wait_gone
from labkit.system.process import (
    condition,
    end,
    find_tool,
    last_lines,
    run,
    spawn,
    wait_for,
    with_root,
)
from tests.unit.fakes import FakeClock

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
# Has a child in a session of its own, which notices the end of its parent only after a while.
LINGERING = [
    sys.executable,
    "-c",
    "import os, time\n"
    "parent = os.getpid()\n"
    "if os.fork() == 0:\n"
    "    os.setsid(); os.write(1, b'up\\n')\n"
    "    while os.getppid() == parent: time.sleep(0.01)\n"
    "    time.sleep(0.3); os._exit(0)\n"
    "time.sleep(60)",
]
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


def test_ending_waits_for_what_ends_with_its_parent() -> None:
    process = started(LINGERING)
    (child,) = psutil.Process(process.pid).children()
    end(process)
    assert not runs(child)


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
    finally:
        end(process)


def killed_lab() -> tuple[str, str]:
    """A lab is killed (for real) while it has a child and a folder: their names."""
    script = (
        "import subprocess, time; from labkit.system.process import spawn\n"
        "from labkit.system.owner_marks import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        f"    child = spawn({SLEEP!r}, stdout=subprocess.DEVNULL)\n"
        "    print(child.pid, folder, flush=True); time.sleep(60)"
    )
    lab = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    pid, folder = lab.stdout.readline().split()
    assert not any(pid in line for line in cleanup.sweep([])), "its owner still lives"
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    lab.stdout.close()
    return pid, folder


def test_only_orphans_are_swept() -> None:
    mine = started(SLEEP)
    try:
        for _ in range(5):
            pid, folder = killed_lab()
            with scratch_folder() as kept:
                removed = cleanup.sweep([])
                assert kept.exists()
            assert not psutil.pid_exists(int(pid)) or not _alive(int(pid))
            assert not Path(folder).exists()
            assert mine.poll() is None
            named = {f"folder {folder}"} & set(removed), f"process {pid} " in "\n".join(removed)
            if all(named):
                break  # unless a lab of another test was quicker
        else:
            pytest.fail("what is swept is never named")
    finally:
        end(mine)


def test_what_ignores_the_request_is_ended_all_the_same() -> None:
    """Of this process's own: what is nobody's may be swept by another test meanwhile."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
    child = spawn([sys.executable, "-c", f"{deaf}; time.sleep(60)"], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline()
        removed = cleanup.sweep([], mine=True)
        assert any(f"process {child.pid} " in line for line in removed)
        assert child.wait(timeout=1) == -signal.SIGKILL
    finally:
        end(child)


@pytest.mark.parametrize("sudo", ["/usr/bin/sudo", None])
def test_root_is_asked_with_its_own_search_path(
    sudo: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.system.process.find_tool", lambda name: sudo)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    words = shlex.split(with_root("usermod 'a b'", "modprobe kvm"))
    if sudo is None:
        assert words == ["su", "-", "-c", "usermod 'a b' && modprobe kvm"]
    else:
        assert words == ["sudo", "usermod", "a b", "&&", "sudo", "modprobe", "kvm"]


def test_what_is_started_inherits_an_ignored_signal() -> None:
    """As after the first Ctrl-C, and under nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = run(["cat", "/proc/self/status"]).stdout
    finally:
        signal.signal(signal.SIGINT, before)
    (ignored,) = re.findall(r"^SigIgn:\s+(\w+)$", status, re.MULTILINE)
    assert int(ignored, 16) >> (signal.SIGINT - 1) & 1


@pytest.mark.usefixtures("interrupts_are_heeded")
@pytest.mark.parametrize("start", [spawn, run])
def test_a_signal_in_the_midst_of_a_start_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, start: Callable[[list[str]], object]
) -> None:
    begun: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            begun.append(self.pid)
            signal.raise_signal(signal.SIGINT)
            begun.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(SLEEP)
    assert len(begun) == 2 and not psutil.pid_exists(begun[0])


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
    """Popen.wait(timeout) looks after 113.5 ms and then every 50 ms, so it sees this end 33 ms late
    or more, each time; on a busy computer the quickest of some tells them apart."""
    late = []
    for _ in range(9):
        child = spawn(["sleep", "0.13"])
        began = time.monotonic()
        assert wait_for(child, 10)
        late.append(time.monotonic() - began - 0.13)
    assert min(late) < 0.02
    child = spawn(["sleep", "10"])
    try:
        assert not wait_for(child, 0.05)
    finally:
        end(child)
    assert wait_for(child, 1), "also one that was waited for already"


def test_what_ends_while_it_is_looked_at_has_ended() -> None:
    soon, late = (subprocess.Popen(["sleep", seconds]) for seconds in ("0.2", "60"))
    processes = [psutil.Process(soon.pid), psutil.Process(late.pid)]
    try:
        assert wait_gone(processes, 1.0) == [processes[1]]
        late.kill()
        assert wait_gone(processes, 10.0) == []
    finally:
        for process in (soon, late):
            process.kill()
            process.wait()


@pytest.mark.parametrize("calls", [0, 3, 40])
def test_why_a_kernel_dies_is_among_its_last_words(calls: int) -> None:
    console = "\n".join(
        [
            *map(str, range(50)),
            "[ 0.6] Kernel paniic - not syncing: VFS",
            *["[ 0.6]  a call"] * calls,
        ]
    )
    told = last_lines(console, 12).splitlines()
    assert any("not syncing" in line for line in told) and len(told) in (12, 13)

"""What is known of an owner: on real processes, in real namespaces."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.measure import cleanup
from labkit.system import owner_marks
from labkit.system.owner_marks import (
    MARK,
    OWNER_VARIABLE,
    Mark,
    mark_in,
    owner,
    owner_mark,
    place,
    scratch_folder,
    started,
)
from labkit.system.ownership import Judge, Kept, Verdict, kept_lines, known_of
from labkit.system.process import end, run, spawn
from tests.unit.marks import ELSEWHERE, GONE, LIVES, OLD_FORM, OTHER_BOOT, REUSED

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a namespace needs root")
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
numbers = st.integers(0, 10**10 - 1).map(str)
hexadecimal = st.text("0123456789abcdef", min_size=1, max_size=16)


def verdict(text: str) -> Verdict:
    mark = Mark.read(text)
    assert mark is not None
    return known_of(mark).verdict


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        pytest.param(owner(), Verdict.MINE, id="this process"),
        pytest.param(LIVES, Verdict.LIVES, id="its parent"),
        pytest.param(GONE, Verdict.ABANDONED, id="no such process"),
        pytest.param(REUSED, Verdict.ABANDONED, id="another start"),
        pytest.param(f"9999999999-1.{place()}", Verdict.ABANDONED, id="a number beyond all"),
        pytest.param(OTHER_BOOT, Verdict.UNKNOWN, id="another boot"),
        pytest.param(ELSEWHERE, Verdict.UNKNOWN, id="another namespace"),
        pytest.param(OLD_FORM, Verdict.UNKNOWN, id="an older lab"),
        pytest.param("1-1.0", Verdict.UNKNOWN, id="a system that does not tell"),
    ],
)
def test_the_verdict(mark: str, expected: Verdict) -> None:
    assert verdict(mark) is expected
    kept: list[Kept] = []
    taken = Judge(keep=kept.append).takes(mark, "it", ["rm", "a b"], ["x"])
    assert taken == (expected is Verdict.ABANDONED)
    assert [one.by_hand for one in kept] == ["rm 'a b' && x"] * (expected is Verdict.UNKNOWN)
    assert Judge(mine=True, keep=kept.append).takes(mark, "it") == (expected is Verdict.MINE)
    assert len(kept) <= 1


@pytest.mark.parametrize("text", ["", "1", "x-y", "-", f"{GONE}x", f" {GONE}", "١-1.0", "1-1.0."])
def test_what_is_no_mark_is_not_judged(text: str) -> None:
    assert Mark.read(text) is None
    kept: list[Kept] = []
    assert not Judge(keep=kept.append).takes(text, "it") and not kept


@given(numbers, numbers, hexadecimal, hexadecimal | st.none())
def test_a_mark_is_read_as_it_was_written(
    pid: str, start: str, boot: str, namespace: str | None
) -> None:
    text = f"{pid}-{start}.{boot}" + (f".{namespace}" if namespace else "")
    assert Mark.read(text) == Mark(int(pid), start, boot, namespace)
    assert mark_in(f"labkit-{text}-9") == text
    assert mark_in(f".x-{text}-9", ".x-") == text


@given(st.text() | st.text("0123456789abcdef-.", max_size=40))
def test_any_text_is_a_mark_or_none(text: str) -> None:
    mark = Mark.read(text)
    assert (mark is None) == (MARK.fullmatch(text) is None)
    if mark is not None:
        assert known_of(mark).verdict is not Verdict.MINE or mark == Mark.read(owner())


def test_an_owners_mark_says_where_its_numbers_count() -> None:
    mark = Mark.read(owner())
    assert mark is not None and mark.pid == os.getpid() and mark.started == started(mark.pid)
    assert Path("/proc/sys/kernel/random/boot_id").read_text().startswith(mark.boot)
    assert mark.namespace and owner_mark(os.getpid()) == owner()
    assert len(owner()) <= 34  # a machine's name has it twice, and a socket's path 107 characters


def test_a_system_without_boots_and_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """By date and the computer's network address, as nothing else is to be had there."""
    monkeypatch.setattr(sys, "platform", "darwin")
    owner_marks.place.cache_clear()
    try:
        own, ended = owner_mark(os.getpid()), f"4194304-1.{place()}"
        assert (verdict(own), verdict(ended)) == (Verdict.LIVES, Verdict.ABANDONED)
    finally:
        owner_marks.place.cache_clear()


def test_a_lab_that_has_ended_owns_nothing_even_before_it_was_waited_for() -> None:
    script = "from labkit.system.owner_marks import owner; print(owner(), flush=True); input()"
    lab = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert lab.stdout is not None
    mark = lab.stdout.readline().strip()
    assert verdict(mark) is Verdict.LIVES
    lab.kill()
    os.waitid(os.P_PID, lab.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(lab.pid).status() == psutil.STATUS_ZOMBIE
    assert verdict(mark) is Verdict.ABANDONED
    lab.communicate()


TELLS = """
import sys
from labkit.system.ownership import Mark, known_of
print(known_of(Mark.read(sys.argv[1])).verdict.name)
"""


def told_inside(*enter: str, mark: str) -> str:
    return run([*enter, sys.executable, "-c", TELLS, mark]).stdout.strip()


@ROOT
def test_a_mark_stays_the_same_when_the_clock_is_set() -> None:
    """The kernel tells its own start as a date, by the clock as it is now (btime of /proc/stat).
    A mount namespace shows one that is an hour off, as after a step of the clock."""
    script = (
        """sed 's/^btime .*/btime 1000000000/' /proc/stat >"$1" """
        """&& mount --bind "$1" /proc/stat && shift && exec "$@" """
    )
    with scratch_folder() as folder:
        enter = ("unshare", "--mount", "sh", "-c", script, "sh", str(folder / "stat"))
        assert told_inside(*enter, mark=owner()) == "LIVES"


@ROOT
@pytest.mark.parametrize("mark", [owner(), GONE], ids=["lives", "gone"])
@pytest.mark.parametrize(
    "enter",
    [
        pytest.param(("--pid", "--fork", "--mount-proc"), id="another PID namespace"),
        pytest.param(("--pid", "--fork"), id="with the /proc of the first"),
        pytest.param(("--time", "--boottime", "9999", "--fork"), id="another time namespace"),
    ],
)
def test_from_another_namespace_nothing_is_known(enter: tuple[str, ...], mark: str) -> None:
    assert told_inside("unshare", *enter, mark=mark) == "UNKNOWN"


@ROOT
def test_a_process_that_this_user_may_not_see_is_not_taken_for_gone() -> None:
    """/proc with hidepid shows a user's own processes only; proc(5)."""
    nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups"
    script = f'mount -t proc -o hidepid=2 proc /proc && exec {nobody} "$@"'
    enter = ("unshare", "--mount", "sh", "-c", script, "sh")
    interpreter = os.path.realpath(sys.executable)
    words = (sys.executable, "-c", "import labkit.system.ownership")
    if run([*enter, *words], check=False).returncode:
        pytest.skip(f"nobody else may read {interpreter}")
    assert told_inside(*enter, mark=owner()) == "UNKNOWN"
    assert told_inside(*enter, mark=GONE) == "ABANDONED"


def marked(mark: str, *words: str) -> subprocess.Popen[bytes]:
    return spawn(words or SLEEP, env={OWNER_VARIABLE: mark})


@pytest.mark.parametrize("mark", [LIVES, ELSEWHERE, OTHER_BOOT, OLD_FORM, "somebody else's"])
def test_a_process_of_which_nothing_is_known_is_named_and_goes_on(mark: str) -> None:
    kept: list[Kept] = []
    process = marked(mark)
    try:
        removed = cleanup.sweep([], keep=kept.append)
        assert not [line for line in removed if f"process {process.pid} " in line]
        assert process.poll() is None
        named = [one for one in kept if one.by_hand == f"kill {process.pid}"]
        assert bool(named) == (mark in (ELSEWHERE, OTHER_BOOT, OLD_FORM))
        text = "\n".join(kept_lines(named))
        assert all(word in text for one in named for word in (mark, one.by_hand, one.what))
    finally:
        end(process)


def test_who_sweeps_does_not_end_the_shell_that_it_is_called_from() -> None:
    """Which has the variable from a lab that has ended."""
    script = "from labkit.measure import cleanup; cleanup.sweep([])"
    for _ in range(5):
        shell = marked(GONE, "sh", "-c", '"$0" -c "$1"; exit 7', sys.executable, script)
        try:
            if shell.wait(60) == 7:
                break
            assert shell.returncode in (-signal.SIGTERM, -signal.SIGKILL)
        finally:
            end(shell)
    else:
        pytest.fail("it ends the shell")  # and not a lab of another test, each time


@ROOT
def test_the_mark_names_the_owners_namespace_and_not_that_of_its_bearer() -> None:
    """What a killed lab has started in a PID namespace, such as a container, is its orphan."""
    process = marked(GONE, "unshare", "--pid", "--fork", "--mount-proc", *SLEEP)
    try:
        cleanup.sweep([])
        assert process.wait(10) == -signal.SIGKILL  # unshare ignores the other
        assert not [
            p
            for p in psutil.process_iter()
            if owner_marks.mark_of(p) == GONE and owner_marks.runs(p)
        ]
    finally:
        end(process)

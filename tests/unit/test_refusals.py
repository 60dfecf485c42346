"""What the system refuses is told by its kind; what is no refusal of its is a fault of ours."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from labkit.cli import bug_report
from labkit.system import refusals


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "/x"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "ulimit -u"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (MemoryError(), "ulimit -v"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in []"), "TMPDIR"),
        (PermissionError(errno.EACCES, "Permission denied", b"/a/b"), "/a/b"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/n"), "/n"),
    ],
)
def test_a_refusal_names_what_holds_it(error: BaseException, told: str) -> None:
    found = refusals.in_words(error)
    assert found is not None
    assert told in str(found)


def test_what_the_system_has_no_part_in_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusals.in_words(RuntimeError("other")) is None
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    found = bug_report.unexpected(ZeroDivisionError("of nothing"))
    file = tmp_path / "state" / bug_report.NAME
    assert "ZeroDivisionError" in found.details
    assert str(file) in found.resolution
    assert "of nothing" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0


def test_facts_that_nowhere_can_be_kept_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> Path:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(bug_report, "_kept", full)
    assert "Traceback" not in str(refusals.in_words(OSError(errno.ENOSPC, "full")))
    assert "command: " in bug_report.unexpected(ValueError("x")).resolution

"""Processes of this computer that a task asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labkit.system.owner_marks import runs

if TYPE_CHECKING:
    import psutil


def sleeping(seconds: str) -> list[psutil.Process]:
    """Those that are `sleep SECONDS` and nothing else; busybox's, too."""
    return [p for p in _all() if _words(p)[-2:] == ["sleep", seconds] and len(_words(p)) <= 3]


def with_word(part: str) -> list[psutil.Process]:
    """Those with a word in their command line that holds a text."""
    return [p for p in _all() if any(part in word for word in p.info["cmdline"] or ())]


def _all() -> list[psutil.Process]:
    import psutil

    return [p for p in psutil.process_iter(["cmdline"]) if runs(p)]


def _words(process: psutil.Process) -> list[str]:
    return [Path(word).name for word in process.info["cmdline"] or ()]

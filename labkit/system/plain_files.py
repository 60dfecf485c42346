"""Reads files that anybody may have put there. What is named as one may be none (a named pipe, a
link to /dev/zero), and would keep its reader for ever."""

from __future__ import annotations

import errno
import json
import stat
from pathlib import Path
from typing import Any


class NoPlainFile(OSError):
    """A pipe, a device, a socket: its end may never come."""


def read(path: Path) -> bytes:
    """Raises OSError: NoPlainFile for what is neither a file nor a folder."""
    require_plain(path)
    return path.read_bytes()


def read_utf8(path: Path) -> str:
    """Raises OSError or UnicodeDecodeError."""
    require_plain(path)
    return path.read_text(encoding="utf-8")


def read_json(path: Path) -> Any:
    """Raises OSError or ValueError."""
    content = read(path)
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def require_plain(path: Path) -> None:
    """NoPlainFile, or another OSError where nothing is there."""
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # a folder says itself that it is one
        raise NoPlainFile(errno.EINVAL, "it is no regular file", str(path))

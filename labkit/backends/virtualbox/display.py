"""The virtual display that VirtualBox's own window needs where there is no driver: Xvfb(1)."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit.backends.virtualbox.installation import DISPLAY, Installation
from labkit.backends.virtualbox.leftovers import DISPLAY_NOTE, remove_display
from labkit.errors import BackendError
from labkit.system.process import end, last_lines, spawn

START_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Display:
    """What programs find it by (such as `:1`), and its process."""

    name: str
    pid: int


@contextmanager
def virtual_display(installation: Installation, home: Path, log: Path) -> Iterator[Display]:
    """A display of its own, which chooses a number that is free; gone afterwards."""
    reading, writing = os.pipe()
    # Without -noreset a server begins anew when its only client closes a connection, and a program
    # that then opens its next one, as VirtualBoxVM does, may be turned away (see Xserver(1)).
    screen = ("-screen", "0", "640x480x24")
    options = ("-displayfd", str(writing), *screen, "-nolisten", "tcp", "-noreset")
    try:
        argv = installation.argv(home, DISPLAY, *options)
        process = spawn(argv, log=log, pass_fds=[writing])
        os.close(writing)
        writing = -1
        note = log.with_name(DISPLAY_NOTE)
        try:
            number = _read_number(reading, process, log)
            note.write_text(f"{number} {process.pid}", encoding="utf-8")
            yield Display(f":{number}", process.pid)
        finally:
            end(process)
            remove_display(note)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _read_number(reading: int, process: subprocess.Popen[bytes], log: Path) -> str:
    """Xvfb writes its number and a line end when it takes clients, see Xserver(1)."""
    text = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while not text.endswith(b"\n") and selector.select(START_TIMEOUT_S):
            data = os.read(reading, 16)
            if not data:
                break
            text += data
    if not text.strip().isdigit():
        raise BackendError(
            f"the virtual display did not start (exit status {process.poll()})",
            details=last_lines(log.read_text(encoding="utf-8", errors="replace")),
        )
    return text.decode().strip()

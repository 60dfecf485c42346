"""What a machine's kernel and its system call themselves on the console: names, no figures.

Source: the kernel's init/version-timestamp.c ("Linux version 6.1.0-32-amd64 (…"), systemd's
src/core/main.c ("Welcome to Debian GNU/Linux 12 (bookworm)!").
"""

from __future__ import annotations

import re

from labkit.guest.programs.metric import Metric

NAME = "console"
VERSION = r"^(Linux version \S+)"
LONGEST = 160  # bytes of a name, and of what steers a terminal in it
_TOLD = re.compile(
    rb"(?P<kernel>Linux version [^\s(]{1,80})(?=[\s(])|(?P<system>Welcome to [^!\r\n]{1,120})(?=!)"
)
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Names:
    """The first kernel that is named, and the system that is named last after it: an initramfs
    may name itself before, and a boot loader welcomes, too."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def hear(self, output: bytes, new: int) -> None:
        """output: all that is kept of it, of which the last `new` bytes have just come."""
        for match in _TOLD.finditer(output[-(new + LONGEST) :]):
            name = _plain(match[0])
            if match["kernel"]:
                self._found.setdefault("kernel", name)
            elif "kernel" in self._found:
                self._found["system"] = name

    def text(self) -> str:
        """A line each; empty where no kernel has named itself, as in a container."""
        return "".join(f"{name}\n" for name in self._found.values())


def metrics(report: str) -> list[Metric]:
    return []


def _plain(name: bytes) -> str:
    text = _STEERING.sub("", name.decode(errors="replace"))
    return "".join(sign for sign in text if sign.isprintable())

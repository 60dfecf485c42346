"""What a machine's kernel and its system call themselves on the console: names, no figures.

Source: the kernel's init/version-timestamp.c ("Linux version 6.1.0-32-amd64 (…"), systemd's
src/core/main.c ("Welcome to Debian GNU/Linux 12 (bookworm)!").
"""

from __future__ import annotations

import re

from labkit.guest.programs.metric import Metric

NAME = "console"
VERSION = r"^(Linux version \S+)"
INTRODUCED = re.compile(rb"(Linux version [^\s(]{1,80}(?=[\s(])|Welcome to [^!\r\n]{1,120}(?=!))")
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def metrics(report: str) -> list[Metric]:
    return []


def introduced(output: bytes) -> list[str]:
    """The names that are told in an output, without what steers a terminal."""
    found = (
        _STEERING.sub("", name.decode(errors="replace")) for name in INTRODUCED.findall(output)
    )
    return ["".join(sign for sign in name if sign.isprintable()) for name in found]

"""Marks of owners of whom each verdict is right."""

from __future__ import annotations

import os

from labkit.system.owner_marks import Mark, owner, place, started

_own = Mark.read(owner())
assert _own is not None
# The system gives out no such number: PID_MAX_LIMIT, proc_sys_kernel(5), is the first above.
GONE = f"4194304-1.{place()}"
# Its number is another process's by now.
REUSED = f"{os.getpid()}-1.{place()}"
LIVES = f"{os.getppid()}-{started(os.getppid())}.{place()}"
OTHER_BOOT = f"4194304-1.00000000.{_own.namespace}"
ELSEWHERE = f"4194304-1.{_own.boot}.000000"
OLD_FORM = f"4194304-1.{_own.boot}"

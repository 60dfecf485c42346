"""Longer limits of time for the lab and its tests, on a computer that is itself emulated.

Python reads this file at its start where PYTHONPATH names its folder (site, in Python's manual), so
the labs that a test starts have it, too. Each limit is LABKIT_TEST_PATIENCE times as long; what is
measured stays as it is.
"""

from __future__ import annotations

import inspect
import os
import subprocess
from contextlib import suppress
from typing import Any

FACTOR = float(os.environ.get("LABKIT_TEST_PATIENCE", "1"))


def lengthen(owner: Any, name: str, limit: str) -> None:
    """Of a function of a module or a class, the argument of this name."""
    function = getattr(owner, name)

    def patient(*positional: Any, **named: Any) -> Any:
        words = inspect.signature(function).bind(*positional, **named)
        words.apply_defaults()
        if words.arguments[limit] is not None:
            words.arguments[limit] *= FACTOR
        return function(*words.args, **words.kwargs)

    setattr(owner, name, patient)


def lengthen_answer(owner: Any, name: str) -> None:
    """Of a method that gives a limit."""
    function = getattr(owner, name)
    setattr(owner, name, lambda *given: FACTOR * function(*given))


def lengthen_all() -> None:
    for name in ("wait", "communicate"):
        lengthen(subprocess.Popen, name, "timeout")
    with suppress(ImportError):  # another Python than the lab's
        # In this order: what comes later imports what came before by its name.
        from labkit.system import clock

        lengthen(clock, "wait_until", "timeout")
        lengthen(clock, "wait_while_it_moves", "silence")
        from labkit.system import process

        lengthen(process, "wait_for", "timeout")
        from labkit.guest.protocol import Session

        for name in ("wait_ready", "begin", "shell", "stop"):
            lengthen(Session, name, "timeout")
        from labkit.backends.instance import Instance

        lengthen_answer(Instance, "_ending")
        from labkit.backends.docker import endpoint

        endpoint.PROBE_S = int(FACTOR * endpoint.PROBE_S)
        from labkit.backends.docker import client

        lengthen(client, "_client", "timeout")


if FACTOR != 1:
    lengthen_all()

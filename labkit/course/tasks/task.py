"""What a task is: build, break, mend, with one's own hands in a terminal, and a check of the real
thing.

A task is done when the state of containers, processes or recordings says so. The lab looks and
changes nothing: what a student has made is removed by the student.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OPTIONS = "--network none --entrypoint /bin/busybox"


@dataclass(frozen=True)
class Task:
    """missing: what is not as it should be yet, "" when all is. seen: what there is to see when
    it is done. hint: for who has tried. way: one way to do it, in a shell (IMAGE is the lab
    image). clean_up: what removes it."""

    missing: Callable[[], str]
    hint: str
    way: tuple[str, ...]
    clean_up: str
    seen: Callable[[], str] = lambda: ""


TASKS: dict[str, Task] = {}


def task(
    name: str,
    *,
    hint: str,
    way: tuple[str, ...],
    clean_up: str,
    seen: Callable[[], str] = lambda: "",
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Enters the check below it. In `way`, OPTIONS stands for the options that each container of
    a task is started with."""

    def enter(missing: Callable[[], str]) -> Callable[[], str]:
        lines = tuple(line.replace("OPTIONS", OPTIONS) for line in way)
        TASKS[name] = Task(missing, hint, lines, clean_up, seen)
        return missing

    return enter

"""The check of a task: whether the real thing is as the task asks."""

from __future__ import annotations

from contextlib import suppress

from labkit.course import work
from labkit.course.tasks import TASKS
from labkit.errors import BackendError, UsageError
from labkit.notebook.exercises import Verdict
from labkit.notebook.modes import mode


def task(name: str) -> Verdict:
    """Looks at the containers and images of this computer, and keeps with the student's work what
    is done. UsageError when there is no such task."""
    if name not in TASKS:
        raise UsageError(f"there is no task {name!r}", details=f"there are: {', '.join(TASKS)}")
    if mode() == "recorded":
        return Verdict("Nothing was looked at: LAB_MODE is recorded.", right=False)
    try:
        missing = TASKS[name].missing()
    except BackendError as error:
        return Verdict(f"It could not be looked at. {error}", right=False)
    if not work.is_static():
        with suppress(work.NotKept):
            before = work.read().tasks.get(name, False)
            work.keep("tasks", name, before or not missing)
    if missing:
        return Verdict(f"Not yet: {missing}.", right=False)
    return Verdict(f"Done. When you have looked at it: {TASKS[name].clean_up}", right=True)

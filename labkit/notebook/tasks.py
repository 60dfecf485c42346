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
    task = TASKS[name]
    try:
        missing = task.missing()
        seen = "" if missing else task.seen()
    except BackendError as error:
        return Verdict(f"It could not be looked at. {error}", right=False)
    tried = _kept(name, done=not missing)
    if missing:
        hint = f"\nA hint: {task.hint}." if tried else ""
        return Verdict(f"Not yet: {missing}.{hint}", right=False)
    words = f"Done. {seen}".strip()
    return Verdict(f"{words} When you have looked at it: {task.clean_up}", right=True)


_tried: set[str] = set()


def _kept(name: str, *, done: bool) -> bool:
    """Whether it was tried before. What is done stays in the student's work."""
    before = name in _tried
    _tried.add(name)
    if work.is_static():
        return before
    with suppress(work.NotKept):
        kept = work.read().tasks.get(name)
        work.keep("tasks", name, kept or done)
        return kept is not None
    return before

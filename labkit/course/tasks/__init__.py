"""The tasks of the notebooks: name → task, by chapter."""

from labkit.course.tasks import boundaries, containers, own, starts  # each enters its own
from labkit.course.tasks.task import TASKS as ENTERED
from labkit.course.tasks.task import Task

TASKS: dict[str, Task] = dict(sorted(ENTERED.items()))

__all__ = ["TASKS", "Task", "boundaries", "containers", "own", "starts"]

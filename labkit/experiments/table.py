"""The table of experiments. A new one: one folder beside this file, and one line here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.errors import UsageError
from labkit.system.paths import typed

if TYPE_CHECKING:
    from labkit.experiments.base import Experiment
    from labkit.experiments.benchmark.records import Run
    from labkit.recordings.reader import Recording


@dataclass(frozen=True)
class Entry:
    """The folder, the command, and a line about it."""

    folder: str
    command: str
    summary: str


# The module itself is imported when it is asked for: what one experiment needs, the others do not
# wait for.
EXPERIMENTS: dict[str, Entry] = {
    "benchmark": Entry("benchmark", "run", "Measure and compare."),
    "isolation": Entry("isolation", "isolation", "What an instance sees, and may do."),
    "images": Entry("images", "images", "What images share, and what they cost."),
    "neighbours": Entry("neighbours", "neighbours", "How much a neighbour disturbs."),
    "docker-internals": Entry(
        "docker_internals",
        "docker-internals",
        "Inside Docker: processes, sockets, a start's events.",
    ),
    "deployment": Entry(
        "deployment", "deployment", "An app as a machine, as a container, as code alone."
    ),
    "orchestration": Entry(
        "orchestration", "orchestration", "What an orchestrator adds: pods heal, scale, roll over."
    ),
    "mistakes": Entry(
        "mistakes", "mistakes", "Five published mistakes: made on purpose, put right."
    ),
    "density": Entry("density", "density", "What changes when many instances start."),
    "selftest": Entry("selftest", "selftest", "Test the lab itself."),
    "shell": Entry("shell", "shell", "A script of your own behind every boundary."),
}


def experiment(name: str) -> Experiment[Any, Any, Any]:
    """The experiment of this name; UsageError when there is none."""
    if name not in EXPERIMENTS:
        raise UsageError(
            f"there is no experiment {name!r}", details=f"the lab has: {', '.join(EXPERIMENTS)}"
        )
    module = import_module(f"labkit.experiments.{EXPERIMENTS[name].folder}.experiment")
    loaded: Experiment[Any, Any, Any] = module.EXPERIMENT
    return loaded


def load_run(recording: str | Path) -> Run:
    """Reads a run; UsageError for a recording of another experiment."""
    run = load(recording)
    if run.manifest.experiment != "benchmark":
        raise UsageError(
            f"{run.path} is no run, but a recording of {run.manifest.experiment}",
            resolution=f"name a run; to see this one: labkit report {typed(run.path)}",
        )
    return run


def load(recording: str | Path) -> Recording[Any]:
    """Reads a recording of any experiment: a folder, or the name of one in data/runs or among those
    that come with the lab.

    Returns a Recording: `manifest`, `ending`, `left_out`, and each table as a frame, such as
    `.trials`. Raises StoreError when a file is missing, was changed, or is not what it should be.
    """
    from labkit.recordings import reader

    path = reader.find(recording)
    return reader.read(path, experiment(reader.experiment_of(path)))

"""The Virtualization Lab: the same workload behind each boundary, measured on this computer.

>>> import labkit
>>> labkit.doctor()                 # what can run here
>>> run = labkit.run(["host", "docker"], repeats=5)
>>> run = labkit.load("first-comparison")
>>> labkit.benchmark.charts.startup(...)
"""

from typing import TYPE_CHECKING

from labkit.lazy import attach

if TYPE_CHECKING:
    from labkit import charts, course, notebook, stats, units
    from labkit.errors import LabError
    from labkit.experiments import (
        benchmark,
        density,
        deployment,
        docker_internals,
        images,
        isolation,
        mistakes,
        neighbours,
        orchestration,
        selftest,
        shell,
    )
    from labkit.experiments.benchmark.experiment import run
    from labkit.experiments.report import write as report
    from labkit.experiments.table import load
    from labkit.guest import workload as workloads
    from labkit.recordings.facts import Limits
    from labkit.setup.diagnosis import examine as doctor

__all__ = [
    "LabError",
    "Limits",
    "benchmark",
    "charts",
    "course",
    "density",
    "deployment",
    "docker_internals",
    "doctor",
    "images",
    "isolation",
    "load",
    "mistakes",
    "neighbours",
    "notebook",
    "orchestration",
    "report",
    "run",
    "selftest",
    "shell",
    "stats",
    "units",
    "workloads",
]

__getattr__, _names = attach(
    __name__,
    LabError=".errors:LabError",
    Limits=".recordings.facts:Limits",
    doctor=".setup.diagnosis:examine",
    load=".experiments.table:load",
    run=".experiments.benchmark.experiment:run",
    report=".experiments.report:write",
    workloads=".guest.workload",
    **{name: f".{name}" for name in ("charts", "course", "notebook", "stats", "units")},
    **{
        name: f".experiments.{name}"
        for name in (
            *("benchmark", "deployment", "docker_internals", "images", "isolation", "neighbours"),
            *("density", "mistakes", "orchestration", "selftest", "shell"),
        )
    },
)

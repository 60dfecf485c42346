"""The calls of an experiment from Python. Who only reads recordings does not wait for the engine,
nor for what measures."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from labkit.experiments.base import Experiment, M, O, P
from labkit.experiments.options import checked
from labkit.recordings.reader import Recording

Arguments = ParamSpec("Arguments")


def measured_by(
    experiment: Experiment[O, P, M], options: Callable[Arguments, O]
) -> Callable[Arguments, Recording[M]]:
    """The call of an experiment: with the arguments of its options, which are said there only."""

    @wraps(options, assigned=("__doc__",), updated=())
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Recording[M]:
        from labkit.experiments import engine

        return engine.measure(experiment, checked(experiment.options, *args, **kwargs))

    return run


def planned_by(
    experiment: Experiment[O, P, M], options: Callable[Arguments, O]
) -> Callable[Arguments, P]:
    """What such a call would do, without doing it."""

    @wraps(options, assigned=("__doc__",), updated=())
    def plan(*args: Arguments.args, **kwargs: Arguments.kwargs) -> P:
        return experiment.plan(checked(experiment.options, *args, **kwargs))

    return plan

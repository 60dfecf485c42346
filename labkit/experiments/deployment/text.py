"""What each method asks of the user, as plain text."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from labkit.experiments.deployment import stats
from labkit.experiments.deployment.records import Deployments
from labkit.experiments.deployment.responsibilities import USER_MANAGES


def text(recording: Deployments) -> str:
    """A line a method; then its steps, of the first time."""
    return "\n".join([*_table(stats.deployments(recording.steps)), *_steps(recording.steps)])


def _table(table: pd.DataFrame) -> Iterator[str]:
    yield f"{'method':<18} {'steps':>5} {'lines':>5} {'bytes':>12} {'seconds':>8}  leaves to you"
    for row in table.itertuples():
        left = ", ".join(USER_MANAGES[str(row.model)])
        yield (
            f"{row.method:<18} {row.steps:>5} {row.lines:>5} {row.bytes:>12,} "
            f"{row.median_s:>8.1f}  {left}"
        )


def _steps(steps: pd.DataFrame) -> Iterator[str]:
    first = steps[steps["trial"] == steps["trial"].min()]
    for (method, engine), done in first.groupby(["method", "engine"], sort=False):
        yield from ["", f"{method} ({engine}):"]
        for step in done.itertuples():
            yield (
                f"  {step.step}. {step.title:<50} {step.lines:>3} lines {step.bytes:>12,} bytes "
                f"{step.seconds:>6.1f} s"
            )

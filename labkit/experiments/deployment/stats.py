"""What each method of deployment asks of the user, from the steps that were done."""

from __future__ import annotations

import pandas as pd

from labkit.stats.spread import FEW, spread

WRITE_APP = "write the app"


def deployments(steps: pd.DataFrame) -> pd.DataFrame:
    """One row a method, in the order of the steps: method, model, engine, n, few, steps, files,
    lines, bytes, app_lines (of the app itself, in `lines` too), and median_s, low_s, high_s: the
    computer's seconds for all steps of a trial."""
    keys = ["method", "model", "engine"]
    trials = steps.groupby([*keys, "trial"], sort=False).agg(
        steps=("step", "size"),
        files=("files", "sum"),
        lines=("lines", "sum"),
        bytes=("bytes", "sum"),
        seconds=("seconds", "sum"),
    )
    trials = trials.reset_index()
    # The same in each trial: what is supplied is counted, not measured.
    table = trials.groupby(keys, sort=False)[["steps", "files", "lines", "bytes"]].max()
    app = steps[steps["title"] == WRITE_APP].groupby("method")["lines"].max().rename("app_lines")
    times = spread(trials, keys, "seconds", "s")
    table = table.reset_index().merge(app, on="method", how="left").merge(times, on=keys)
    table["few"] = table["n"] < FEW
    return table

"""What systemd says of a boot, beside what is seen from outside."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.frames import identified, measured
from labkit.guest.programs.systemd_analyze import PHASES
from labkit.stats.spread import floats, spread

PROGRAM = "systemd-analyze"
OURS, BEFORE, TOTAL, UNSEEN = "ours", "before_kernel", "total", "difference"
FIGURES = (OURS, BEFORE, *PHASES, TOTAL, UNSEEN)


@once
def boot(run: Run) -> pd.DataFrame:
    """One row a backend and figure, as far as they are known: backend, family, engine, figure, n,
    median_s, mad_s, low_s, high_s, few. Empty where systemd was asked nowhere.

    ours: from the request until ready; before_kernel: of it, until the kernel's first words; those
    of PHASES and their total: systemd-analyze's, by the instance's own clock; difference: ours less
    that total, of each trial.
    """
    values = _by_trial(run)
    return identified(spread(values, ["backend", "figure"], "value_s", "s"), run.trials)


def _by_trial(run: Run) -> pd.DataFrame:
    """backend, figure, value_s."""
    told = run.metrics[run.metrics["workload"] == PROGRAM]
    trials = measured(run.trials).set_index("trial") if len(told) else run.trials.iloc[:0]
    wide = told.pivot(index="trial", columns="metric", values="value").astype(float) / 1e6
    wide = wide.reindex(index=trials.index, columns=[*PHASES, TOTAL])
    kernel = run.milestones[run.milestones["milestone"] == "kernel"].set_index("trial")["at_s"]
    ours = floats(trials["startup_s"])
    wide = wide.assign(**{OURS: ours, BEFORE: kernel.reindex(trials.index)})
    wide = wide.assign(**{UNSEEN: ours - wide[TOTAL], "backend": trials["backend"]})
    long = wide.melt("backend", [*FIGURES], "figure", "value_s")
    return long.dropna(subset="value_s")

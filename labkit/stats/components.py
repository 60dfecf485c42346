"""What each program of an engine takes: CPU time until ready, memory when ready."""

from __future__ import annotations

import pandas as pd

from labkit.stats.cpu import METER
from labkit.stats.frames import FEW, floats, identified, of_good_trials, spread

QUANTITIES = ("host_cpu_s", "pss_bytes")


def components(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and meter (`docker`, `dockerd`, `containerd-shim`, …): backend, family,
    engine, meter, role, n, few, and median_…, low_…, high_… of host_cpu_s and pss_bytes.

    host_cpu_s: CPU seconds from `requested` to `ready`, as in `startup_cpu`: a service ran before,
    so its figure is a difference; what is started for the instance begins at zero. pss_bytes: the
    reading at `ready`. A median of meters adds up to no median of a sum.
    """
    good = of_good_trials(samples, trials)
    before = _at(good, "requested").rename(columns={"cpu_s": "before_s"})
    ready = _at(good, "ready").merge(before[[*METER, "before_s"]], on=METER, how="left")
    fresh = ready["role"] != "services"
    ready.loc[fresh, "before_s"] = ready.loc[fresh, "before_s"].fillna(0.0)
    spent = ready["cpu_s"] - ready["before_s"]
    # A meter that went back lost a process from sight: then not known.
    ready = ready.assign(host_cpu_s=spent.where(spent >= 0))
    table = ready.groupby(["backend", "meter", "role"], sort=False).size().rename("n").reset_index()
    for name in QUANTITIES:
        figures = spread(ready, ["backend", "meter"], name, name)
        table = table.merge(figures.drop(columns=["n", f"mad_{name}"]), on=["backend", "meter"])
    table = identified(table[table["role"] != "host"], trials)
    table["few"] = table["n"] < FEW
    return table


def _at(samples: pd.DataFrame, moment: str) -> pd.DataFrame:
    """The first reading of each meter that was taken at a moment."""
    rows = samples[samples["moment"] == moment].drop_duplicates(METER)
    numbers = {name: floats(rows[name]) for name in ("cpu_s", "pss_bytes")}
    return rows[METER].assign(**numbers)

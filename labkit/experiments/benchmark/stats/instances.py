"""What the n-th instance costs, when n - 1 of the same kind run already."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import RunManifest
from labkit.experiments.benchmark.stats.frames import identified
from labkit.recordings.words import SEVERAL
from labkit.stats.spread import floats

COLUMNS = {
    "rss": "rss_bytes",
    "pss": "pss_bytes",
    "uss": "uss_bytes",
    "cgroup": "cgroup_bytes",
    "host_delta": "host_available_bytes",
}
# What is lost counts, where the others count what is used.
SIGNS = dict.fromkeys(COLUMNS, 1.0) | {"host_delta": -1.0}
ALL = ("instance", "helper", "services")
KEYS = ["backend", "metric", "role", "running"]


def instances(readings: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, metric, role and number of instances from 1 on: backend, family, engine,
    metric, role, running, total_bytes (of all instances that run, beyond what the services took
    before the first), marginal_bytes (of the last one: total(n) - total(n - 1)).

    The role `all` is instance + helper + services: the n-th instance may also make the services
    grow. `host_delta`, of the role `host`, is the fall of what the computer has available; it holds
    whatever else came or went meanwhile. Each is one reading, so it has no interval.
    """
    table = _totals(readings)
    table = pd.concat([table, _together(table)], ignore_index=True)
    table["total_bytes"] = (table["bytes"] - _before(table)) * table["metric"].map(SIGNS)
    table = table.sort_values(KEYS, kind="stable")
    grown = table.groupby(KEYS[:3])["total_bytes"].diff()
    table["marginal_bytes"] = grown.mask(table["running"] == 1, table["total_bytes"])
    table = table[table["running"] > 0]
    return identified(table[[*KEYS, "total_bytes", "marginal_bytes"]], trials)


def _before(table: pd.DataFrame) -> pd.Series:
    """What a role took before the first start: nothing where it was not there."""
    first = table[table["running"] == 0].set_index(KEYS[:3])["bytes"]
    keys = pd.MultiIndex.from_frame(table[KEYS[:3]])
    there = keys.isin(first.index)
    return pd.Series(first.reindex(keys).to_numpy(), table.index).where(there, 0.0)


def left_out(manifest: RunManifest) -> dict[str, str]:
    """Backend → why none of its instances ran at once; empty for a run that has none at all."""
    if not manifest.plan.instances:
        return {}
    return {
        name: info.unsupported.get(SEVERAL, "a start of it takes too long")
        for name, info in manifest.backends.items()
        if name not in manifest.plan.instances
    }


def _totals(readings: pd.DataFrame) -> pd.DataFrame:
    """KEYS, bytes: over all meters of a role. Empty when one of them could not be read; one that
    never reads a metric is no part of it."""
    names = {column: metric for metric, column in COLUMNS.items()}
    read = readings[readings["error"].isna()]
    keys = ["backend", "running", "role", "meter"]
    long = read[[*keys, *names]].rename(columns=names).melt(id_vars=keys, var_name="metric")
    long["value"] = floats(long["value"])
    meter = [long[key] for key in ("backend", "role", "meter", "metric")]
    long = long[long["value"].notna().groupby(meter).transform("any")]
    groups = long.groupby(KEYS)["value"]
    sums = groups.sum().where(groups.count() == groups.size())
    return sums.rename("bytes").reset_index()


def _together(table: pd.DataFrame) -> pd.DataFrame:
    parts = table[table["role"].isin(ALL)]
    keys = ["backend", "metric", "running"]
    groups = parts.groupby(keys)["bytes"]
    sums = groups.sum().where(groups.count() == groups.size())
    return sums.rename("bytes").reset_index().assign(role="all")

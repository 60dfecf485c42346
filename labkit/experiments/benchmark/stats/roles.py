"""From readings of meters to one value for each trial and role.

Roles are kept apart (instance, helper, services) and never added up silently. Two sums have names
of their own: `each` is instance + helper, what exists once for each instance; `all` adds the
services that instances share.
"""

from __future__ import annotations

import pandas as pd

EACH = ("instance", "helper")
ALL = ("instance", "helper", "services")


def by_role(readings: pd.DataFrame, keys: list[str], values: list[str]) -> pd.DataFrame:
    """Adds up the meters of a role, for each backend, trial, role and combination of `keys`.

    A meter that never reads a quantity is not a part of its sum; a meter that failed to read it
    once makes that sum NaN. `readings` has backend, trial, role, meter, keys and values. What was
    read of the whole computer is no instance's: its role `host` is left out.
    """
    readings = readings[readings["role"] != "host"]
    role = ["backend", "role", *keys]
    reads = readings[values].notna().any(axis="columns")
    meter_reads = reads.groupby([readings[key] for key in [*role, "meter"]]).transform("any")
    role_reads = reads.groupby([readings[key] for key in role]).transform("any")
    parts = readings[meter_reads | ~role_reads]
    return _add_up(parts, ["backend", "trial", "role", *keys], values)


def together(
    table: pd.DataFrame, roles: tuple[str, ...], name: str, keys: list[str], values: list[str]
) -> pd.DataFrame:
    """The table, with a further role that is the sum of `roles` for each trial. The sum is NaN
    when one of the roles that the trial has could not be read."""
    parts = table[table["role"].isin(roles)]
    total = _add_up(parts, ["backend", "trial", *keys], values).assign(role=name)
    return pd.concat([table, total[table.columns]], ignore_index=True)


def _add_up(parts: pd.DataFrame, keys: list[str], values: list[str]) -> pd.DataFrame:
    groups = parts.groupby(keys, sort=False)[values]
    sums = groups.sum()
    return sums.where(groups.count().eq(groups.size(), axis="index")).reset_index()

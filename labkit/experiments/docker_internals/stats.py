"""The processes of a recording, and how long lies between the events of a start."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from labkit.experiments.docker_internals.records import DockerInternals
from labkit.stats.bootstrap import interval
from labkit.stats.spread import FEW

COLUMNS = [
    "backend", "source", "event", "after", "n", "median_s", "low_s", "high_s", "start_s", "few",
]  # fmt: skip


def processes(recording: DockerInternals) -> pd.DataFrame:
    """The tree; of a daemon that was killed with the column `survives`."""
    return recording.survivors if recording.manifest.plan.killed_daemon else recording.tree


def start_events(events: pd.DataFrame) -> pd.DataFrame:
    """One row an event that every trial has: backend, source, event, after, n, median_s, low_s,
    high_s, start_s, few. From the table of `start_events.record`.

    median_s is the median over trials of the time since the event before it (`after`), with its
    95 % interval (BCa); start_s is the sum of the medians before. Events are in the order of their
    median times. `ready`, the last, is what the user waits for.
    """
    trials = events["trial"].nunique()
    wide = events.pivot_table(index="trial", columns="event", values="at_s", aggfunc="first")
    whole = wide.loc[:, wide.notna().sum() == trials]
    order = whole.median().sort_values(kind="stable").index
    lengths = whole[order].diff(axis="columns")
    about = events.drop_duplicates("event").set_index("event")
    rows = []
    start = 0.0
    for before, event in pairwise(order):
        median, low, high = interval(lengths[event])
        known = (about.loc[event, "backend"], about.loc[event, "source"], event, before)
        rows.append((*known, trials, median, low, high, start, trials < FEW))
        start += median or 0.0
    return pd.DataFrame(rows, columns=COLUMNS)

"""Whether the rows of a run belong together: what each row alone cannot show.

A row may be a valid record and still be wrong: of a trial that the run does not have, at odds with
the manifest. Looked at in columns: a run may have a million rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from labkit.experiments.benchmark.records import RunManifest
from labkit.guest.programs import ASKED
from labkit.recordings.words import MILESTONES

Frames = Mapping[str, pd.DataFrame]
Faults = Iterator[tuple[str, str]]
OF_A_TRIAL = ("milestones", "requests", "results", "samples", "metrics", "reports")


def faults(manifest: RunManifest, tables: Frames) -> Faults:
    """(table, what is wrong with it), of all that is wrong."""
    yield from (("trials", why) for why in _of_the_trials(tables["trials"]))
    trials = tables["trials"].set_index("trial")
    for table in OF_A_TRIAL:
        yield from ((table, why) for why in _strangers(trials, tables[table]))
    yield from _unknown_names(manifest, tables)
    yield from (("metrics", why) for why in _without_report(tables["metrics"], tables["reports"]))
    instances = tables["instances"]["backend"]
    for backend in instances[~instances.isin(list(manifest.plan.instances))].unique():
        yield "instances", f"the plan has no instances of {backend!r}"
    yield from _not_ready(trials, tables["milestones"])


def _of_the_trials(trials: pd.DataFrame) -> Iterator[str]:
    misplaced = (trials["stage"] == "warmup") != (trials["block"] == 0)
    for row in _rows(trials[misplaced]):
        why = f"a trial of the stage {row.stage!r} cannot be in block {row.block}"
        yield f"trial {row.trial}: {why}"
    disturbed = trials[["stopped_s", "suspended_s", "clock_step_s"]].fillna(0).ne(0).any(axis=1)
    wanted = trials["error"].notna().map({True: "failed", False: "ok"}).mask(disturbed, "disturbed")
    for row in _rows(trials.assign(wanted=wanted)[trials["status"] != wanted]):
        why = f"its status is {row.status!r}, and what it says otherwise is {row.wanted!r}"
        yield f"trial {row.trial}: {why}"


def _strangers(trials: pd.DataFrame, rows: pd.DataFrame) -> Iterator[str]:
    """Rows that name another backend than their trial does."""
    named = rows[["trial", "backend"]].drop_duplicates()
    named = named.assign(own=named["trial"].map(trials["backend"]))
    for row in _rows(named[named["own"] != named["backend"]]):
        if row.trial not in trials.index:
            yield f"there is no trial {row.trial}"
        else:
            yield f"trial {row.trial} is one of {row.own}, not of {row.backend!r}"


def _unknown_names(manifest: RunManifest, tables: Frames) -> Faults:
    # One that reports is called by its settings, too.
    asked = manifest.plan.workloads
    workloads = {*asked, *(task.partition(":")[0] for task in asked), *ASKED}
    milestones = tables["milestones"]
    for row in _rows(milestones[~milestones["milestone"].isin(MILESTONES)]):
        yield "milestones", f"trial {row.trial}: no milestone {row.milestone!r}"
    for table in ("results", "requests", "metrics", "reports"):
        rows = tables[table]
        for row in _rows(rows[~rows["workload"].isin(workloads)]):
            yield table, f"trial {row.trial}: the plan has no workload {row.workload!r}"


def _without_report(metrics: pd.DataFrame, reports: pd.DataFrame) -> Iterator[str]:
    """A figure that no report has said."""
    said = set(zip(reports["trial"], reports["workload"], strict=True))
    for row in _rows(metrics[["trial", "workload"]].drop_duplicates()):
        if (row.trial, row.workload) not in said:
            yield f"trial {row.trial}: there is no report of {row.workload!r}"


def _not_ready(trials: pd.DataFrame, milestones: pd.DataFrame) -> Faults:
    ready = milestones[milestones["milestone"] == "ready"]
    startup = ready["trial"].map(trials["startup_s"])
    for row in _rows(ready.assign(startup_s=startup)[startup.notna() & (startup != ready["at_s"])]):
        why = f"ready after {row.at_s} s, yet startup_s={row.startup_s}"
        yield "trials", f"trial {row.trial}: {why}"


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples(index=False)

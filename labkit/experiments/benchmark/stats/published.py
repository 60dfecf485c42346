"""Published figures beside ours, only where they mean the same; everything else is refused, with
the reason. Two numbers on one axis are read as a comparison, whatever the text below says.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.frames import identified, of_good_trials
from labkit.experiments.benchmark.stats.summary import WORKLOAD
from labkit.experiments.benchmark.stats.throughput import throughput
from labkit.recordings.words import MILESTONES
from labkit.stats.signed_ranks import FEWEST
from labkit.stats.spread import FEW, floats, spread

PAIR = ["from_milestone", "to_milestone"]
FIGURES = ["median", "low", "high"]
OURS = ["backend", "family", "engine", "start", "quantity", *PAIR, "n", *FIGURES, "few"]
# What executes the instructions. Kinds are never mixed: not emulation with hardware
# virtualization, nor either of them with the processor itself.
KINDS = {
    "native": "the processor itself",
    "crun": "the processor itself",
    "youki": "the processor itself",
    "kata": "hardware virtualization",
    "krun": "hardware virtualization",
    "kvm": "hardware virtualization",
    "hvf": "hardware virtualization",
    "vbox-hm": "hardware virtualization",
    "vmware": "hardware virtualization",
    "xen-pv": "paravirtualization",
    "tcg": "emulation",
    "vbox-recompiler": "emulation",
}
# Published unit → ours. A rate (GFLOPS) has no counterpart: only its ratio to the baseline has.
UNITS = {"s": 1.0, "ms": 1e-3, "ratio": 1.0, "MiB": 2.0**20, "MB": 1e6}
# Below so many trials an interval covers less than it says: of a median, of ratios of pairs.
FEW_BELOW = {"startup": FEW, "cpu_throughput": FEWEST}
BASELINE = "the bare process that its source's other figures are divided by"


def comparable(run: Run, published: pd.DataFrame) -> pd.DataFrame:
    """What the lab has measured of the same quantities; one row a backend, quantity and pair of
    milestones: backend, family, engine, start, quantity, from_milestone, to_milestone, n, median,
    low, high, few. None of a computer that is itself emulated: its figures say nothing of others.

    startup: seconds between each pair of milestones that a published figure has (both pass in one
    trial; median over trials). cpu_throughput: the workload `cpu`, relative to the bare process of
    the same block, for all other backends.
    """
    pairs = published[PAIR].dropna().drop_duplicates()
    table = pd.concat([_startup(run, pairs), _speed(run)], ignore_index=True)
    table = table.merge(run.trials[["backend", "start"]].drop_duplicates("backend"), on="backend")
    table["few"] = table["n"] < table["quantity"].map(FEW_BELOW)
    return table.loc[[not run.manifest.host.emulated] * len(table), OURS]


def beside(published: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """The published figures with amount, beside, shown and reason.

    amount: the value in our unit (seconds, bytes, ratio to the bare process of the same source).
    beside: the backends of `comparable` that it may stand beside, separated by commas. shown:
    whether there is one; where there is none, `reason` says why, otherwise it is empty.
    """
    judged = [_judge(row, ours) for row in published.itertuples()]
    return published.assign(
        amount=_amounts(published),
        beside=[names for names, _ in judged],
        shown=[not reason for _, reason in judged],
        reason=[reason for _, reason in judged],
    )


def _startup(run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    moments = of_good_trials(run.milestones, run.trials)
    wide = moments.pivot_table(
        index=["backend", "trial"], columns="milestone", values="at_s", aggfunc="first"
    ).reindex(columns=MILESTONES)
    lengths = [
        (floats(wide[then]) - floats(wide[first]))
        .clip(lower=0)  # two observers may note two moments in the wrong order
        .rename("value")
        .reset_index()
        .assign(from_milestone=first, to_milestone=then)
        for first, then in pairs.itertuples(index=False)
    ]
    table = pd.concat(lengths, ignore_index=True) if lengths else pd.DataFrame(columns=["value"])
    if table.empty:
        return pd.DataFrame(columns=["backend", "quantity", *PAIR, "n", *FIGURES])
    figures = spread(table, ["backend", *PAIR], "value", "value")
    figures = figures.rename(columns=lambda name: name.removesuffix("_value"))
    return identified(figures, run.trials).assign(quantity="startup")


def _speed(run: Run) -> pd.DataFrame:
    results = run.results[run.results["workload"] == WORKLOAD]
    table = throughput(results, run.trials)
    bare = table.loc[table["family"] == "baseline", "backend"]
    table = table[(table["family"] != "baseline") & table["yardstick"].isin(bare)]
    named = table.drop(columns="n").rename(columns=lambda name: name.replace("_ratio", ""))
    return named.assign(quantity="cpu_throughput", from_milestone=None, to_milestone=None)


def _amounts(published: pd.DataFrame) -> pd.Series:
    values = published.set_index("id")["value"]
    ratios = published["value"] / published["baseline"].map(values)
    return ratios.fillna(published["value"] * published["unit"].map(UNITS))


def _judge(row: Any, ours: pd.DataFrame) -> tuple[str, str]:
    """(backends that the figure may stand beside, why there is none)."""
    if row.differs:
        return "", str(row.differs)
    if row.quantity == "cpu_throughput" and row.family == "baseline":
        return "", BASELINE
    alike = ours[(ours["quantity"] == row.quantity) & (ours["family"] == row.family)]
    alike = alike[alike["n"] > 0]
    if row.backend:
        alike = alike[alike["backend"] == row.backend]
    if row.quantity == "startup":
        alike = alike[(alike["start"] == row.start) & (alike[PAIR] == _pair(row)).all(axis=1)]
    if alike.empty:
        return "", f"this run has measured no {row.backend or row.family} in that way"
    kind = KINDS.get(row.engine, row.engine)
    same = alike[alike["engine"].map(KINDS) == kind]
    if same.empty:
        return "", f"{row.engine} is {kind}, but here {_engines(alike)}: not to be compared"
    return ", ".join(same["backend"]), ""


def _pair(row: Any) -> list[str]:
    return [row.from_milestone, row.to_milestone]


def _engines(alike: pd.DataFrame) -> str:
    """Such as "qemu ran under tcg, which is emulation"."""
    pairs = alike[["backend", "engine"]].drop_duplicates("engine").itertuples(index=False)
    return " and ".join(f"{name} ran under {used}, which is {KINDS[used]}" for name, used in pairs)

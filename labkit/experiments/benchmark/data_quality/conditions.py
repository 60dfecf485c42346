"""Quality issues of what a run was made under: a lab that stood still, a busy computer, stolen
time, a guest's clock."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from labkit.experiments.benchmark.data_quality.issue import QualityIssue, clock_off, named
from labkit.experiments.benchmark.records import RunManifest
from labkit.experiments.benchmark.stats.frames import in_blocks, measured
from labkit.experiments.benchmark.stats.programs import CLOCK_OFF, CLOCK_STEP_S
from labkit.recordings.words import OWN_KERNEL
from labkit.stats.spread import floats
from labkit.system.host import priority_note
from labkit.system.interruptions import Interruptions

# A trial itself keeps as many processors busy as its instance may use, and the load average still
# holds the trial before; half a process more is what a quiet system does beside it.
BESIDE = 0.5
# Of all processors' time. Where all of it fell upon the instance's processor, its figures would
# be off by this times the number of processors: too little to hide a difference worth a word.
STOLEN = 0.02


def priority(manifest: RunManifest) -> Iterator[QualityIssue]:
    """What the lab started itself had another priority than what a daemon started for it."""
    if sentence := priority_note(manifest.host.nice, manifest.host.policy):
        yield QualityIssue("priority", "", "nice", "", (), sentence)


def busy(trials: pd.DataFrame, manifest: RunManifest) -> Iterator[QualityIssue]:
    """More processes wanted to run than there are processors, before a trial began."""
    good = measured(trials)
    load, cpus = floats(good["load_1m"]), manifest.host.cpus
    limit = max(float(cpus), manifest.plan.limits.cpus + BESIDE)
    found = _numbers(good[load > limit])
    if found:
        sentence = (
            f"busy computer: up to {load.max():.1f} processes wanted {cpus} processors before "
            f"{named(found)}; end other programs"
        )
        yield QualityIssue("busy", "", "load_1m", "", found, sentence)


def disturbed(trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """The lab or the computer stood still, or its clock was set: an issue for each such trial,
    warm-ups too."""
    for row in trials[trials["status"] == "disturbed"].to_dict("records"):
        what = Interruptions(row["stopped_s"], row["suspended_s"], row["clock_step_s"])
        trial, backend = int(row["trial"]), str(row["backend"])
        sentence = (
            f"during {named([trial])} ({backend}) {what}: it is left out of all figures; "
            "measure once more for as many trials as planned"
        )
        yield QualityIssue("disturbed", backend, "", "", (trial,), sentence)


def stolen(trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """The computer below this virtual machine had other things to do."""
    good = measured(trials)
    share = floats(good["steal_share"])
    found = _numbers(good[share > STOLEN])
    if found:
        sentence = (
            f"the computer below this virtual machine took away up to {share.max() * 100:.0f} % "
            f"of the processors' time in {named(found)}; run again when it is quiet"
        )
        yield QualityIssue("steal", "", "steal_share", "", found, sentence)


def clock(results: pd.DataFrame, trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """A guest whose seconds are not the host's. What shares the host's kernel shares its clock:
    there, the lab was held up, which alone leaves no trial out: a busy computer does it, too."""
    rows = in_blocks(results, trials)
    guests = set(rows.loc[rows["family"].isin(OWN_KERNEL), "backend"])
    rows = rows.assign(
        seconds=floats(rows["seconds"]), guest_seconds=floats(rows["guest_seconds"])
    ).dropna(subset=["guest_seconds"])
    sums = rows.groupby(["backend", "trial"], sort=False)
    table = sums[["seconds", "guest_seconds"]].sum().assign(readings=sums.size()).reset_index()
    off = table["guest_seconds"] - table["seconds"]
    allowed = CLOCK_OFF * table["seconds"] + CLOCK_STEP_S * table["readings"]
    table = table.assign(part=off / table["seconds"])[off.abs() > allowed]
    for backend, group in table.groupby("backend", sort=False):
        found, parts = _numbers(group), floats(group["part"])
        sentence = (
            f"the guest's clock of {backend} ran {clock_off(parts)} in {named(found)}; trust no "
            "duration that this guest measures itself (the lab's are by the host's clock)"
            if backend in guests
            else f"the lab's durations of {backend} are up to {parts.abs().max() * 100:.0f} % off "
            f"those that {backend} itself took in {named(found)}: the lab was held up (end other "
            "programs), or it has a kernel elsewhere, with another clock"
        )
        yield QualityIssue("clock", str(backend), "guest_seconds", "", found, sentence)


def _numbers(trials: pd.DataFrame) -> tuple[int, ...]:
    return tuple(int(number) for number in trials["trial"])

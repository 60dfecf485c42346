"""Why a figure of a run is not there: no cell is empty without a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit import units
from labkit.backends.own.names import bits
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT
from labkit.experiments.benchmark.stats.frames import PAIR, of_good_trials, paired, yardstick
from labkit.experiments.benchmark.stats.roles import ALL, EACH

# (backend, quantity, workload) → figures.
Figures = Mapping[tuple[str, str, str], Mapping[str, Any]]
MEMORY = "pss_bytes"
NOT_SEEN = "no process was seen here that is its own"
ELSEWHERE = f"{NOT_SEEN}, as where its daemon runs elsewhere"
SAME = "where you know that they are the same, say so: a setting bits=WORD, the same for both"
LOCKED = (
    "only root, and the user whose process it is, may read /proc/PID/smaps_rollup of {meters}; "
    "in its place stand RSS (a shared page counts whole for each process) and what the control "
    "group counts, as far as they are known"
)


def not_read(run: Run, backend: str) -> list[str]:
    """Why meters of a backend could not be read, each reason once."""
    reasons = (why for what, why in run.left_out.items() if what.startswith(f"{backend}, memory"))
    return list(dict.fromkeys(reasons))


class Empty:
    """Gathers empty cells with their reasons; each reason is said once."""

    def __init__(self, run: Run, figures: Figures) -> None:
        self._run = run
        self._figures = figures
        self._first = yardstick(run.trials)
        self._good = dict(stats.backends(run.trials)[["backend", "n"]].to_numpy())
        self._alike = set(paired(run.trials).dropna(subset=[PAIR])["backend"])
        self._samples = of_good_trials(run.samples, run.trials)
        self._found: dict[tuple[str, str], list[str]] = {}

    def note(self, backend: str, heading: str, quantity: str, workload: str) -> None:
        """A cell that has nothing to show."""
        why = self._why(backend, quantity, workload)
        self._found.setdefault((backend, why), []).append(heading)

    def sentences(self) -> list[str]:
        return [
            f"Left empty: {backend}, {', '.join(headings)}: {why}."
            for (backend, why), headings in self._found.items()
        ]

    def _why(self, backend: str, quantity: str, workload: str) -> str:
        if not self._good.get(backend):
            return "none of its measured trials succeeded"
        unsupported = self._run.manifest.backends[backend].unsupported
        if reason := unsupported.get(workload or quantity):
            return reason
        if not self._has(backend, quantity, workload):
            return self._unmeasured(backend, quantity)
        if not self._has(self._first, quantity, workload):
            return f"{self._first} has no such figure to compare with"
        if bits(backend) != bits(self._first):
            return f"it runs other bits than {self._first}; {SAME}"
        if backend not in self._alike:
            return f"it was not held to the same limits as {self._first}"
        if quantity == PER_UNIT:
            return f"{self._first} needed less than can be measured (0.01 s) in the same blocks"
        return f"no block has a good trial of both it and {self._first}"

    def _has(self, backend: str, quantity: str, workload: str) -> bool:
        return units.known(self._figures.get((backend, quantity, workload), {}).get("median"))

    def _unmeasured(self, backend: str, quantity: str) -> str:
        if quantity not in (MEMORY, PER_UNIT, PER_SECOND):
            return "it has not counted anything"
        if whys := not_read(self._run, backend):
            return "; ".join(whys)
        roles, column = (EACH, "pss_bytes") if quantity == MEMORY else (ALL, "cpu_s")
        samples = self._samples
        rows = samples[(samples["backend"] == backend) & samples["role"].isin(roles)]
        if not (rows["role"] == "instance").any():
            daemon = self._run.manifest.backends[backend].daemon
            return NOT_SEEN if daemon is None else ELSEWHERE
        unread = rows[rows["rss_bytes"].fillna(0).gt(0) & rows[column].isna()]
        meters = " and ".join(sorted(set(unread["meter"])))
        if quantity == MEMORY and meters and self._run.manifest.host.system == "Linux":
            return LOCKED.format(meters=meters)
        if meters:
            return f"this computer does not tell it of {meters}"
        return "its processes were never seen both before and after"

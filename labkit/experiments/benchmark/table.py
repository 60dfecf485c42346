"""The table that compares a run's backends: its columns, its cells, and why a cell is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit import notes, units
from labkit.backends.own.names import has_agent, short
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.empty import Empty, Figures
from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.text_table import stacked

# What stands in for an unknown PSS: metric and role → what it is called.
SUBSTITUTES = {
    ("rss", "each"): "RSS",
    ("cgroup", "instance"): "cgroup",
    ("daemon", "instance"): "daemon's count",
}


OWN_START = (
    "; of an image without the agent, to the condition in its name, of a distribution to its login "
    "prompt: which is another thing"
)
IDLE_CPU = "idle CPU"
IDLE_MEANS = (
    "host CPU (instance, helper, services) while nothing is asked of it; 100 % is one whole "
    "processor; of short times nothing below a hundredth can be told from zero"
)


@dataclass(frozen=True)
class Column:
    """A quantity, itself or in multiples of the yardstick's."""

    heading: str
    quantity: str
    scale: units.Scale
    workload: str = ""
    relative: bool = False


@dataclass(frozen=True)
class Table:
    """Headings; one row a backend with a cell for each heading, below a value what belongs to it;
    heading → what it means; why cells are empty, in sentences."""

    headings: Sequence[str]
    cells: Sequence[Sequence[str]]
    meanings: Mapping[str, str]
    empty: Sequence[str]


@once
def table(run: Run) -> Table:
    """The comparison of a run's backends."""
    first, workloads = short(yardstick(run.trials)) or "host", _counting(run)
    columns = _columns(first, workloads)
    has_own = not all(map(has_agent, run.manifest.backends))
    if has_own:  # all that it costs while nothing is asked of it
        columns.append(Column(IDLE_CPU, PER_SECOND, units.percent, "idle"))
    values = stats.quantities(run).set_index(["backend", "quantity", "workload"])
    figures: Any = values.to_dict("index")
    empty = Empty(run, figures)
    rows = [
        [
            stacked(str(backend.backend), f"({backend.engine})"),
            str(backend.n),
            *(_cell(run, str(backend.backend), column, figures, empty) for column in columns),
        ]
        for backend in notes.rows_of(stats.backends(run.trials))
    ]
    headings = ["backend", "n", *(column.heading for column in columns)]
    meanings = _meanings(first, workloads)
    if has_own:
        meanings["startup"] += OWN_START
        meanings[IDLE_CPU] = IDLE_MEANS
    return Table(headings, rows, meanings, empty.sentences())


def _columns(first: str, workloads: Sequence[str]) -> list[Column]:
    columns = [
        Column("startup", "startup_s", units.time),
        Column(f"start vs {first}", "startup_s", units.ratio, relative=True),
        Column("memory (PSS)", "pss_bytes", units.memory),
    ]
    for name in workloads:
        columns.append(Column(f"{name} vs {first}", "ops_per_s", units.ratio, name, relative=True))
        columns.append(Column(f"host CPU/{name}", PER_UNIT, units.ratio, name, relative=True))
    return columns


def _meanings(first: str, workloads: Sequence[str]) -> dict[str, str]:
    of_first = "the bare process's" if first == "host" else f"{first}'s"
    found = {
        "startup": "seconds from the request to the agent's first line, on the host's clock",
        f"start vs {first}": f"startup in multiples of {of_first} in the same block",
        "memory (PSS)": "resident memory of instance and helper; a shared page is divided among "
        "its users",
    }
    if workloads:
        names = ", ".join(workloads)
        found[f"{names} vs {first}"] = (
            f"speed at that workload in multiples of {of_first} in the same block; below it, the "
            "speed itself"
        )
        found[f"host CPU/{names}"] = (
            "host CPU time (instance, helper, services) for each unit of that work, likewise"
        )
    return found


def _counting(run: Run) -> list[str]:
    """The workloads of the plan that have counted something, in its order."""
    names = [text.partition(":")[0] for text in run.manifest.plan.workloads]
    counted = set(run.results[run.results["ops"].notna()]["workload"])
    return [name for name in names if name in counted]


def _cell(run: Run, backend: str, column: Column, figures: Figures, empty: Empty) -> str:
    found = figures.get((backend, column.quantity, column.workload), {})
    suffix = "_ratio" if column.relative else ""
    median, low, high = (found.get(f"{figure}{suffix}") for figure in ("median", "low", "high"))
    below: Sequence[str] = ()
    if not units.known(median):
        empty.note(backend, column.heading, column.quantity, column.workload)
        below = _substitutes(run, backend) if column.quantity == "pss_bytes" else ()
    if column.quantity == "ops_per_s" and units.known(found.get("median")):
        below = [f"{units.text(found['median'], units.plain)} {found['unit']}/s"]
    interval = units.interval_text(median, low, high, column.scale).replace(" – ", "–")
    return stacked(units.text(median, column.scale), interval, *below)


def _substitutes(run: Run, backend: str) -> list[str]:
    """What else is known of its memory, where its PSS is not."""
    known = stats.memory(run.samples, run.trials)
    known = known[(known["backend"] == backend) & (known["n"] > 0)]
    sizes = known.set_index(["metric", "role"])["median_bytes"]
    return [
        f"{word} {units.text(sizes[place], units.memory)}"
        for place, word in SUBSTITUTES.items()
        if place in sizes
    ]

"""A run for readers: one self-contained HTML file, and the table that the command line prints."""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import charts, published, stats
from labkit.charts import notes, units
from labkit.charts.chart import Chart
from labkit.errors import StoreError
from labkit.selftest.texts import footer_lines
from labkit.stats import LoadedRun

WIDTH = 100  # columns of the printed table
HEADINGS = ("backend", "engine", "n", "startup", "memory (PSS)", "CPU vs host", "host CPU per unit")
QUANTITIES: tuple[tuple[str, units.Scale], ...] = (
    ("startup_s", units.time),
    ("pss_bytes", units.memory),
    ("ratio", units.ratio),
    ("host_cpu_relative", units.ratio),
)
DEFINITIONS = {
    "startup": "seconds from the request to the agent's first line, on the host's clock",
    "memory (PSS)": "resident memory of an instance and its helper, a shared page divided among "
    "those that share it",
    "CPU vs host": "operations a second of the workload cpu, relative to the bare process of the "
    "same block",
    "host CPU per unit": "CPU time that the host spends (instance, helper and services) for each "
    "unit of that work, relative to the bare process",
}
MEDIAN = "Median, in brackets its 95 % interval."


@dataclass(frozen=True)
class Cell:
    """A median and the interval below it."""

    value: str
    interval: str = ""


def comparison(run: LoadedRun) -> list[list[Cell]]:
    """The comparison table: one row a backend, one cell for each of HEADINGS."""
    rows = []
    for row in stats.summary(run).to_dict("records"):
        figures = {str(name): value for name, value in row.items()}
        words = [Cell(str(figures[name])) for name in ("backend", "engine", "n")]
        rows.append([*words, *(_cell(figures, name, scale) for name, scale in QUANTITIES)])
    return rows


def table_text(run: LoadedRun) -> str:
    """The comparison as aligned text: two lines a backend, medians and below them their
    intervals; then what the columns mean and what to doubt."""
    lines = [list(HEADINGS)]
    for row in comparison(run):
        lines += [[cell.value for cell in row], [cell.interval for cell in row]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
        if any(line)
    ]
    return "\n".join([*aligned, "", *_legend(run)])


def html(run: LoadedRun, *, badge: str) -> str:
    """One HTML page that needs nothing else: table, charts, failures, host, plan, definitions."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("labkit", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        manifest=run.manifest,
        badge=badge,
        headings=HEADINGS,
        trials=", ".join(f"{name} {count}" for name, count in run.manifest.plan.trials.items()),
        comparison=comparison(run),
        median=_median(run),
        definitions=DEFINITIONS | _metrics(),
        cautions=_cautions(run),
        charts=_charts(run, badge),
        failures=stats.failures(run.trials).to_dict("records"),
        selftest=footer_lines(run.manifest.selftest),
    )


def write(
    run: LoadedRun, path: Path, *, badge: str | None = None, source: str = "recorded"
) -> Path:
    """Writes the report; the file is complete or not there. Without a badge, `source` ("recorded",
    "live") begins one. Raises StoreError."""
    text = html(run, badge=charts.badge(run.manifest, source) if badge is None else badge)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StoreError(
            f"the report cannot be written to {path}",
            details=str(error),
            resolution="name a file in a folder that you may write to",
        ) from error
    return path


def _cell(row: dict[str, Any], name: str, scale: units.Scale) -> Cell:
    median, low, high = (row[f"{figure}_{name}"] for figure in ("median", "low", "high"))
    return Cell(units.text(median, scale), units.interval_text(median, low, high, scale))


def _legend(run: LoadedRun) -> list[str]:
    meanings = [f"{name}: {meaning}." for name, meaning in DEFINITIONS.items()]
    sentences = [_median(run), *meanings, *_cautions(run)]
    return [line for text in sentences for line in textwrap.wrap(text, WIDTH)]


def _median(run: LoadedRun) -> str:
    """What the figures are; empty where each is that of a single trial."""
    return MEDIAN if notes.repeated(stats.summary(run)) else ""


def _cautions(run: LoadedRun) -> list[str]:
    """What to keep in mind when reading this run."""
    table = stats.summary(run)
    failed = table[table["n_failed"] > 0]
    counts = ", ".join(f"{row.backend} {row.n_failed}" for row in notes.rows_of(failed))
    lost = f"Failed trials, left out of all figures: {counts}." if counts else ""
    texts = [notes.caution(table), notes.engines(table), lost, *_left_empty(run)]
    return [text for text in texts if text]


def _left_empty(run: LoadedRun) -> list[str]:
    """What a backend leaves out, and why. That one only starts cold is worth a line where
    another one is resumed."""
    infos = run.manifest.backends
    resumed = any(info.start == "resumed" for info in infos.values())
    asked = {text.partition(":")[0] for text in run.manifest.plan.workloads}
    asked |= {"resumed start"} if resumed else set()
    return [
        f"Left empty: {name}, {what}: {why}."
        for name, info in infos.items()
        for what, why in info.cannot.items()
        if what in asked
    ]


def _charts(run: LoadedRun, badge: str) -> list[Chart]:
    """Those that there are data for."""
    trials, samples = run.trials, run.samples
    startup = stats.startup(trials)
    memory = stats.memory(samples, trials)
    speed = stats.throughput(run.results, trials)
    spent = stats.cpu_spent(samples, run.results, trials)
    drawn = []
    if not startup.empty:
        timeline = stats.timeline(run.milestones, trials)
        drawn.append(charts.startup(startup, timeline, badge=badge))
        drawn += _published(run, badge)
    if not memory.empty:
        drawn.append(charts.memory(memory, badge=badge))
    if not speed.empty:
        drawn.append(charts.cpu(speed, spent, badge=badge))
    return drawn + _web_charts(run, badge)


def _web_charts(run: LoadedRun, badge: str) -> list[Chart]:
    """Those of a run whose instances have served."""
    answered = stats.first_response(run.milestones, run.trials)
    if answered.empty:
        return []
    timeline = stats.timeline(run.milestones, run.trials, until="first_response")
    answers = stats.latency(run.requests, run.trials)
    return [
        charts.first_response(answered, timeline, badge=badge),
        charts.latency(answers, badge=badge),
    ]


def _published(run: LoadedRun, badge: str) -> list[Chart]:
    """Published start times beside those of this run, where any is comparable. The file lies in the
    project, not in the installed package."""
    if not published.path().is_file():
        return []
    figures = published.load()
    ours = stats.comparable(run, figures)
    table = stats.beside(figures, ours)
    drawn = (table["quantity"] == "startup") & table["shown"]
    return [charts.published(table, ours, badge=badge)] if drawn.any() else []


def _metrics() -> dict[str, str]:
    """The memory metrics of the data table, in words."""
    return dict(text.removesuffix(".").split(": ", 1) for text in charts.METRICS.values())

"""A run for readers: one self-contained HTML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from labkit import charts, published, stats
from labkit.charts.chart import Chart
from labkit.comparison import DEFINITIONS, HEADINGS, cautions, cells, explained, table_text
from labkit.errors import StoreError
from labkit.selftest.texts import footer_lines
from labkit.stats import LoadedRun
from labkit.stats.doubts import NO_DOUBTS

__all__ = ["html", "table_text", "write"]


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
        trials=_counts(run.manifest.plan.trials),
        warmups=_counts(run.manifest.plan.warmups),
        comparison=cells(run),
        explained=explained(run),
        definitions=DEFINITIONS | _metrics(),
        cautions=cautions(run),
        doubts=[doubt.sentence for doubt in stats.doubts(run)],
        no_doubts=NO_DOUBTS,
        ending=run.ending,
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


def _counts(of_backends: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in of_backends.items())


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
        drawn.append(charts.verdict(stats.verdict(samples, trials), badge=badge))
    if not run.instances.empty:
        several = stats.instances(run.instances, trials)
        drawn.append(charts.instances(several, badge=badge, left_out=stats.left_out(run.manifest)))
    if not speed.empty:
        drawn.append(charts.cpu(speed, spent, badge=badge))
    if not (idle := stats.idle_burn(samples, run.results, trials)).empty:
        drawn.append(charts.idle(idle, badge=badge))
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

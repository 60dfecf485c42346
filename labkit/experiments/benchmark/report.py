"""A run for readers: one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.experiments.benchmark import boot, data_quality, programs, stats
from labkit.experiments.benchmark.charts.memory import METRICS
from labkit.experiments.benchmark.data_quality.gather import NO_ISSUES
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.records import Run, examined
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.table import table
from labkit.experiments.benchmark.text import cautions, explained, own
from labkit.experiments.report import template
from labkit.recordings.selftest import footer_lines


def html(run: Run, *, badge: str) -> str:
    """One HTML page that needs nothing else: table, charts, failures, host, plan, definitions."""
    run = examined(run)
    found = table(run)
    return template("experiments/benchmark", "report.html.jinja").render(
        manifest=run.manifest,
        badge=badge,
        headings=found.headings,
        trials=_counts(run.manifest.plan.trials),
        warmups=_counts(run.manifest.plan.warmups),
        comparison=found.cells,
        explained=explained(run),
        programs=programs.shown(run),
        programs_empty=programs.left_empty(run),
        programs_mean=programs.MEANS.format(first=yardstick(run.trials)),
        boot=boot.shown(run),
        boot_title=boot.TITLE,
        boot_why=[boot.MEANS, *boot.WHY, *boot.degraded(run)],
        definitions={**found.meanings, **_metrics()},
        own=own(run),
        cautions=cautions(run, found),
        issues=[issue.sentence for issue in data_quality.quality_issues(run)],
        no_issues=NO_ISSUES,
        ending=run.ending,
        charts=list(charts(run, badge).values()),
        failures=stats.failures(run.trials).to_dict("records"),
        selftest=footer_lines(run.manifest.selftest),
    )


def _counts(of_backends: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in of_backends.items())


def _metrics() -> dict[str, str]:
    """The memory metrics of the data table, in words."""
    return dict(text.removesuffix(".").split(": ", 1) for text in METRICS.values())

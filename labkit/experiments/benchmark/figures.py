"""The charts of a run: those that there are data for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from labkit.charts.chart import Chart
from labkit.errors import UsageError
from labkit.experiments.benchmark import charts as draw
from labkit.experiments.benchmark import published, stats
from labkit.experiments.benchmark.programs import wrong_clock_note
from labkit.experiments.benchmark.records import Run, examined
from labkit.experiments.benchmark.stats.cpu import cpu_spent_of, idle_burn_of
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.stats.memory import memory_of, verdict_of
from labkit.experiments.benchmark.stats.quantities import cpu_values, memory_values

Drawn = Iterator[tuple[str, Chart]]


def charts(run: Run, badge: str) -> dict[str, Chart]:
    """Name → chart."""
    parts: tuple[Callable[[Run, str], Drawn], ...]
    parts = (_scaling, _startup, _boot, _published, _memory, _instances, _cpu, _web, _programs)
    drawn: dict[str, Chart] = {}
    run = examined(run)
    for part in parts:
        with suppress(UsageError):  # a chart without a single figure is left out
            for name, chart in part(run, badge):
                drawn[name] = chart
    return drawn


def _scaling(run: Run, badge: str) -> Drawn:
    """How each backend scales along each axis of a sweep."""
    table = stats.scaling(run)
    for setting in table["setting"].unique():
        rows = table[table["setting"] == setting]
        yield f"scaling-{setting}", draw.scaling(rows, badge=badge)


def _startup(run: Run, badge: str) -> Drawn:
    table = stats.startup(run.trials)
    if not table.empty:
        timeline = stats.timeline(run.milestones, run.trials)
        yield "startup", draw.startup(table, timeline, badge=badge)


def _boot(run: Run, badge: str) -> Drawn:
    """What systemd says of a boot, beside what was seen from outside."""
    if not (table := stats.boot(run)).empty:
        yield "boot", draw.boot(table, badge=badge)


def _published(run: Run, badge: str) -> Drawn:
    """Published start times beside those of this run, where any is comparable."""
    figures = published.load()
    ours = stats.comparable(run, figures)
    table = stats.beside(figures, ours)
    if ((table["quantity"] == "startup") & table["shown"]).any():
        yield "published", draw.published(table, ours, badge=badge)


def _memory(run: Run, badge: str) -> Drawn:
    values = memory_values(run)
    if not (memory := memory_of(values, run.trials)).empty:
        yield "memory", draw.memory(memory, badge=badge)
        yield "verdict", draw.verdict(verdict_of(values, run.trials), badge=badge)


def _instances(run: Run, badge: str) -> Drawn:
    if not run.instances.empty:
        table = stats.instances(run.instances, run.trials)
        left_out = stats.left_out(run.manifest)
        yield "instances", draw.instances(table, badge=badge, left_out=left_out)


def _cpu(run: Run, badge: str) -> Drawn:
    speed = stats.throughput(run.results, run.trials)
    if speed["unit"].any():  # programs that report of themselves, and idle, count no work
        spent = cpu_spent_of(cpu_values(run), run.trials)
        yield "cpu", draw.cpu(speed, spent, badge=badge)
    idle = idle_burn_of(cpu_values(run), run.trials)
    if not idle.empty:
        yield "idle", draw.idle(idle, badge=badge)


def _web(run: Run, badge: str) -> Drawn:
    """The charts of a run whose instances have served requests."""
    answered = stats.first_response(run.milestones, run.trials)
    if not answered.empty:
        timeline = stats.timeline(run.milestones, run.trials, until="first_response")
        yield "first_response", draw.first_response(answered, timeline, badge=badge)
        yield "latency", draw.latency(stats.latency(run.requests, run.trials), badge=badge)


def _programs(run: Run, badge: str) -> Drawn:
    """What programs have reported."""
    table = stats.programs(run)
    if not table.empty:
        empty = wrong_clock_note(run, run.manifest.plan.workloads)
        first = yardstick(run.trials)
        yield "programs", draw.programs(table, first=first, empty=empty, badge=badge)

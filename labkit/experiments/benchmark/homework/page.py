"""The page of a homework, made of the run alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit import notes, units
from labkit.backends.own.names import has_agent, is_installed, is_own
from labkit.charts.chart import Chart
from labkit.errors import UsageError
from labkit.experiments.benchmark import charts as draw
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.boot import installed
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.homework import boundaries, references
from labkit.experiments.benchmark.homework.commands import command, described
from labkit.experiments.benchmark.homework.storage import HEADINGS, storage
from labkit.experiments.benchmark.homework.tasks import tasks
from labkit.experiments.benchmark.homework.threats import threats
from labkit.experiments.benchmark.programs import chief, wrong_clock_note
from labkit.experiments.benchmark.records import KERNEL, Run
from labkit.experiments.benchmark.stats.frames import of_good_trials, yardstick
from labkit.experiments.benchmark.stats.quantities import by_trial
from labkit.experiments.report import template
from labkit.guest.programs import console, version_of

# Of the charts that each run has, those that the questions of such a course are about.
ALSO = ("startup", "memory")
OF_THE_LAB: Mapping[str, units.Scale] = {
    "startup_s": units.time,
    "pss_bytes": units.memory,
    "ops_per_s": units.plain,
}
FIGURES = ("min", "max", "mean", "std", "median")


def html(run: Run, *, badge: str) -> str:
    """One HTML page that needs nothing else, laid out to be printed."""
    table = stats.programs(run)
    if table.empty:
        raise UsageError(
            "no program has reported in this run, so that there is nothing to hand in",
            details="only workloads that say «# report: PROGRAM» or «# report: lines» do",
            resolution="labkit run --profile homework; or give a workload of your own such a line",
        )
    return template("experiments/benchmark", "homework.html.jinja").render(
        manifest=run.manifest,
        badge=badge,
        ending=run.ending,
        lab_image=_of_lab_image(run),
        # Its first sentence; the others are among the threats.
        installed=installed(run).removeprefix("Installed: ").partition(". ")[0],
        programs_behind=_programs_behind(run),
        ready=_ready(run),
        first=yardstick(run.trials),
        boundaries=boundaries.boundaries(run),
        boundary_headings=boundaries.HEADINGS,
        took=boundaries.took(run),
        packages=references.packages(run),
        references=list(references.references(run)),
        programs=list(_programs(run)),
        versions=_versions(run),
        results=list(_results(run, table)),
        lab=list(_of_the_lab(run)),
        lab_absent=boundaries.absent(run, "", stats.quantities(run)),
        storage=storage(run),
        storage_headings=HEADINGS,
        charts=list(_charts(run, table, badge)),
        threats=threats(run),
    )


def _of_lab_image(run: Run) -> str:
    """Which boundaries the lab image is behind: "all", or their names; empty for none."""
    names = run.manifest.backends
    with_agent = [name for name in names if has_agent(name)]
    return "all" if len(with_agent) == len(names) else ", ".join(with_agent)


def _programs_behind(run: Run) -> dict[str, str]:
    """Programs that the figures depend on, with their versions: of the lab image, where it ran."""
    ran = bool(_of_lab_image(run))
    versions = run.manifest.versions.items()
    return {name: version for name, version in versions if ran or name != KERNEL}


def _ready(run: Run) -> str:
    """What has happened when an instance counts as ready."""
    names = run.manifest.backends
    ends = {
        "the lab’s agent answers": any(map(has_agent, names)),
        "a distribution’s login prompt is there": any(map(is_installed, names)),
        "what the name of an image of one’s own says": any(map(is_own, names)),
    }
    return ", or ".join(end for end, occurs in ends.items() if occurs)


def _programs(run: Run) -> Iterator[tuple[str, str, str, str]]:
    """Workload, what it does, all its settings, its programs' command lines."""
    known = {task.label: task for task in tasks(run)}
    for label in run.manifest.plan.workloads:
        if label not in known:
            yield label, "not of this lab: a workload of one's own", label.partition(":")[2], "–"
            continue
        task = known[label]
        settings = ", ".join(f"{name}={value}" for name, value in task.chosen.items())
        yield label, described(task), settings or "–", command(task, run.manifest.plan.seconds)


def _versions(run: Run) -> list[str]:
    """A sentence a program: that its version was the same everywhere, or which were which."""
    found: dict[str, dict[str, set[str]]] = {}
    everywhere = set(run.manifest.backends)
    for row in of_good_trials(run.reports, run.trials).itertuples():
        if row.program == console.NAME:
            continue  # kernels, which are named with the images
        version = version_of(str(row.program), str(row.text))
        backends = found.setdefault(str(row.workload).partition(":")[0], {})
        backends.setdefault(version or "of a version that it does not tell", set())
        backends[version or "of a version that it does not tell"].add(str(row.backend))
    return [_version_sentence(one, versions, everywhere) for one, versions in found.items()]


def _version_sentence(program: str, versions: dict[str, set[str]], everywhere: set[str]) -> str:
    if len(versions) == 1:
        ((version, names),) = versions.items()
        where = "each boundary" if names == everywhere else ", ".join(sorted(names))
        return f"{program}: {version} behind {where}"
    return f"{program}: NOT the same: " + "; ".join(
        f"{version} ({', '.join(sorted(names))})" for version, names in versions.items()
    )


def _results(run: Run, table: Any) -> Iterator[tuple[str, list[list[str]], list[tuple[str, str]]]]:
    """Workload → rows: metric, backend, n, FIGURES, interval, ratio; and which boundaries have
    none, with the reason."""
    for workload in dict.fromkeys(table["workload"]):
        mine = table[table["workload"] == workload]
        rows = [
            _row(row)
            for metric in dict.fromkeys(mine["metric"])
            for row in notes.rows_of(mine[mine["metric"] == metric])
        ]
        yield str(workload), rows, boundaries.absent(run, str(workload), mine)


def _row(row: Any) -> list[str]:
    return [row.metric, *_figures(row, units.METRICS[row.unit])]


def _figures(row: Any, scale: units.Scale) -> list[str]:
    """Backend, n, FIGURES and the interval in one unit, ratio."""
    scale = units.fitted(scale, row.median)
    figures = [units.text(getattr(row, name), scale) for name in FIGURES]
    interval = units.interval_text(row.median, row.low, row.high, scale)
    interval += scale(row.median)[1] if interval else ""
    ratio = (row.median_ratio, row.low_ratio, row.high_ratio)
    shown = units.with_interval(*ratio, units.ratio) if units.known(row.median_ratio) else "–"
    interval = interval or units.UNKNOWN
    return [units.label(row.backend, row.engine), str(row.n), *figures, interval, shown]


def _of_the_lab(run: Run) -> Iterator[list[str]]:
    """Startup, memory and counted work of each backend, as the lab measures them from outside."""
    by = ["backend", "quantity", "workload"]
    groups = by_trial(run).groupby(by, sort=False)["value"]
    spreads = groups.agg(["min", "max", "mean", "std"]).reset_index().astype({"std": float})
    table = stats.quantities(run).merge(spreads, on=by)
    for quantity, scale in OF_THE_LAB.items():
        for _, rows in table[table["quantity"] == quantity].groupby("workload", sort=False):
            for row in notes.rows_of(rows):
                name = f"{row.workload} ({row.unit}/s)" if row.workload else units.name(quantity)
                yield [name, *_figures(row, scale)]


def _charts(run: Run, table: Any, badge: str) -> Iterator[Chart]:
    """Bars of each program's first figure and of its latency, then the ratios of all, then startup
    and memory."""
    for program in dict.fromkeys(name.partition(":")[0] for name in table["workload"]):
        mine = table[table["workload"].str.partition(":")[0] == program]
        empty = wrong_clock_note(run, _of_program(run, program))
        for rows in (chief(mine, 0), chief(mine, 1)):
            if not rows.empty:
                yield draw.program_bars(rows, empty=empty, badge=badge)
    drawn = charts(run, badge)
    yield from (drawn[name] for name in ("programs", *ALSO) if name in drawn)


def _of_program(run: Run, program: str) -> list[str]:
    asked = run.manifest.plan.workloads
    return [name for name in asked if name.partition(":")[0] == program]

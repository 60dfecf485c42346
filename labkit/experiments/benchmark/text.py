"""The comparison of a run's backends: a table for people, what its columns mean, data quality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import notes
from labkit.backends.own.names import is_own, short
from labkit.backends.own.seed import FACT
from labkit.experiments.benchmark import boot, data_quality, programs, stats
from labkit.experiments.benchmark.records import Run, examined
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.table import Table, table
from labkit.guest.programs import console
from labkit.recordings.facts import DISK_FORMAT
from labkit.recordings.words import FORMATS
from labkit.text_table import WIDTH, aligned, wrapped

if TYPE_CHECKING:
    import pandas as pd

MEDIAN = """Median, in brackets its 95 % interval (of multiples: Hodges and Lehmann's estimate, and
Wilcoxon's signed ranks); below a backend's name its engine."""
ENGINE = "Below a backend's name its engine."


def table_text(run: Run) -> str:
    """In what images of one's own differ, if there are any; the comparison as aligned text, medians
    and below them their intervals; then what the columns mean, what to keep in mind, and data
    quality."""
    run = examined(run)
    shown = table(run)
    different = [*wrapped(own(run)), ""] if own(run) else []
    lines = aligned([shown.headings, *shown.cells], width=WIDTH)
    reported = [*programs.text(run), *boot.text(run)]
    return "\n".join([*different, *lines, "", *_legend(run, shown), *reported, *quality_text(run)])


def quality_text(run: Run) -> list[str]:
    """What may be wrong with this run, as lines; none where there is nothing."""
    lines = [
        line
        for issue in data_quality.quality_issues(run)
        for line in wrapped(issue.sentence, mark="- ")
    ]
    return ["", "Data quality:", *lines] if lines else []


def explained(run: Run) -> str:
    """What the figures are; of a single trial each, there is no interval."""
    return MEDIAN if notes.repeated(stats.backends(run.trials)) else ENGINE


def cautions(run: Run, found: Table) -> list[str]:
    """What to keep in mind when reading this run."""
    counted = stats.backends(run.trials)
    counted["few"] = counted["n"] < stats.FEW
    lost = [_lost(counted, what) for what in ("failed", "disturbed")]
    texts = [
        boot.installed(run),
        ending(run),
        f"Recorded on {notes.EMULATED}." if run.manifest.host.emulated else "",
        notes.caution(counted),
        notes.engines(counted),
        *lost,
    ]
    texts += [*found.empty, *_left_out(run, found)]
    return [text for text in texts if text]


def own(run: Run) -> str:
    """What images of one's own are: whoever compares them must know in what they differ, before
    any ratio. Empty where there are none."""
    consoles = _consoles(run)
    facts = {
        short(name): f"{info.configuration.get('own image') or info.configuration.get('own disk')}"
        + f" ({info.configuration.get('distribution') or 'distribution not known'}"
        + (", built of a folder)" if "built from" in info.configuration else ")")
        + (f", with a {FACT}: {info.configuration[FACT]}" if FACT in info.configuration else "")
        + (f"; on its console: {consoles[name]}" if name in consoles else "")
        for name, info in run.manifest.backends.items()
        if is_own(name)
    }
    if not facts:
        return ""
    images = "; ".join(f"{name} is {fact}" for name, fact in facts.items())
    kernels = "a container runs on this computer's kernel, a machine on its own"
    return f"Images of one's own, so not the lab image's bits: {images}. Their kernels: {kernels}."


def _consoles(run: Run) -> dict[str, str]:
    """Backend → what kernel and system have called themselves."""
    rows = run.reports[run.reports["program"] == console.NAME]
    return {
        str(name): ", ".join(f"«{line}»" for line in dict.fromkeys("".join(texts).splitlines()))
        for name, texts in rows.groupby("backend")["text"]
    }


def _lost(table: pd.DataFrame, what: str) -> str:
    rows = table[table[f"n_{what}"] > 0].to_dict("records")
    counts = ", ".join(f"{row['backend']} {row[f'n_{what}']}" for row in rows)
    return f"{what.capitalize()} trials, left out of all figures: {counts}." if counts else ""


def ending(run: Run) -> str:
    """Why there are no more trials, where that was not the plan; how precise the ratios are, where
    the run waited for that."""
    plan = run.manifest.plan
    measured = run.trials[run.trials["stage"] == "measured"]
    ended = f"Ended after {measured['block'].nunique()} blocks"
    if run.ending is None:
        planned = sum(plan.trials.values()) + sum(plan.warmups.values())
        return (
            f"This run was broken off, or goes on: {len(run.trials)} of {planned} trials are "
            f"there. To go on: labkit run --resume {run.manifest.recording_id}"
        )
    if run.ending.reason == "failures":
        return "This run ended early: every backend has failed."
    if run.ending.reason == "precision":
        return f"{ended}: precision reached; {_widest(run, 'is')}."
    if run.ending.reason == "time budget":
        spent = f"time budget of {plan.budget_s:g} s spent"
        return f"{ended}: {spent}; {_widest(run, 'is still')}. For more: --time-budget."
    return ""


def _widest(run: Run, verb: str) -> str:
    widest = stats.widest(run.trials, run.results)
    if widest is None or widest.width == float("inf"):
        return f"no ratio to {notes.the(yardstick(run.trials))} has an interval yet"
    wanted = run.manifest.plan.until_precision or 0.0
    return (
        f"the widest interval {verb} {widest.width * 100:.3g} % of its ratio ({widest.backend}, "
        f"{widest.what}); asked for: {wanted * 100:g} %"
    )


def _legend(run: Run, shown: Table) -> list[str]:
    meanings = [f"{name}: {meaning}." for name, meaning in shown.meanings.items()]
    texts = [explained(run), *meanings, *cautions(run, shown)]
    return [line for text in texts for line in wrapped(text)]


def _left_out(run: Run, shown: Table) -> list[str]:
    """What a backend leaves out, and why, of what has no column. That one only starts cold is
    worth a line where another one is resumed."""
    infos = run.manifest.backends
    resumed = any(info.start == "resumed" for info in infos.values())
    asked = {text.partition(":")[0] for text in run.manifest.plan.workloads}
    asked -= {heading.partition(" vs ")[0] for heading in shown.headings}
    asked |= {"resumed start"} if resumed else set()
    asked |= {FORMATS} if any(f":{DISK_FORMAT}=" in name for name in infos) else set()
    empty = {
        f"{name}, {what}": why
        for name, info in infos.items()
        for what, why in info.unsupported.items()
        if what in asked
    }
    empty |= run.left_out
    stated = " ".join(shown.empty)
    return [f"Left empty: {what}: {why}." for what, why in empty.items() if why not in stated]

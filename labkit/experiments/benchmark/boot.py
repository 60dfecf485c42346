"""systemd-analyze's view of a boot beside ours, for people, and why the two differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labkit import notes, units
from labkit.backends.distribution.login import DIGEST
from labkit.backends.own.names import is_installed, short
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.boot import (
    BEFORE,
    FIGURES,
    PROGRAM,
)
from labkit.experiments.benchmark.stats.frames import measured
from labkit.text_table import WIDTH, aligned, stacked, wrapped

TITLE = "systemd-analyze's view of the boot, beside ours"
HEADINGS: Mapping[str, str] = {BEFORE: "before kernel"}
MEANS = (
    "ours: from the request to the login prompt; before kernel: of it, until the kernel's first "
    "words; then what systemd-analyze says, and its total; difference: ours less that total. "
    "Median of the trials, its 95 % interval."
)
WHY = (
    "Ours counts on the host's clock, from the request until the prompt. systemd-analyze counts on "
    "the instance's clock: in a machine from the kernel's start, in a container, which has no "
    "kernel of its own, from systemd's; until nothing is left to be started.",
    "So it knows nothing of what comes before: the engine's own start and the container made, "
    "QEMU's start, the firmware (a BIOS tells it nothing), the boot loader that reads kernel and "
    "initramfs. An initramfs without systemd in it, as Debian's, is a part of its “kernel”.",
    "And its end is another one: the prompt may come before the last unit has started, or after "
    "it. On every line that is no virtual console agetty waits a second before it asks "
    "(util-linux, agetty.c, get_logname): it does in each of these starts.",
)
FORMS = (
    "A container runs on this computer's kernel, a machine on Debian's own. What they write goes "
    "to an overlay on the disk (docker), into memory (nspawn), to a temporary file (qemu). plain: "
    "the login alone, as a container's only program, without systemd."
)
STATE = re.compile(r"^system is (\w+)$((?:\n.*\.\w+ .* failed .*)*)", re.MULTILINE)


def shown(run: Run) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: a row a backend, a column a figure. No rows where nobody was asked."""
    table = stats.boot(run)
    cells = {(str(row.backend), row.figure): row for row in notes.rows_of(table)}
    figures = [figure for figure in FIGURES if figure in set(table["figure"])]
    rows = [
        [
            stacked(short(str(row.backend)), f"({row.engine})"),
            *(_cell(cells.get((str(row.backend), figure))) for figure in figures),
        ]
        for row in notes.rows_of(table.drop_duplicates("backend"))
    ]
    return ["backend", *(HEADINGS.get(figure, figure) for figure in figures)], rows


def text(run: Run) -> list[str]:
    """Lines, in front of which there is an empty one; none where nobody was asked."""
    headings, rows = shown(run)
    if not rows:
        return []
    said = [line for words in (MEANS, *WHY, *degraded(run)) for line in wrapped(words)]
    more = wrapped("Which unit took how long: critical-chain and blame of each trial, reports.csv.")
    return ["", f"{TITLE}:", *aligned([headings, *rows], width=WIDTH), "", *said, *more]


def installed(run: Run) -> str:
    """Which distribution it is, and whether it is the same everywhere; empty without one."""
    backends = run.manifest.backends.items()
    found = dict.fromkeys(
        f"{told.get('distribution')}, {told.get('distribution packages')} packages, "
        f"SHA-256 {told.get(DIGEST, '')[:12]}"
        for told in (info.configuration for name, info in backends if is_installed(name))
    )
    if not found:
        return ""
    same = "one root file system behind each boundary" if len(found) == 1 else "NOT the same bits"
    return f"Installed: {'; '.join(found)}: {same}. {FORMS}"


def degraded(run: Run) -> list[str]:
    """A sentence for each backend in which a unit did not start."""
    return [f"In {name} {what}." for name, what in dict.fromkeys(_failed(run))]


def _failed(run: Run) -> Iterator[tuple[str, str]]:
    good = set(measured(run.trials)["trial"])
    for report in run.reports[run.reports["workload"] == PROGRAM].itertuples():
        found = STATE.search(str(report.text))
        if report.trial in good and found and found[1] != "running":
            units_ = ", ".join(re.findall(r"\S+\.(?:service|mount|socket|device)", found[2]))
            yield short(str(report.backend)), f"the system was {found[1]}: {units_ or 'no unit'}"


def _cell(row: object) -> str:
    if row is None:
        return units.UNKNOWN
    value, interval = units.text_and_interval(*notes.figures(row, "s"), units.time)
    return stacked(value, interval.replace(" – ", "–"))

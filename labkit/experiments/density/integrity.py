"""Whether the rows of a recording agree with its plan and with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from labkit.experiments.density.measure import cell_of
from labkit.experiments.density.planning import Cell, able, levels
from labkit.experiments.density.records import DensityManifest, Group, Start
from labkit.recordings.kind import Rows

# Figures are written in microseconds: each may be half of one off.
ROUNDED = 2e-6


def faults(manifest: DensityManifest, rows: Rows) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it)."""
    starts: dict[Cell, list[Start]] = defaultdict(list)
    for row in rows["starts"]:
        assert isinstance(row, Start)
        starts[row.block, row.backend, row.level, row.way].append(row)
    for group in rows["groups"]:
        assert isinstance(group, Group)
        mine = starts.pop(cell_of(group), [])
        for why in (*_of_the_group(manifest, group), *_of_its_starts(group, mine)):
            yield "groups", f"{', '.join(map(str, cell_of(group)))}: {why}"
    for cell in starts:
        yield "starts", f"{', '.join(map(str, cell))}: there is no such group"


def _of_the_group(manifest: DensityManifest, group: Group) -> Iterator[str]:
    plan = manifest.plan
    there = group.backend in able(plan) and group.level in levels(plan.most)
    if not (there and 1 <= group.block <= plan.repeats):
        yield "the plan has no such group"
    measured = group.status == "ok"
    if measured != (group.error is None):
        yield f"its status is {group.status!r}, and its error does not fit"
    figures = (group.all_ready_s, group.host_available_drop_bytes, group.cpu_s)
    if any(measured == (figure is None) for figure in figures):
        yield f"its status is {group.status!r}, and its figures do not fit"
    empty = (group.memory_bytes, group.memory_why).count(None)
    if empty != (1 if measured else 2):
        yield "its memory, and why that is not known, do not fit"


def _of_its_starts(group: Group, starts: Sequence[Start]) -> Iterator[str]:
    if [row.instance for row in starts] != list(range(1, len(starts) + 1)):
        yield "its instances are not numbered from 1 on"
    if any((row.startup_s is None) == (row.error is None) for row in starts):
        yield "one of its instances has neither a startup nor an error, or both"
    if group.status == "left out" and starts:
        yield "it is left out, and has instances"
    if group.status != "ok":
        return
    if len(starts) != group.level or any(row.error for row in starts):
        yield f"not all of its {group.level} instances are ready"
        return
    last = max(row.requested_s + (row.startup_s or 0) for row in starts)
    if group.all_ready_s is None or abs(last - group.all_ready_s) > ROUNDED:
        yield f"its last instance is ready after {last} s, not after {group.all_ready_s} s"

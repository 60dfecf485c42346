"""What was seen inside Docker, as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from labkit import units
from labkit.experiments.docker_internals import stats
from labkit.experiments.docker_internals.records import DockerInternals
from labkit.notes import PSS_UNREAD
from labkit.text_table import wrapped


def text(recording: DockerInternals) -> str:
    """The processes, the sockets, the events of a start: what there is of them."""
    tree = stats.processes(recording)
    lines = [*_tree(tree), "", *_connections(tree, recording.connections)]
    if not recording.events.empty:
        lines += ["", *_events(stats.start_events(recording.events))]
    return "\n".join(lines)


def _tree(tree: pd.DataFrame) -> Iterator[str]:
    yield "processes, each below the one that started it:"
    for row in tree.to_dict("records"):
        name = "  " * row["depth"] + row["name"]
        yield f"  {name:<28} {_memory(row):>13}  {row['role']}, process {row['pid']}{_fate(row)}"
    if tree["pss_bytes"].isna().any():
        yield from wrapped(f"RSS, in which a shared page counts whole: {PSS_UNREAD}")


def _memory(row: dict[Any, Any]) -> str:
    """The PSS; where that is not known, the RSS."""
    if units.known(row["pss_bytes"]) or not units.known(row["rss_bytes"]):
        return units.text(row["pss_bytes"], units.memory)
    return f"RSS {units.text(row['rss_bytes'], units.memory)}"


def _fate(row: dict[Any, Any]) -> str:
    if "survives" not in row:
        return ""
    return ": lives on" if row["survives"] else ": ends with the daemon"


def _connections(tree: pd.DataFrame, connections: pd.DataFrame) -> Iterator[str]:
    names = dict(zip(tree["pid"], tree["name"], strict=True))
    known = connections[connections["client"].isin(names)]
    yield "who asks whom:" if len(known) else "who asks whom could not be read (root, and ss)"
    for row in known.to_dict("records"):
        yield f"  {names[row['client']]} asks {names[row['server']]} over {row['address']}"


def _events(events: pd.DataFrame) -> Iterator[str]:
    yield f"a start, medians of {events['n'].max()} with their 95 % interval:"
    for row in events.to_dict("records"):
        time = units.with_interval(row["median_s"], row["low_s"], row["high_s"], units.time)
        yield f"  {row['event']:<17} {row['source']:<11} {time:<23} after {row['after']}"

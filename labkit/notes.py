"""The sentences that stand with figures: how many trials, which engine, what to doubt, where they
come from."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import mode
from typing import Any, Protocol

import pandas as pd

from labkit import units
from labkit.errors import UsageError
from labkit.system.host import Host
from labkit.text_table import stacked
from labkit.units import label

ENGINES = {
    "tcg": "tcg emulates the processor in software; it is not hardware virtualization.",
    "runsc": "runsc is gVisor: a kernel in user space answers the container's system calls.",
    "runsc (ptrace)": "runsc is gVisor: a kernel in user space answers the system calls.",
    "uml": "uml is a Linux kernel that is a process of the host.",
    "xen-pv": "xen-pv is a domain of Xen: its kernel calls Xen for what only Xen may do.",
    "kata": "kata starts each container in a virtual machine of its own.",
    "krun": "krun starts each container in a virtual machine of its own.",
    "vbox-recompiler": "vbox-recompiler is VirtualBox without its kernel driver: it interprets "
    "the guest's instructions, far slower than with the driver.",
}
EMULATED = "a computer that is itself emulated: ratios between its own backends only"
# Why a cell of PSS may have nothing to show.
PSS_UNREAD = (
    "a process's PSS is read from /proc/PID/smaps_rollup, while the process is there; only root, "
    "and the user whose process it is, may do that."
)
MOST_NAMED = 8  # so many backends with their trials a line holds
FEW = 10  # below so many trials a median's interval covers less than its 95 %
SINGLE = "n = 1: a single trial has no interval, and may show the opposite of what many show."
INTERVAL = "Marker: median; line: its 95 % interval (BCa bootstrap)."
RATIO_INTERVAL = (
    "Marker: ratio by Hodges and Lehmann; line: its 95 % interval (Wilcoxon's signed ranks)."
)


class Recorded(Protocol):
    """A manifest, of a run or of another experiment."""

    @property
    def host(self) -> Host: ...
    @property
    def created_at(self) -> str: ...


def badge(manifest: Recorded, source: str = "recorded") -> str:
    """Where a chart's numbers come from: "recorded · 2 × AMD EPYC · kernel 6.18 · 2026-11-23";
    that the computer was busy when it began, and that it is no real one."""
    host = manifest.host
    processors = f"{host.cpus} × {host.cpu_model}"
    words = [source, processors, f"kernel {host.kernel}", manifest.created_at[:10]]
    if host.emulated:
        words.append(EMULATED)
    if host.load_1m is not None and host.load_1m > host.cpus:
        words.append(f"busy at its start: load {host.load_1m:.1f}")
    return " · ".join(words)


def interval(table: pd.DataFrame) -> str:
    """How medians and intervals are drawn; empty where no trial has a second one beside it."""
    return INTERVAL if repeated(table) else ""


def ratio_interval(table: pd.DataFrame) -> str:
    """The same of ratios of pairs."""
    return RATIO_INTERVAL if repeated(table) else ""


def interval_and_few(table: pd.DataFrame) -> str:
    """As `interval`, with what to doubt where there are few values; for rows of any kind."""
    few = table.loc[table["few"], "n"]
    if few.empty:
        return interval(table)
    if few.min() == 1:
        return f"{interval(table)} {SINGLE}".strip()
    return f"{interval(table)} n = {few.min()}: intervals cover less than they say."


def with_interval(table: pd.DataFrame) -> str:
    """What follows "Median …" in a sentence."""
    return ", with its 95 % interval" if repeated(table) else ""


def the(backend: str) -> str:
    """What figures are compared with, in a sentence: "the host", or another backend's name."""
    return "the host" if backend == "host" else backend


def repeated(table: pd.DataFrame) -> bool:
    """Whether any backend has more than one trial, and so an interval."""
    return bool((table["n"] > 1).any())


def sizes(table: pd.DataFrame) -> str:
    """How many trials: "n = 10 trials", or "n trials: host 10, docker 9"; of more backends than a
    line holds "n = 10 trials (docker 9)"."""
    counts = _counts(table)
    usual = mode(counts.values())
    others = [f"{backend} {n}" for backend, n in counts.items() if n != usual]
    if not others or len(counts) > MOST_NAMED:
        text = f"n = {usual} trials" if usual != 1 else "n = 1 trial"
        return f"{text} ({', '.join(others)})" if others else text
    return "n trials: " + ", ".join(f"{backend} {n}" for backend, n in counts.items())


def caution(table: pd.DataFrame, few_below: int = FEW) -> str:
    """What to doubt when there are few trials, as the column `few` says; few_below: how many are
    no longer few."""
    doubtful = table.groupby("backend", sort=False)["few"].all()
    few = {backend: n for backend, n in _counts(table).items() if n and doubtful[backend]}
    if not few:
        return ""
    numbers = sorted(set(few.values()))
    if numbers == [1]:
        return SINGLE
    if len(numbers) == 1:
        return f"n = {numbers[0]}, fewer than {few_below}: intervals cover less than they say."
    who = ", ".join(f"{backend} {n}" for backend, n in few.items())
    return f"Fewer than {few_below} trials ({who}): intervals cover less than they say."


def engines(table: pd.DataFrame) -> str:
    """A sentence for each engine that is easily mistaken for another."""
    present = set(table["engine"])
    return " ".join(sentence for engine, sentence in ENGINES.items() if engine in present)


def require(table: pd.DataFrame) -> None:
    """Raises UsageError when there is nothing to draw."""
    if table.empty:
        raise UsageError(
            "there is nothing to draw: no trial of this run gave such data",
            resolution="look at the errors of its failed trials",
        )


def labels(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(backend, label) in the order of the table."""
    pairs = table[["backend", "engine"]].drop_duplicates()
    return [(str(b), label(b, e)) for b, e in zip(pairs["backend"], pairs["engine"], strict=True)]


def labels_with_few(table: pd.DataFrame) -> list[str]:
    """The label of each row, and below it how many trials there are where they are few."""
    return [
        _in_lines(label(row.backend, row.engine))
        + (f"\nfew trials: n = {row.n}" if row.few and row.n else "")
        for row in rows_of(table)
    ]


def _in_lines(label: str) -> str:
    """The name of an image of one's own is long, and that of a distribution."""
    for setting in ("ready", "bits", "distribution"):
        label = label.replace(f":{setting}=", f":\n{setting}=")
    return label


def note(table: pd.DataFrame, badge: str, *sentences: str, few_below: int = FEW) -> str:
    """The lines below a chart; the last one says where the numbers come from."""
    doubt = caution(table, few_below)
    text = " ".join(part for part in (*sentences, doubt, engines(table)) if part)
    return stacked(text, badge)


def alt(
    title: str, opening: str, table: pd.DataFrame, said: Iterable[str], few_below: int = FEW
) -> str:
    """A chart in words: what it is of, how many trials there are, its figures, what to doubt."""
    doubt = caution(table, few_below)
    return f"{title} {opening}{sizes(table)}: {'; '.join(said)}. {doubt}".strip()


def figures(row: Any, name: str = "") -> tuple[Any, Any, Any]:
    """(median, low, high) of a quantity in a row of a table, such as median_s, low_s, high_s."""
    median, low, high = (f"{figure}_{name}".rstrip("_") for figure in ("median", "low", "high"))
    return getattr(row, median), getattr(row, low), getattr(row, high)


def words(row: Any, name: str, scale: units.Scale) -> str:
    """Such as "docker (native) 581 ms [570 – 598]"."""
    return f"{label(row.backend, row.engine)} {units.with_interval(*figures(row, name), scale)}"


def _counts(table: pd.DataFrame) -> dict[str, int]:
    counts = table.groupby("backend", sort=False)["n"].max()
    return {str(backend): int(n) for backend, n in counts.items()}


def rows_of(table: pd.DataFrame) -> list[Any]:
    """The rows of a table, a column an attribute."""
    return list(table.itertuples())

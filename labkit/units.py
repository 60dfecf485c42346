"""Numbers as a reader wants them: three digits and a fitting unit. What is not known is "–"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

UNKNOWN = "–"
MIB = 2**20
GIB = 2**30

# What the quantities of labkit.experiments.benchmark.stats.quantities are called.
NAMES = {
    "startup_s": "startup",
    "pss_bytes": "memory",
    "ops_per_s": "throughput",
    "host_cpu_s_per_1000_ops": "host CPU per unit",
    "host_cpu_s_per_s": "host CPU per second",
}

Unit = tuple[float, str]  # what a value is divided by, and what follows it
Scale = Callable[[float], Unit]


def time(seconds: float) -> Unit:
    """Milliseconds below one second."""
    return (1e-3, " ms") if abs(seconds) < 1 else (1.0, " s")


def memory(size: float) -> Unit:
    """Bytes as MiB, from 1024 MiB on as GiB."""
    return (MIB, " MiB") if abs(size) < GIB else (GIB, " GiB")


def size(count: float) -> Unit:
    """Bytes of files, in the decimal units that a logarithmic axis has room for."""
    for limit, suffix in ((1e3, " B"), (1e6, " kB"), (1e9, " MB")):
        if abs(count) < limit:
            return limit / 1e3, suffix
    return 1e9, " GB"


def whole(_count: float) -> Unit:
    """What is counted; written without decimals, but for a mean of counts."""
    return 1.0, ""


def ratio(_value: float) -> Unit:
    """So many times."""
    return 1.0, "×"


def plain(_value: float) -> Unit:
    """As it is; its unit stands in the heading."""
    return 1.0, ""


def fitted(scale: Scale, value: float) -> Scale:
    """The one unit that fits this value, for all that stands in a row with it."""
    unit = scale(value)
    return scale if scale is whole else lambda _: unit


def name(quantity: str, workload: str = "") -> str:
    """What a quantity is called, such as "startup", "throughput (cpu)"."""
    return NAMES.get(quantity, quantity) + (f" ({workload})" if workload else "")


def label(backend: str, engine: str) -> str:
    """Such as "qemu (tcg)": the engine is never left out."""
    return f"{backend} ({engine})"


def amount(value: Any, quantity: str) -> str:
    """A value of a quantity, such as "372 ms"; what the workload counts is not named."""
    return text(value, {"startup_s": time, "pss_bytes": memory}.get(quantity, plain))


def known(value: Any) -> bool:
    """Whether there is a value at all."""
    return value is not None and not math.isnan(value)


def text(value: Any, scale: Scale) -> str:
    """A value with its unit, such as "581 ms"."""
    if not known(value):
        return UNKNOWN
    divisor, suffix = scale(value)
    is_whole = scale is whole and float(value).is_integer()
    decimals = 0 if is_whole else _decimals(value / divisor)
    return f"{value / divisor:,.{decimals}f}{suffix}"


def interval_text(median: Any, low: Any, high: Any, scale: Scale) -> str:
    """The bounds in the unit of the median and with its decimals, such as "[570 – 598]"; empty
    without an interval, or when it has no width. A median of zero has the upper bound's decimals:
    else "[0 – 0.08]" would be without width."""
    if not (known(median) and known(low) and known(high) and low < high):
        return ""
    divisor, _ = scale(median)
    decimals = _decimals((median or high) / divisor)
    if scale is whole and all(float(bound).is_integer() for bound in (low, high)):
        decimals = 0
    return f"[{low / divisor:,.{decimals}f} – {high / divisor:,.{decimals}f}]"


def text_and_interval(median: Any, low: Any, high: Any, scale: Scale) -> tuple[str, str]:
    """For two lines, such as "581 ms" and "[570 – 598]"."""
    return text(median, scale), interval_text(median, low, high, scale)


def with_interval(median: Any, low: Any, high: Any, scale: Scale) -> str:
    """For a sentence, such as "581 ms [570 – 598]"."""
    if not known(median):
        return "not known"
    return f"{text(median, scale)} {interval_text(median, low, high, scale)}".strip()


def cell(value: Any) -> str:
    """A cell of a data table: raw numbers, to be read and copied."""
    if isinstance(value, float):
        if not known(value):
            return UNKNOWN
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return UNKNOWN if value is None else str(value)


def _decimals(value: float) -> int:
    """Three significant digits; two below 0.1, where the zeros already take room."""
    if value == 0:
        return 0
    digits = 3 if abs(value) >= 0.1 else 2
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))


def milliseconds(_value: float) -> Unit:
    """A difference of two durations, whatever its size."""
    return 1e-3, " ms"


def percent(_value: float) -> Unit:
    """A share."""
    return 1e-2, " %"


def rate(_value: float) -> Unit:
    """So many a second."""
    return 1.0, "/s"


def bandwidth(count: float) -> Unit:
    """Bytes a second, as MiB or GiB."""
    return (MIB, " MiB/s") if abs(count) < GIB else (GIB, " GiB/s")


def microseconds(count: float) -> Unit:
    """Microseconds, as milliseconds or seconds where there are many."""
    for limit, suffix in ((1e3, " µs"), (1e6, " ms")):
        if abs(count) < limit:
            return limit / 1e3, suffix
    return 1e6, " s"


# Unit of a program's metric → how it is shown.
METRICS: dict[str, Scale] = {
    "1/s": rate,
    "B/s": bandwidth,
    "us": microseconds,
    "count": whole,
    "percent": plain,
}

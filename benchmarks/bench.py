"""What the lab itself costs, in one table with its goals: `make bench`.

A figure is CPU seconds (the least of several tries: a busy computer only adds), a size, or a ratio
of two things that took turns. It is held against the last recorded one (results.json): worse by
more than a quarter fails. Seconds and sizes only count on a computer of the same kind.

--record writes results.json and the table in README.md anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from costs import COSTS, Cost

from labkit.system import host
from labkit.system.owned_files import write_whole
from labkit.text_table import aligned

HERE = Path(__file__).parent
RESULTS, README = HERE / "results.json", HERE / "README.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"
WORSE = 1.25
HEADINGS = ("figure", "unit", "now", "goal", "recorded")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", help="those whose name holds this text")
    parser.add_argument("--record", action="store_true", help="for later ones to be held against")
    options = parser.parse_args()
    chosen = [cost for cost in COSTS if (options.only or "") in cost.name]
    now = measured(chosen)
    before: Mapping[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    facts = host.inspect()
    machine = f"{facts.cpus} × {facts.cpu_model}, kernel {facts.kernel}"
    lines = aligned([HEADINGS, *rows(chosen, now, before)])
    print("\n".join(lines))
    if options.record:
        kept = {**before.get("figures", {}), **now}
        load = f"{facts.load_1m:.1f}" if facts.load_1m is not None else "unknown"
        record(machine, load, {cost.name: kept[cost.name] for cost in COSTS if cost.name in kept})
    elif fallen := worse(chosen, now, before, same_machine=before.get("machine") == machine):
        sys.exit("worse by more than a quarter than what is recorded: " + "; ".join(fallen))


def measured(chosen: Sequence[Cost]) -> dict[str, float]:
    """Name → figure, of those that can be measured here."""
    now: dict[str, float] = {}
    for cost in chosen:
        if (why := cost.missing()) is not None:
            print(f"left out: {cost.name}: {why}", file=sys.stderr)
            continue
        now[cost.name] = cost.measure()
        print(f"{cost.name}: {now[cost.name]:.3g} {cost.unit}", file=sys.stderr)
    return now


def rows(
    chosen: Sequence[Cost], now: Mapping[str, float], before: Mapping[str, Any]
) -> list[tuple[str, ...]]:
    recorded = before.get("figures", {})
    return [
        (
            cost.name,
            cost.unit,
            f"{now[cost.name]:.3g}" + ("" if now[cost.name] <= cost.goal else " (missed)"),
            f"≤ {cost.goal:g}",
            f"{recorded[cost.name]:.3g}" if cost.name in recorded else "",
        )
        for cost in chosen
        if cost.name in now
    ]


def worse(
    chosen: Sequence[Cost],
    now: Mapping[str, float],
    before: Mapping[str, Any],
    *,
    same_machine: bool,
) -> list[str]:
    """What has fallen back. Only ratios mean the same on another computer."""
    recorded = before.get("figures", {})
    return [
        f"{cost.name}: {now[cost.name]:.3g} {cost.unit}, recorded {recorded[cost.name]:.3g}"
        for cost in chosen
        if cost.name in now
        and cost.name in recorded
        and (same_machine or cost.unit == "ratio")
        and now[cost.name] > WORSE * recorded[cost.name]
    ]


def record(machine: str, load: str, figures: Mapping[str, float]) -> None:
    date = datetime.now(UTC).date().isoformat()
    content = {"date": date, "machine": machine, "load": load, "figures": figures}
    write_whole(RESULTS, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    known = [cost for cost in COSTS if cost.name in figures]
    cells = [row[:4] for row in rows(known, figures, {})]
    table = [HEADINGS[:4], ("---",) * 4, *cells]
    text = "\n".join(f"| {' | '.join(row)} |" for row in table)
    first, _, rest = README.read_text().partition(BEGIN)
    _, _, last = rest.partition(END)
    place = f"Recorded {date} on {machine}; load {load}, which makes CPU seconds longer.\n\n"
    write_whole(README, f"{first}{BEGIN}{place}{text}\n{END}{last}")


if __name__ == "__main__":
    main()

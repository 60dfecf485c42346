"""The wrong and the right quotient of each mistake, in pairs of the same repeat."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.mistakes.pairs import MISTAKES, Way, side_of
from labkit.stats.ratios import FIGURES
from labkit.stats.ratios import ratios as divided
from labkit.stats.signed_ranks import FEWEST

INSIDE = "bubblewrap"  # what makes the container that is inside a machine


def ratios(figures: pd.DataFrame) -> pd.DataFrame:
    """A row a mistake, machine and arm: number (of the mistake), mistake, arm, container, backend
    (the machine), engine, n, few, container_way, machine_way, container_median, machine_median,
    unit, median_ratio, low_ratio, high_ratio.

    What is divided are the figures of one repeat: the container's by the machine's. Of an arm that
    has no pair at all there is no row.
    """
    sides = figures["family"].map(side_of)
    containers = list(dict.fromkeys(figures["backend"][sides == "container"]))
    machines = list(dict.fromkeys(figures["backend"][sides == "machine"]))
    rows = [
        {"number": number, "mistake": name, "arm": arm, "backend": machine}
        | _row(figures, name, pair, {"container": container, "machine": machine})
        for number, (name, mistake) in enumerate(MISTAKES.items(), 1)
        for machine in machines
        for container in containers
        for arm, pair in mistake.arms.items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table[table["n"] > 0].reset_index(drop=True)


COLUMNS = [
    *("number", "mistake", "arm", "container", "backend", "engine", "n", "few"),
    *("container_way", "machine_way", "container_median", "machine_median", "unit"),
    *FIGURES,
]


def _row(
    figures: pd.DataFrame, mistake: str, pair: tuple[Way, Way], names: dict[str, str]
) -> dict[str, object]:
    first, second = (
        figures[
            (figures["mistake"] == mistake)
            & (figures["backend"] == names[side])
            & (figures["way"] == way)
        ]
        for side, way in pair
    )
    found = divided(first, second, "value", ["unit"], match=["unit"], pair="repeat")
    quotient = found.iloc[0] if len(found) else pd.Series({"n_ratio": 0})
    machine = figures[figures["backend"] == names["machine"]]
    inside = f"{INSIDE} in {names['machine']}"
    return {
        "container": names["container"] if pair[0][0] == "container" else inside,
        "engine": machine["engine"].iloc[0],
        "n": int(quotient["n_ratio"]),
        "few": bool(quotient["n_ratio"] < FEWEST),
        "container_way": pair[0][1],
        "machine_way": pair[1][1],
        "container_median": first["value"].median(),
        "machine_median": second["value"].median(),
        "unit": MISTAKES[mistake].unit,
        **{name: quotient.get(name) for name in FIGURES},
    }

"""The panels, one a chapter, each of what the chapter has recorded: chapter → how it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from labkit import units
from labkit.charts import Chart, badge, chosen
from labkit.course.claims import VERDICTS
from labkit.course.claims import table as claims_table
from labkit.course.exercise import recorded
from labkit.course.panel import AXES, Choice, Panel, figures
from labkit.course.spectrum import boundaries as boundaries_
from labkit.experiments import (
    benchmark,
    deployment,
    images,
    isolation,
    mistakes,
    neighbours,
    orchestration,
)
from labkit.experiments.mistakes.pairs import MISTAKES

QUANTITIES = {name: mistake.quantity.lower() for name, mistake in MISTAKES.items()}
BURN = "median_host_cpu_s_per_s"
HOST_CPU = "host CPU seconds for 1,000 units"
READY, PSS = "time from request to ready", "memory (PSS) of instance and helper"
MEASURED = {"startup_s": "time until ready", "pss_bytes": "memory of one instance (PSS)"}


def _named(table: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """A table with the columns that a panel asks for: those that are given besides its own."""
    names = table["backend"] + " (" + table["engine"] + ")" if "engine" in table else ""
    empty = {"low": float("nan"), "high": float("nan")} | {"name": names}
    return table.assign(
        **{k: v for k, v in (empty | columns).items() if k not in table or k in columns}
    )


def _work(table: pd.DataFrame) -> pd.Series:
    """What is measured, in words; of each workload its own."""
    by_work = {"ops_per_s": "speed", "host_cpu_s_per_1000_ops": HOST_CPU}
    words = table["quantity"].map(MEASURED | by_work)
    return words.where(table["workload"] == "", words + ": " + table["workload"])


def start() -> Panel:
    run = recorded()
    table = benchmark.stats.quantities(run)
    table = _named(table.assign(quantity=_work(table)), value=table["median"])
    scales = {
        MEASURED["startup_s"]: (units.time, READY),
        MEASURED["pss_bytes"]: (units.memory, PSS),
        "speed: cpu": (units.plain, "MiB hashed a second"),
        "speed: fork": (units.plain, "processes started a second"),
        "speed: syscall": (units.plain, "reads and writes a second"),
    }
    return figures("What does each boundary cost?", table, scales, badge(run.manifest))


def boundaries() -> Panel:
    run = recorded("isolation")
    table = isolation.stats.matrix(run.answers)
    names, source = tuple(dict.fromkeys(table["backend"])), badge(run.manifest)
    sections = tuple(dict.fromkeys(table["section"]))

    def draw(section: str, rows: Sequence[str]) -> Chart:
        mine = table[(table["section"] == section) & table["backend"].isin(rows)]
        chart: Chart = isolation.charts.matrix(mine.reset_index(drop=True), badge=source)
        return chart

    choices = {
        "section": Choice("section", sections),
        "rows": Choice("backends", names, several=True, first=["host", "docker", "qemu"]),
    }
    return Panel("What is shared, what is refused?", choices, draw)


def startup() -> Panel:
    run = recorded()
    table = benchmark.stats.timeline(run.milestones, run.trials)
    table = _named(table, quantity=table["phase"], value=table["length_s"])
    phases = dict.fromkeys(table["phase"], (units.time, "median time"))
    return figures("How long does each phase take?", table, phases, badge(run.manifest))


def memory() -> Panel:
    """What so many instances take together: the first as measured, each further one as the later
    ones that ran in the recorded density runs, and the program's own memory in each."""
    first, further = _one_and_next()
    measured = badge(recorded("density").manifest)

    def draw(instances: int, program_mib: int, axis: str) -> Chart:
        total = first + (instances - 1) * further + instances * program_mib * units.MIB
        table = pd.DataFrame(
            {"backend": total.index, "name": total.index, "value": total.to_numpy()}
        )
        title = f"Computed for {instances} instances, with a program of {program_mib} MiB in each"
        return chosen(
            title,
            table.assign(low=float("nan"), high=float("nan")),
            units.memory,
            "memory of all of them (PSS)",
            logarithmic=axis == "logarithmic",
            badge=f"{measured}\ncomputed: the first one, and so many further ones",
        )

    choices = {
        "instances": Choice("instances", range(1, 201), first=50),
        "program_mib": Choice("program's MiB", range(0, 513, 16)),
        "axis": AXES,
    }
    return Panel("How much memory do so many take?", choices, draw)


def _one_and_next() -> tuple[pd.Series, pd.Series]:
    """What the first instance takes and what each further one adds, in bytes, by backend."""
    firsts, nexts = {}, {}
    for name in ("density", "density-machines"):
        run = recorded(name)
        table = benchmark.stats.instances(run.instances, run.trials)
        table = table[(table["metric"] == "pss") & (table["role"] == "all")]
        for backend, mine in table.groupby("backend", sort=False):
            totals = mine.set_index("running")["total_bytes"].sort_index()
            begin = totals.index[len(totals) // 5]  # the first ones still pay for what is shared
            firsts[str(backend)] = float(totals.iloc[0])
            nexts[str(backend)] = float(totals.iloc[-1] - totals[begin]) / (
                totals.index[-1] - begin
            )
    return pd.Series(firsts), pd.Series(nexts)


def cpu() -> Panel:
    """What idle instances take of a computer's processors."""
    run = recorded()
    table = benchmark.stats.idle_burn(run.samples, run.results, run.trials)
    table = _named(table[table["role"] == "all"])

    def draw(instances: int, cpus: int, axis: str) -> Chart:
        part = instances / cpus
        columns = {"value": BURN, "low": BURN.replace("median", "low")}
        columns["high"] = BURN.replace("median", "high")
        mine = table.assign(**{name: part * table[column] for name, column in columns.items()})
        return chosen(
            f"Computed for {instances} idle instances on {cpus} CPUs",
            mine,
            units.percent,
            "part of all CPUs",
            logarithmic=axis == "logarithmic",
            badge=f"{badge(run.manifest)}\ncomputed from one idle instance",
        )

    choices = {
        "instances": Choice("instances", range(1, 101), first=20),
        "cpus": Choice("CPUs", range(1, 65), first=2),
        "axis": AXES,
    }
    return Panel("What do idle instances take?", choices, draw)


def images_() -> Panel:
    run = recorded("images")
    table = images.stats.copy_up(run.copy_up)
    sizes = (table["file_bytes"] / units.MIB).astype(int).astype(str) + " MiB"
    which = table["write"].map({1: "first write", 2: "second write"})
    looks = table["place"].map({"image": "docker", "volume": "paas", "tmpfs": "host"})
    places = table["place"].replace("tmpfs", "memory")
    rows = {"name": places + ", " + which, "backend": looks}
    table = table.assign(quantity="a byte to a file of " + sizes, **rows, value=table["median_s"])
    table = table.assign(low=table["low_s"], high=table["high_s"])
    scales = dict.fromkeys(table["quantity"], (units.milliseconds, "time of one append"))
    return figures("How long does it take to append one byte?", table, scales, badge(run.manifest))


def isolation_() -> Panel:
    run = recorded("neighbours")
    table = neighbours.stats.neighbours(run.trials)
    kind = table["quantity"] + " beside a neighbour that takes " + table["kind"]
    rows = table["backend"] + " (" + table["engine"] + "), " + table["condition"]
    ratios = {"value": "median_ratio", "low": "low_ratio", "high": "high_ratio"}
    columns = {name: table[column] for name, column in ratios.items()}
    table = table.assign(quantity=kind, name=rows, **columns)
    scales = dict.fromkeys(kind, (units.ratio, "times the figure when alone"))
    return figures("What does a neighbour change?", table, scales, badge(run.manifest))


def inside() -> Panel:
    run = recorded("engine-parts")
    table = benchmark.stats.engine_parts(run.trials, run.samples)
    table = table[table["backend"] != "total"]
    words = {"startup_s": "start", "host_cpu_s": "CPU time", "pss_bytes": "memory"}
    table = table.assign(quantity=table["quantity"].map(words))
    table = _named(table, name=table["backend"], value=table["median"])
    scales = {
        "start": (units.milliseconds, "time that it adds to the start"),
        "CPU time": (units.milliseconds, "CPU time that it adds"),
        "memory": (units.memory, "memory (PSS) that it adds"),
    }
    return figures("What does each part of an engine add?", table, scales, badge(run.manifest))


def paas() -> Panel:
    run = recorded("deployment")
    table = deployment.stats.deployments(run.steps).rename(columns={"median_s": "seconds"})
    looks = table["model"].map({"IaaS": "qemu", "containers": "docker", "PaaS": "paas"})
    scales = {
        "lines": (units.whole, "lines that you write"),
        "bytes": (units.size, "size of what you bring"),
        "steps": (units.whole, "steps"),
        "files": (units.whole, "files"),
        "seconds": (units.time, "time until it answers"),
    }
    long = table.assign(backend=looks, name=table["method"]).melt(
        ["name", "backend"], list(scales), "quantity", "value"
    )
    return figures(
        "What is left to you?", _named(long, name=long["name"]), scales, badge(run.manifest)
    )


def own() -> Panel:
    both = {name: recorded(name) for name in ("quiet", "busy")}
    parts = []
    for name, run in both.items():
        table = benchmark.stats.quantities(run)
        rows = table["backend"] + ", " + name
        parts.append(table.assign(quantity=_work(table), name=rows, value=table["median"]))
    scales = {
        MEASURED["startup_s"]: (units.time, READY),
        "speed: cpu": (units.plain, "MiB hashed a second"),
        MEASURED["pss_bytes"]: (units.memory, PSS),
    }
    return figures("Quiet or busy?", pd.concat(parts), scales, badge(both["busy"].manifest))


def claims() -> Panel:
    table = claims_table().groupby(["section", "verdict"]).size().reset_index(name="value")
    table = table.assign(quantity=table["verdict"], name=table["section"], backend="host")
    scales = dict.fromkeys(VERDICTS, (units.whole, "sentences"))
    return figures("How many sentences?", _named(table, name=table["name"]), scales, "")


def spectrum_() -> Panel:
    """The medians of the spectrum's table, a row a boundary."""
    table = boundaries_()
    parts = []
    for name, column in (
        ("time until ready", "s"),
        ("memory", "mib"),
        ("a read and a write", "call_us"),
    ):
        values = {"value": f"median_{column}", "low": f"low_{column}", "high": f"high_{column}"}
        columns = {to: table[of] for to, of in values.items()}
        parts.append(_named(table.assign(quantity=name), **columns))
    scales = {
        "time until ready": (units.time, "seconds from request to ready"),
        "memory": (units.plain, "PSS of instance and helper, MiB"),
        "a read and a write": (units.plain, "microseconds for one byte"),
    }
    source = badge(recorded("spectrum").manifest)
    return figures("What does each boundary cost?", pd.concat(parts), scales, source)


def many() -> Panel:
    """How pods come up: medians over all of a part."""
    run = recorded("orchestration")
    pods = orchestration.stats.coming_up(run.moments)
    words = {
        "added_s": "until it is noted",
        "scheduled_s": "until it has a computer",
        "ready_s": "until it answers",
    }
    table = pods.melt(["part"], list(words), "quantity", "value")
    table = table.groupby(["quantity", "part"], sort=False)["value"].median().reset_index()
    table = table.assign(quantity=table["quantity"].map(words), name=table["part"])
    scales = dict.fromkeys(words.values(), (units.time, "seconds after the request"))
    table = _named(table.assign(backend="kubernetes"), name=table["name"])
    return figures("When does a pod come up?", table, scales, badge(run.manifest))


def mistakes_() -> Panel:
    """The wrong and the right ratio of each mistake."""
    run = recorded("mistakes")
    table = mistakes.stats.ratios(run.figures)
    ratios = {"value": "median_ratio", "low": "low_ratio", "high": "high_ratio"}
    columns = {name: table[column] for name, column in ratios.items()}
    quantity = table["number"].astype(str) + ". " + table["mistake"].map(QUANTITIES)
    table = _named(table.assign(quantity=quantity), name=table["arm"], **columns)
    scales = dict.fromkeys(quantity, (units.ratio, "container in multiples of the machine"))
    return figures("What does each mistake change?", table, scales, badge(run.manifest))


PANELS: dict[str, Callable[[], Panel]] = {
    **{"00": start, "01": boundaries, "02": startup, "03": memory, "04": cpu, "05": images_},
    **{"06": isolation_, "07": inside, "08": paas, "09": own, "10": claims},
    **{"11": spectrum_, "12": many, "13": mistakes_},
}

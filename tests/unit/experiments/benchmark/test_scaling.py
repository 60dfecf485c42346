"""A sweep: what is in its table, and that a run without one has none."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from labkit.experiments.benchmark import charts, stats
from labkit.experiments.benchmark.stats import frames
from labkit.experiments.table import load_run
from tests.unit.charts.legible import assert_legible


def row(backend: str, median: float, quantity: str = "startup_s") -> dict[str, object]:
    return {
        **{"backend": backend, "family": "container", "engine": "native", "quantity": quantity},
        **{"workload": "", "unit": "", "n": 5, "median": median, "low": median, "high": median},
        "few": True,
    }


def with_rows(
    monkeypatch: pytest.MonkeyPatch,
    rows: list[dict[str, object]],
    reported: Sequence[dict[str, object]] = (),
) -> None:
    module = import_module(stats.scaling.__module__)
    monkeypatch.setattr(module, "quantities", lambda run: pd.DataFrame(rows))
    columns = ["metric", *(name for name in row("", 0.0) if name != "quantity")]
    monkeypatch.setattr(module, "programs", lambda run: pd.DataFrame(reported, columns=columns))


def test_of_each_program_its_first_figure_has_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = "fio:rw=randread:direct=0:cache=warm"
    figures = [(workload, "bandwidth", "B/s", 2**20), (workload, "p99", "us", 5.0)]
    figures += [("python", "start", "us", 24_000.0), ("nginx", "requests", "1/s", 700.0)]
    reported = [
        {**row(f"docker:cpus={c}", median * c), "workload": work, "metric": metric, "unit": unit}
        for c in (1, 2)
        for work, metric, unit, median in figures
    ]
    with_rows(monkeypatch, [row(f"docker:cpus={c}", 1.0) for c in (1, 2)], reported)
    found = stats.scaling(None)  # type: ignore[arg-type]
    drawn = charts.scaling(found, badge="made up")
    assert_legible(drawn.figure)
    titles = [panel.get_title(loc="left") for panel in drawn.figure.axes]
    said = [title.replace("\n", " ").replace(": ", ":") for title in titles]
    assert said == [
        "startup in s",
        f"{workload}, bandwidth in MiB/s",
        "python, start in ms",
        "nginx, requests in 1/s",
    ]
    assert np.asarray(drawn.figure.axes[1].lines[0].get_ydata()).tolist() == [1.0, 2.0]
    assert "docker:cpus=2 (native), nginx, requests: 1,400/s" in drawn.alt


def test_each_axis_has_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [("1", "128"), ("1", "256"), ("2", "128"), ("2", "256")]
    rows = [row(f"docker:cpus={c}:memory={m}", int(c) * 1000 + int(m)) for c, m in points]
    rows += [row("host:cpus=1", 1.0), row("docker:cpus=1:memory=128", 1.0, "host_cpu_s_per_s")]
    with_rows(monkeypatch, rows)
    found = stats.scaling(None)  # type: ignore[arg-type]
    cpus = found[found["setting"] == "cpus"]
    assert sorted(cpus["line"].unique()) == ["docker:memory=128", "docker:memory=256", "host"]
    one = cpus[cpus["line"] == "docker:memory=256"]
    assert list(zip(one["value"], one["median"], strict=True)) == [(1, 1256), (2, 2256)]
    assert set(found["setting"]) == {"cpus", "memory"} and set(found["quantity"]) == {"startup_s"}
    chart = charts.scaling(cpus, badge="made up")
    assert "docker:cpus=2:memory=256 (native), startup: 2,256 s" in chart.alt


def test_formats_are_in_their_order_and_no_line_joins_them(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [(kind, m) for m in (256, 512) for kind in ("vdi", "qcow2", "raw")]
    rows = [row(f"qemu:disk_format={kind}:memory={m}", m) for kind, m in points]
    with_rows(monkeypatch, rows)
    found = stats.scaling(None)  # type: ignore[arg-type]
    formats = found[found["setting"] == "disk_format"]
    one = formats[formats["line"] == "qemu:memory=512"]
    assert list(one["value"]) == ["raw", "qcow2", "vdi"]
    drawn = charts.scaling(formats, badge="made up").figure
    panel = drawn.axes[0]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["raw", "qcow2", "vdi"]
    assert {line.get_linestyle() for line in panel.lines} == {"None"}
    assert len({line.get_fillstyle() for line in panel.lines}) == 2  # one a memory
    top = panel.get_ylim()[1]
    assert all(np.max(line.get_ydata()) < top for line in panel.lines)


def test_what_a_program_reports_is_drawn_by_its_first_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kinds = ("raw", "qcow2")
    rows = [row(f"qemu:disk_format={kind}", 1) for kind in kinds]
    told = {"bandwidth": "B/s", "mean": "us"}
    metrics = [
        {**row(f"qemu:disk_format={kind}", 3 << 20, name), "workload": "fio", "unit": unit}
        for kind in kinds
        for name, unit in told.items()
    ]
    for one in metrics:
        one["metric"] = one.pop("quantity")
    with_rows(monkeypatch, rows, metrics)
    found = stats.scaling(None)  # type: ignore[arg-type]
    reported = found[found["workload"] == "fio"]
    assert list(reported["quantity"]) == ["bandwidth"] * 2 and list(reported["value"]) == [*kinds]
    chart = charts.scaling(found, badge="made up")
    assert "MiB/s" in chart.figure.axes[1].get_title("left") and "3.00 MiB/s" in chart.alt


def test_the_first_point_of_a_sweep_is_what_the_others_are_compared_with() -> None:
    run = load_run("quiet")
    trials = run.trials[run.trials["backend"].isin(["docker", "qemu"])]
    points = {"docker": "docker:memory=1024", "qemu": "docker:memory=256"}
    swept = trials.assign(backend=trials["backend"].map(points), family="container")
    swept = swept.assign(engine="native")
    assert frames.yardstick(swept) == "docker:memory=256"
    assert list(frames.backends(swept)["backend"]) == ["docker:memory=256", "docker:memory=1024"]


def test_a_machine_is_only_compared_at_its_own_point_of_the_grid() -> None:
    """What it was made with is not read back: nothing else says that its limits are others."""
    run = load_run("quiet")
    trials = run.trials[run.trials["backend"].isin(["host", "qemu"])]
    for column in frames.HELD:
        trials = trials.assign(**{column: float("nan")})
    points = {"host": "host:memory=256", "qemu": "qemu:memory=512"}
    other = trials.assign(backend=trials["backend"].map(points))
    same = trials.assign(backend=trials["backend"] + ":memory=256")
    assert frames.paired(other).query("backend == 'qemu:memory=512'")[frames.PAIR].isna().all()
    assert frames.paired(same)[frames.PAIR].notna().all()


def test_without_a_sweep_there_is_nothing() -> None:
    assert stats.scaling(load_run("first-comparison")).empty

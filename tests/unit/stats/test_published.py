"""Published figures beside ours: what is shown, and why the rest is not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit.experiments.benchmark import published, stats
from labkit.experiments.benchmark.stats.published import KINDS, UNITS
from tests.unit.charts.made_up import MadeUpRun, make_run

FIGURES = published.load()
ALL = ("host", "docker", "qemu", "qemu-resumed", "virtualbox")


def under(engine: str, names: tuple[str, ...] = ALL, n: int = 1) -> MadeUpRun:
    """A made-up run in which QEMU ran under this engine; a single trial needs no bootstrap."""
    run = make_run(names, n=n)
    run.trials.loc[run.trials["family"] == "hypervisor", "engine"] = engine
    return run


def judged(run: MadeUpRun, figures: pd.DataFrame = FIGURES) -> Any:
    return stats.beside(figures, stats.comparable(run, figures)).set_index("id")


def with_figure(name: str, **values: Any) -> pd.DataFrame:
    """The published figures, with one of them changed."""
    figures = FIGURES.copy()
    for column, value in values.items():
        figures.loc[figures["id"] == name, column] = value
    return figures


EMULATED = judged(under("tcg"))
VIRTUALIZED = judged(under("kvm"))
OF_KVM = [
    "nsdi-firecracker",
    "nsdi-qemu",
    "nsdi-cloud-hypervisor",
    "firecracker-spec-startup",
    "firecracker-spec-cpu",
    "felter-kvm-tuned",
]


@pytest.mark.parametrize("name", OF_KVM)
def test_hardware_virtualization_never_stands_beside_emulation(name: str) -> None:
    row = EMULATED.loc[name]
    assert not row["shown"] and row["beside"] == ""
    assert row["reason"].startswith("kvm is hardware virtualization, but here qemu ran under tcg")
    assert "emulation" in row["reason"]


@pytest.mark.parametrize("name", OF_KVM)
def test_hardware_virtualization_stands_beside_its_like(name: str) -> None:
    row = VIRTUALIZED.loc[name]
    assert row["shown"] and row["reason"] == ""
    resumed = ", qemu-resumed" if row["quantity"] == "cpu_throughput" else ""
    assert row["beside"] == f"qemu{resumed}"


def test_moments_that_two_observers_note_in_the_wrong_order_are_no_time_before_zero() -> None:
    run = under("kvm")
    first, then = FIGURES[["from_milestone", "to_milestone"]].dropna().iloc[0]
    at = run.milestones["milestone"] == first
    run.milestones.loc[at, "at_s"] = run.milestones["at_s"].max() + 1
    ours = stats.comparable(run, FIGURES)
    pair = (ours["from_milestone"] == first) & (ours["to_milestone"] == then)
    assert pair.any() and (ours.loc[pair, "median"] == 0).all()


def test_another_kind_of_hardware_virtualization_is_its_like() -> None:
    assert judged(under("hvf")).loc["nsdi-qemu", "shown"]


def test_emulation_does_not_stand_beside_hardware_virtualization_either() -> None:
    figures = with_figure("laptop-qemu-tcg", differs=None)
    assert judged(under("tcg"), figures).loc["laptop-qemu-tcg", "beside"] == "qemu, qemu-resumed"
    refused = judged(under("kvm"), figures).loc["laptop-qemu-tcg"]
    assert not refused["shown"]
    assert refused["reason"].startswith("tcg is emulation, but here qemu ran under kvm")


@pytest.mark.parametrize("engine", ["tcg", "kvm"])
def test_no_figure_stands_beside_another_kind_or_family(engine: str) -> None:
    ours = stats.comparable(under(engine), FIGURES).drop_duplicates("backend")
    looks: Any = ours.set_index("backend")
    rows: Any = judged(under(engine))
    for row in rows[rows["shown"]].itertuples():
        for name in row.beside.split(", "):
            assert KINDS[looks.loc[name, "engine"]] == KINDS[row.engine]
            assert looks.loc[name, "family"] == row.family


def test_a_figure_of_another_definition_is_refused_with_its_own_reason() -> None:
    given = FIGURES.set_index("id")["differs"].dropna()
    assert len(given) >= 7
    for table in (EMULATED, VIRTUALIZED):
        assert (table.loc[given.index, "reason"] == given).all()
        assert not table.loc[given.index, "shown"].any()


def test_each_figure_is_shown_or_has_a_reason() -> None:
    for table in (EMULATED, VIRTUALIZED, judged(make_run(("docker",), n=1))):
        assert (table["shown"] == (table["reason"] == "")).all()
        assert (table["shown"] == (table["beside"] != "")).all()


def test_a_pair_of_milestones_is_compared_with_the_same_pair_only() -> None:
    figures = with_figure("nsdi-qemu", to_milestone="first_result")
    ours = stats.comparable(under("kvm"), FIGURES)  # without that pair
    row = stats.beside(figures, ours).set_index("id").loc["nsdi-qemu"]
    assert row["reason"] == "this run has measured no hypervisor in that way"


def test_a_cold_start_does_not_stand_beside_a_resumed_one() -> None:
    run = under("kvm", ("host", "qemu-resumed"))
    assert judged(run).loc["nsdi-qemu", "reason"].startswith("this run has measured no hypervisor")
    resumed = with_figure("nsdi-qemu", start="resumed")
    assert judged(run, resumed).loc["nsdi-qemu", "beside"] == "qemu-resumed"


def test_a_run_without_such_a_backend_and_one_that_failed() -> None:
    for run in (
        make_run(("docker",), n=1),
        make_run(("host",), n=1, failed=(0,)),
        make_run((), n=0),
    ):
        row = judged(run).loc["lightvm-fork-exec"]
        assert row["reason"] == "this run has measured no host in that way"


def test_a_figure_of_a_backend_stands_beside_no_other_of_its_family() -> None:
    figures = with_figure("felter-docker", backend="docker-cli")
    row = judged(under("tcg"), figures).loc["felter-docker"]
    assert row["reason"] == "this run has measured no docker-cli in that way"


def test_amounts_are_in_our_units() -> None:
    amount = EMULATED["amount"]
    assert amount["nsdi-firecracker"] == pytest.approx(0.16085)
    assert amount["felter-docker"] == pytest.approx(290.87 / 290.83)
    assert amount["felter-kvm-untuned"] == pytest.approx(130.28 / 290.83)
    assert amount["laptop-qemu-tcg"] == pytest.approx(49.49 / 3387)
    assert amount["firecracker-spec-cpu"] == 0.95
    assert amount["firecracker-spec-memory"] == 5 * 1024 * 1024
    assert amount["gvisor-density-runc"] == pytest.approx(4_090_000)
    assert pd.isna(amount["felter-native"])
    assert {"s", "ms", "ratio", "MiB", "MB"} == set(UNITS)


def test_a_bare_process_that_others_are_divided_by_is_not_shown() -> None:
    row = EMULATED.loc["felter-native"]
    assert not row["shown"] and "divided by" in row["reason"]


def test_ours_is_the_median_over_trials() -> None:
    run = make_run(("host", "docker"), n=3)
    ours = stats.comparable(run, FIGURES)
    whole = ours[(ours["from_milestone"] == "requested") & (ours["to_milestone"] == "ready")]
    known = stats.startup(run.trials)
    for column in ("median", "low", "high"):
        assert whole[column].tolist() == known[f"{column}_s"].tolist()
    speed: Any = ours[ours["quantity"] == "cpu_throughput"].set_index("backend")
    ratios: Any = stats.throughput(run.results, run.trials).set_index(["backend", "workload"])
    assert speed.index.tolist() == ["docker"]
    assert speed.loc["docker", "median"] == ratios.loc[("docker", "cpu"), "median_ratio"]


def test_ours_between_two_milestones_is_computed_in_each_trial() -> None:
    run = make_run(("host",), n=3)
    at = {"requested": [0, 0, 0], "created": [1, 2, 9], "started": [4, 3, 10], "ready": [5, 9, 11]}
    run.milestones = pd.DataFrame(
        [
            (trial, "host", name, float(times[trial]))
            for name, times in at.items()
            for trial in range(3)
        ],
        columns=["trial", "backend", "milestone", "at_s"],
    )
    ours = stats.comparable(run, FIGURES).set_index(["from_milestone", "to_milestone"])["median"]
    assert ours["created", "started"] == 1  # of 3, 1 and 1
    assert ours["started", "ready"] == 1  # of 1, 6 and 1
    assert ours["requested", "ready"] == 9


def test_a_failed_trial_does_not_count() -> None:
    ours = stats.comparable(make_run(("host",), n=5, failed=(2,)), FIGURES)
    assert set(ours["n"]) == {4}
    assert ours["few"].all()


def test_pure_and_repeatable() -> None:
    run = under("kvm")
    before = FIGURES.copy()
    first, second = (judged(run) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(FIGURES, before)

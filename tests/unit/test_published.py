"""data/published.csv and its reader."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from labkit.errors import StoreError
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark.published import Published

FIGURES = published.load()
ROWS = list(csv.DictReader(published.path().read_text(encoding="utf-8").splitlines()))


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Published.model_fields), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def changed(name: str, **values: str) -> list[dict[str, str]]:
    """The real rows, with one of them changed."""
    return [{**row, **values} if row["id"] == name else row for row in ROWS]


def line_of(name: str) -> int:
    return [row["id"] for row in ROWS].index(name) + 2


@pytest.mark.parametrize(
    "name", ["source", "authors", "title", "url", "definition", "page", "year"]
)
def test_each_figure_can_be_looked_up(name: str) -> None:
    assert len(FIGURES) == len(ROWS) >= 15
    assert FIGURES[name].notna().all()
    assert (FIGURES[name].astype(str).str.strip() == FIGURES[name].astype(str)).all()
    assert FIGURES["url"].str.startswith("https://").all()


def test_a_repository_is_cited_with_its_commit() -> None:
    of_repository = FIGURES[FIGURES["url"].str.contains("/blob/")]
    assert len(of_repository) > 10
    assert of_repository["url"].str.contains(r"/blob/[0-9a-f]{40}/").all()


def test_what_was_measured_has_samples_or_says_that_it_is_not_known() -> None:
    counted = FIGURES["statistic"].isin(["median", "mean"])
    assert FIGURES.loc[counted, "samples"].notna().all()
    assert FIGURES.loc[~counted, "samples"].isna().all()
    assert (FIGURES["bound"] != "=").eq(FIGURES["statistic"] == "limit").all()


def test_each_text_of_a_figure_is_one_line() -> None:
    for column in FIGURES.select_dtypes("object"):
        assert not FIGURES[column].dropna().astype(str).str.contains("\n").any(), column


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("firecracker-spec-startup", 125, "ms"),
        ("firecracker-spec-memory", 5, "MiB"),
        ("nsdi-firecracker", 160.85, "ms"),
        ("nsdi-qemu", 243.53, "ms"),
        ("nsdi-cloud-hypervisor", 102.46, "ms"),
        ("felter-native", 290.83, "GFLOPS"),
        ("felter-docker", 290.87, "GFLOPS"),
        ("felter-kvm-tuned", 284.2, "GFLOPS"),
        ("crun-true", 16.9, "ms"),
        ("gvisor-density-runc", 4.09, "MB"),
    ],
)
def test_a_figure_that_was_looked_up_stays_as_it_was(name: str, value: float, unit: str) -> None:
    (row,) = FIGURES[FIGURES["id"] == name].itertuples()
    assert (row.value, row.unit) == (value, unit)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("nsdi-qemu", {"year": "soon"}, "year: Input should be a valid integer"),
        ("nsdi-qemu", {"value": "0"}, "value: Input should be greater than 0"),
        ("nsdi-qemu", {"source": ""}, "source: String should have at least 1 character"),
        ("nsdi-qemu", {"url": "the web"}, "url: String should match pattern"),
        ("nsdi-qemu", {"unit": "moments"}, "unit: Input should be"),
        ("nsdi-qemu", {"engine": "magic"}, "engine"),
        ("nsdi-qemu", {"from_milestone": "begun"}, "two milestones in their order"),
        ("nsdi-qemu", {"from_milestone": "stopped"}, "two milestones in their order"),
        ("nsdi-qemu", {"from_milestone": "ready"}, "two milestones in their order"),
        ("nsdi-qemu", {"from_milestone": ""}, "either two milestones, or `differs`"),
        ("nsdi-qemu", {"differs": "another end"}, "either two milestones, or `differs`"),
        ("khan-docker-alpine", {"differs": ""}, "either two milestones, or `differs`"),
        ("firecracker-spec-memory", {"differs": ""}, "does not measure memory_overhead"),
        ("felter-docker", {"workload": ""}, "a workload stands with cpu_throughput"),
        ("nsdi-qemu", {"workload": "boot"}, "a workload stands with cpu_throughput"),
        ("felter-docker", {"baseline": ""}, "baseline: not a bare process of the same source"),
        ("felter-docker", {"baseline": "laptop-native"}, "baseline: not a bare process"),
        ("felter-docker", {"baseline": "felter-kvm-tuned"}, "baseline: not a bare process"),
        ("nsdi-qemu", {"id": "nsdi-firecracker"}, "id: nsdi-firecracker is there already"),
    ],
)
def test_a_damaged_row_is_named_with_its_line(
    tmp_path: Path, name: str, values: dict[str, str], why: str
) -> None:
    path = written(tmp_path / "published.csv", changed(name, **values))
    with pytest.raises(StoreError, match="damaged or missing") as error:
        published.load(path)
    assert f"line {line_of(name)}" in error.value.details
    assert why in error.value.details


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text[:-1], f"its last line (line {len(ROWS) + 1}) is torn"),
        (lambda text: text.replace("id,source", "source,id"), "its first line is not"),
        (lambda text: text.replace("\n", ",extra\n", 2).replace(",extra", "", 1), "fields, not"),
        (lambda text: text + '"', "torn"),
        (lambda text: "", "its first line is not"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change, why: str) -> None:
    text = published.path().read_text(encoding="utf-8")
    path = tmp_path / "published.csv"
    path.write_text(change(text), encoding="utf-8")
    with pytest.raises(StoreError) as error:
        published.load(path)
    assert why in error.value.details
    assert "git checkout" in error.value.resolution


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="damaged or missing"):
        published.load(tmp_path / "published.csv")
    (tmp_path / "published.csv").write_bytes(b"\xff\n")
    with pytest.raises(StoreError, match="damaged or missing"):
        published.load(tmp_path / "published.csv")


def test_a_row_can_be_added(tmp_path: Path) -> None:
    more = {**ROWS[0], "id": "of-my-own", "value": "99.5"}
    figures = published.load(written(tmp_path / "published.csv", [*ROWS, more]))
    assert isinstance(figures, pd.DataFrame)
    assert figures["id"].iloc[-1] == "of-my-own"

"""Recordings of a computer that is itself emulated: told on each chart, compared with no other."""

from __future__ import annotations

import pytest

from labkit import notes
from labkit.backends.table import make_backend
from labkit.errors import UsageError
from labkit.experiments.benchmark import comparison, published, stats
from labkit.experiments.benchmark.records import Run
from tests.unit.charts.made_up import make_run


def emulated(recording_id: str = "20261129-150000-0001") -> Run:
    made = make_run(("host", "qemu"))
    host = made.manifest.host.model_copy(update={"cpu_model": "QEMU TCG CPU version 2.5+"})
    changes = {"host": host, "recording_id": recording_id}
    made.manifest = made.manifest.model_copy(update=changes)
    return made


def test_each_chart_says_so() -> None:
    assert notes.badge(emulated().manifest).endswith(notes.EMULATED)
    assert notes.EMULATED not in notes.badge(make_run(("host",)).manifest)


@pytest.mark.parametrize("other", [make_run(("host", "qemu")), emulated("20261129-150000-0002")])
def test_its_seconds_are_compared_with_nothing_but_themselves(other: Run) -> None:
    with pytest.raises(UsageError) as caught:
        comparison.compare(emulated(), other)
    assert "computer: itself emulated, in 20261129-150000-0001 and " in caught.value.details
    assert not comparison.compare(emulated(), emulated()).obstacles


def test_no_published_figure_stands_beside_it() -> None:
    figures = published.load()
    assert stats.comparable(emulated(), figures).empty
    assert not stats.comparable(make_run(("host", "qemu")), figures).empty


def test_emulation_can_be_asked_for_beside_what_is_proven() -> None:
    backend = make_backend("qemu:engine=tcg")
    assert backend.engine(None) == "tcg" and backend.chosen["engine"] == "tcg"

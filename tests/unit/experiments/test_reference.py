"""What comes with the lab: each recording is there, and was made as it is said."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.errors import UsageError
from labkit.experiments.reference import REFERENCES, record, reference, stale
from labkit.experiments.table import EXPERIMENTS, experiment, load
from labkit.system.paths import reference_dir

THERE = {path.name for path in reference_dir().iterdir()}


def test_there_is_a_way_to_make_each_of_them() -> None:
    assert set(REFERENCES) >= THERE
    # What takes a computer of its own may still be waiting for one.
    waiting = set(REFERENCES) - THERE
    assert all(REFERENCES[name].elsewhere for name in waiting)


def test_each_experiment_has_one_to_show_or_none_at_all() -> None:
    for name in EXPERIMENTS:
        shown = experiment(name).reference
        assert shown is None or REFERENCES[shown].experiment == name


@pytest.mark.parametrize("name", sorted(THERE))
def test_it_has_all_that_it_is_to_have(name: str) -> None:
    assert not [why for why in stale(name) if why.startswith("made without ")]


@pytest.mark.parametrize("name", sorted(THERE))
def test_it_was_made_as_it_is_said(name: str) -> None:
    manifest = load(name).manifest
    assert manifest.experiment == REFERENCES[name].experiment
    for option, wanted in REFERENCES[name].options.items():
        if option in type(manifest.plan).model_fields:
            known = set(wanted) if isinstance(wanted, list) else wanted
            assert _planned(getattr(manifest.plan, option), known), option


def _planned(found: Any, wanted: Any) -> bool:
    """A plan holds what was chosen, and may hold more, such as the host beside the others."""
    if isinstance(found, dict):  # so many of each backend; where there are none, no backend
        return set(found.values()) == ({wanted} if wanted else set())
    return wanted <= set(found) if isinstance(wanted, set) else found == wanted


def test_one_that_cannot_be_read_is_out_of_date(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr("labkit.experiments.reference.reference_dir", lambda: tmp_path)
    assert stale("web")


def test_a_name_that_is_none() -> None:
    with pytest.raises(UsageError):
        reference("nope")


def test_one_that_is_made_elsewhere_is_not_recorded_here() -> None:
    with pytest.raises(UsageError) as caught:
        record("emulated-amd-v")
    assert "tests.computers.recording" in caught.value.resolution

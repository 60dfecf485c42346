"""The folder of an experiment with neighbours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from labkit.errors import LabError, StoreError
from labkit.neighbours import KINDS, Experiment, Folder, frame, load
from tests.unit.charts.made_up import MANIFEST
from tests.unit.neighbours.made_up import Scene, measured


def test_a_folder_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    trials = measured(Scene())
    folder = Folder(tmp_path / "it")
    folder.begin(
        Experiment(
            experiment_id="made-up",
            created_at="2026-11-23T10:00:00+00:00",
            labkit_version="0",
            host=MANIFEST.host,
            image_digest="0",
            seed=1,
            blocks=2,
            requests=5,
            kinds=KINDS,
            backends={},
            workload_digests={},
        )
    )
    for trial in trials:
        folder.add(trial)
    found = load(tmp_path / "it")
    pd.testing.assert_frame_equal(found.trials, frame(trials), atol=1e-6)  # microseconds
    table = tmp_path / "it" / "neighbours.csv"
    table.write_text(table.read_text().replace("unlimited", "unlimitd", 1))
    with pytest.raises(StoreError, match=r"neighbours\.csv is damaged"):
        load(tmp_path / "it")
    with pytest.raises(LabError):
        folder.begin(found.manifest)  # never into one that is there

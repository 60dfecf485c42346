"""Five mistakes, made on a real container and a real machine; nothing is left of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.experiments import mistakes
from labkit.experiments.mistakes.experiment import EXPERIMENT
from labkit.experiments.mistakes.pairs import MISTAKES, Side
from labkit.measure import cleanup

pytestmark = [pytest.mark.docker, pytest.mark.qemu, pytest.mark.slow]
SIDES: dict[str, Side] = {"docker": "container", "qemu": "machine"}


@pytest.fixture(autouse=True)
def all_ready(docker_backend: Backend, qemu_backend: Backend) -> None:
    pass


def test_each_figure_is_measured_in_each_of_its_ways(tmp_path: Path) -> None:
    recording = mistakes.run(
        list(SIDES), repeats=1, seconds=0.5, out=tmp_path / "it", progress=False
    )
    assert not recording.left_out and recording.ending and recording.ending.reason == "plan"
    value = recording.figures.set_index(["backend", "mistake", "way"])["value"].to_dict()
    assert set(value) == {
        (name, key, way)
        for name, side in SIDES.items()
        for key, mistake in MISTAKES.items()
        for way in mistake.ways(side)
    }
    # What holds on a busy computer, too.
    for name in SIDES:
        assert value[name, "late", "during the work"] > value[name, "late", "after the work"]
    clocks = (value["qemu", "kernel", f"{way}"] for way in MISTAKES["kernel"].ways("machine"))
    assert next(clocks) < next(clocks)
    assert value["qemu", "blocks", "1 MiB blocks"] > value["qemu", "blocks", "4 KiB blocks"]
    # 100 reads a second: more than a kernel makes that only looks at its disk now and then.
    assert value["qemu", "blocks", "4 KiB blocks"] > 100 * 4096
    assert json.dumps(EXPERIMENT.json(recording)["ratios"])
    assert EXPERIMENT.charts(recording, "here")["ratios"].svg()
    assert cleanup.sweep([make_backend(name) for name in SIDES], mine=True) == []

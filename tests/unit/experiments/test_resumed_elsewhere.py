"""A recording is gone on with where TMPDIR is another folder than before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labkit.errors import BackendError
from labkit.experiments import benchmark, engine
from labkit.recordings import reader
from labkit.system import file_systems


def test_fio_is_refused_where_its_disk_would_lie_in_memory_by_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_systems, "kind_of", lambda place: "ext4")
    plan = benchmark.plan(backends=["host"], workloads=["fio"], memory_mib=512)
    manifest = SimpleNamespace(plan=plan, recording_id="20261130-120000-abcd")
    there: Any = SimpleNamespace(manifest=manifest, ending=None)
    monkeypatch.setattr(reader, "find", Path)
    monkeypatch.setattr(reader, "experiment_of", lambda path: "benchmark")
    monkeypatch.setattr(reader, "read", lambda path, experiment: there)
    opened: list[str] = []

    def session(needs: Any, options: Any) -> Any:
        opened.extend(needs.backends)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "_session", session)
    with pytest.raises(KeyboardInterrupt):
        benchmark.run(resume="data/runs/it", progress=False)
    assert opened == ["host"]
    monkeypatch.setattr(file_systems, "kind_of", lambda place: "tmpfs")
    with pytest.raises(BackendError) as caught:
        benchmark.run(resume="data/runs/it", progress=False)
    assert "TMPDIR" in caught.value.resolution and opened == ["host"]

"""Comparing two runs: what is refused, what is said, what is drawn."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from labkit import two_runs
from labkit.errors import UsageError
from labkit.records import Limits, Manifest
from labkit.store import Run
from tests.unit.charts.made_up import make_run


def run(names: tuple[str, ...] = ("host", "docker"), n: int = 4, **manifest: Any) -> Run:
    made = make_run(names, n=n)
    tables = {f.name: getattr(made, f.name) for f in fields(made) if f.name != "manifest"}
    changed = made.manifest.model_copy(update=manifest)
    return Run(path=Path("there"), manifest=changed, **tables)


def other_engine(made: Run) -> Run:
    """The same run with qemu under kvm."""
    made.trials.loc[made.trials["backend"] == "qemu", "engine"] = "kvm"
    infos = dict(made.manifest.backends)
    infos["qemu"] = infos["qemu"].model_copy(update={"engine": "kvm"})
    manifest = made.manifest.model_copy(update={"backends": infos})
    return Run(**{**vars(made), "manifest": manifest})


def plan(manifest: Manifest, **changes: Any) -> Any:
    return manifest.plan.model_copy(update=changes)


def test_runs_that_may_be_compared_give_a_table_that_fits_a_terminal() -> None:
    text = two_runs.compare(run(), run(n=12)).text()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "Computers: the same" in text
    assert "docker (native)" in lines
    assert "n = 4" in text and "n = 12" in text
    assert "n = 4, fewer than 10: intervals cover less than they say." in text
    assert "FORCED" not in text and "host CPU per second (cpu)" not in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_digest": "sha256:another"}, "lab image: sha256:01234 and sha256:anoth"),
        ({"workload_digests": {"cpu": "1" * 64}}, "workload cpu: 000000000000 and 111111111111"),
        ({"plan": {"limits": Limits(cpus=2)}}, "limits: 1 CPU, 256 MiB and 2 CPU, 256 MiB"),
        ({"plan": {"workloads": ("cpu:mib=1",)}}, "settings of cpu: none and mib=1"),
    ],
)
def test_what_may_not_be_compared_is_refused_and_forced_with_a_warning(
    changes: dict[str, Any], says: str
) -> None:
    first = run()
    if "plan" in changes:
        changes = {"plan": plan(first.manifest, **changes["plan"])}
    second = run(**changes)
    with pytest.raises(UsageError, match="may not be compared") as caught:
        two_runs.compare(first, second)
    assert caught.value.details == says
    forced = two_runs.compare(first, second, force=True)
    assert forced.text().startswith("FORCED: these runs may not be compared")
    assert says in forced.text()
    assert forced.json()["forced"] is True
    assert "FORCED" in forced.chart().badge


def test_another_engine_is_told_in_words_and_never_in_a_figure() -> None:
    first = run(("host", "qemu"))
    second = other_engine(run(("host", "qemu")))
    with pytest.raises(UsageError) as caught:
        two_runs.compare(first, second)
    assert caught.value.details == "engine of qemu: tcg and kvm"
    forced = two_runs.compare(first, second, force=True)
    assert "Engine of qemu: tcg → kvm: in no figure below" in forced.text()
    assert set(forced.table["backend"]) == {"host"}
    assert "qemu" not in forced.chart().alt


def test_runs_without_anything_in_common_are_refused() -> None:
    with pytest.raises(UsageError, match="nothing in common") as caught:
        two_runs.compare(run(("host",)), run(("docker",)))
    assert "A has host (native); B has docker (native)" in (caught.value.details or "")


def test_differences_of_computer_version_and_plan_come_first() -> None:
    first = run()
    host = first.manifest.host.model_copy(update={"kernel": "6.1.0", "load_1m": 3.0})
    infos = dict(first.manifest.backends)
    infos["docker"] = infos["docker"].model_copy(update={"version": "2.0"})
    second = run(host=host, backends=infos, plan=plan(first.manifest, seconds=1.0))
    text = two_runs.compare(first, second).text()
    assert "    kernel: 6.18.0 and 6.1.0" in text
    assert "    docker: 1.0 and 2.0" in text
    assert "    seconds of each workload: 2 and 1" in text
    assert "load_1m" not in text
    assert text.index("kernel: 6.18.0 and") < text.index("B / A")


def test_a_busy_run_is_told_with_its_letter() -> None:
    second = run()
    second.trials["load_1m"] = 7.0
    text = " ".join(two_runs.compare(run(), second).text().split())
    assert "B: busy computer: up to 7.0 processes" in text
    assert "A: busy" not in text


def test_json_is_plain_and_complete() -> None:
    answer = json.loads(json.dumps(two_runs.compare(run(), run()).json(), allow_nan=False))
    assert answer["forced"] is False and answer["obstacles"] == []
    (row,) = [
        row
        for row in answer["rows"]
        if (row["backend"], row["quantity"]) == ("docker", "startup_s")
    ]
    assert row["median_ratio"] == 1.0 and row["few"] is True
    assert {"low_ratio", "high_ratio", "delta", "effect", "n_first", "n_second"} <= set(row)

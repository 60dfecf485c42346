from __future__ import annotations

import errno
import os
import resource
import signal
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit import host, run_writer, store
from labkit.errors import StoreError
from labkit.records import BackendInfo, Manifest, Milestone, Plan, Result, Sample, Trial
from labkit.run_writer import RunWriter
from labkit.store import TrialRecords, load

FAKE = BackendInfo(family="container", engine="native", version="1")
PLAN = Plan(backends=("fake",), workloads=("cpu",), trials={"fake": 1}, seconds=1)


def manifest(run_id: str = "0123", plan: Plan = PLAN) -> Manifest:
    return Manifest(
        run_id=run_id,
        created_at="2026-01-01T00:00:00+00:00",
        labkit_version="0",
        plan=plan,
        host=host.inspect(),
        image_digest="0" * 64,
        workload_digests={"cpu": "1" * 64},
        backends=dict.fromkeys(plan.backends, FAKE),
    )


def records(trial: int = 1, error: str | None = None) -> TrialRecords:
    return TrialRecords(
        Trial(
            trial=trial,
            block=1,
            stage="measured",
            backend="fake",
            family="container",
            engine="native",
            start="cold",
            status="failed" if error else "ok",
            requested_at="2026-01-01T00:00:00.000+00:00",
            startup_s=None if error else 0.5,
            load_1m=None,
            memory_available_bytes=1,
            cpu_mhz=None,
            steal_share=None,
            error=error,
        ),
        [Milestone(trial=trial, backend="fake", milestone="requested", at_s=0.0)],
        [
            Result(
                trial=trial,
                backend="fake",
                workload="cpu",
                unit="MiB",
                ops=1.5,
                seconds=1.0,
                ops_per_s=1.5,
                guest_seconds=None,
            )
        ],
        [
            Sample(
                trial=trial,
                backend="fake",
                meter="process",
                role="instance",
                at_s=0.1,
                moment=None,
                processes=1,
                cpu_s=0.1,
                rss_bytes=1,
                pss_bytes=None,
                uss_bytes=1,
                cgroup_bytes=None,
            )
        ],
    )


def begun(folder: Path, *trials: TrialRecords) -> RunWriter:
    writer = RunWriter.begin(folder / "run", manifest())
    for trial in trials:
        writer.append(trial)
    return writer


def written(folder: Path, *trials: TrialRecords) -> Path:
    """A run that has ended."""
    with closing(begun(folder, *trials)) as writer:
        writer.finish("plan", len(trials))
    return writer.path


def broken_off(folder: Path, *trials: TrialRecords) -> Path:
    """A run whose lab was killed."""
    with closing(begun(folder, *trials)) as writer:
        return writer.path


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = load(written(tmp_path, records(1), records(2)))
    assert run.manifest == manifest().model_copy(update={"host": run.manifest.host})
    assert list(run.trials["trial"]) == [1, 2]
    assert run.trials["startup_s"].tolist() == [0.5, 0.5]
    assert run.samples["pss_bytes"].isna().all()
    assert run.results["ops"].tolist() == [1.5, 1.5]
    assert run.manifest.run_id == "0123"  # a run id must not turn into a number


def test_an_empty_run_loads(tmp_path: Path) -> None:
    assert load(written(tmp_path)).trials.empty


@given(st.text(min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_any_error_text_survives(tmp_path: Path, text: str) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    run = load(written(folder, records(error=text)))
    expected = "\n".join(text.splitlines()) if "\r" in text else text
    assert run.trials["error"].tolist() == [expected or None]


def test_a_run_is_never_written_over_another(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(StoreError, match="there already"):
        written(tmp_path)


def test_rows_of_a_trial_that_never_finished_are_left_out(tmp_path: Path) -> None:
    path = broken_off(tmp_path, records(1))
    with (path / "milestones.csv").open("a") as file:
        file.write("2,fake,requested,0.0\n")
    assert load(path).milestones["trial"].tolist() == [1]


@pytest.mark.parametrize("table", store.TABLES)
def test_what_was_being_written_when_the_lab_was_killed_costs_that_trial_only(
    tmp_path: Path, table: str
) -> None:
    """Whichever table, at whichever byte: the trials before are whole, and the run goes on."""
    error = 'two\nlines, "quoted"'
    whole = broken_off(tmp_path / "whole", records(1), records(2, error=error))
    kept = (broken_off(tmp_path / "kept", records(1)) / f"{table}.csv").stat().st_size
    content = (whole / f"{table}.csv").read_bytes()
    for cut in range(kept, len(content)):
        folder = tmp_path / str(cut)
        path = broken_off(folder, records(1))
        for earlier in list(store.TABLES)[: list(store.TABLES).index(table)]:
            (path / f"{earlier}.csv").write_bytes((whole / f"{earlier}.csv").read_bytes())
        (path / f"{table}.csv").write_bytes(content[:cut])
        assert load(path).trials["trial"].tolist() == [1], cut
        with closing(RunWriter.reopen(path)) as writer:
            writer.append(records(2, error=error))
        assert load(path).trials["error"].tolist() == [None, error], cut


def test_only_one_lab_writes_into_a_folder(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as first:
        with pytest.raises(StoreError, match="another lab is writing"):
            RunWriter.reopen(first.path)
        first.append(records(1))
    with closing(RunWriter.reopen(first.path)) as second:
        second.append(records(2))
    assert load(first.path).trials["trial"].tolist() == [1, 2]


def test_a_run_that_another_lab_has_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, records())
    with pytest.raises(StoreError, match="is complete"):
        RunWriter.reopen(path)
    with pytest.raises(StoreError, match="is complete"):  # and not: another lab is writing
        RunWriter.reopen(path)


def test_an_unknown_run_says_where_it_looked() -> None:
    with pytest.raises(StoreError, match="there is no run 'nope'") as caught:
        load("nope")
    assert "data/runs/nope" in caught.value.details


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path) -> None:
    """The real thing for this process: a limit on file sizes makes write(2) fail half-way."""
    writer = begun(tmp_path, records(1))
    sizes = {file.name: file.stat().st_size for file in writer.path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sizes["trials.csv"] + 10, hard))
        with pytest.raises(StoreError, match="could not be written"):
            writer.append(records(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert {file.name: file.stat().st_size for file in writer.path.iterdir()} == sizes
    assert load(writer.path).trials["trial"].tolist() == [1]
    writer.append(records(2))
    assert load(writer.path).trials["trial"].tolist() == [1, 2]
    writer.close()


def test_a_disk_without_room_at_the_start_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(run_writer, "_write_synced", full)
    with pytest.raises(StoreError, match="could not be written") as caught:
        RunWriter.begin(tmp_path / "run", manifest())
    assert "No space left" in caught.value.details
    assert not (tmp_path / "run").exists(), "the same folder can be named again"

from __future__ import annotations

import errno
import os
import resource
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labkit.errors import StoreError
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import TABLES
from labkit.recordings import reader
from labkit.recordings.journal import JOURNAL
from labkit.recordings.writer import Writer
from labkit.system import owned_files
from tests.unit.recordings.written import begun, broken_off, load, manifest, records, written


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = load(written(tmp_path, records(1), records(2)))
    assert run.manifest == manifest().model_copy(update={"host": run.manifest.host})
    assert list(run.trials["trial"]) == [1, 2]
    assert run.trials["startup_s"].tolist() == [0.5, 0.5]
    assert run.samples["pss_bytes"].isna().all()
    assert run.results["ops"].tolist() == [1.5, 1.5]
    assert run.requests.empty and "p99_s" in run.requests
    assert run.manifest.recording_id == "0123"  # an id must not turn into a number
    assert run.ending is not None and run.ending.batches == 2


def test_an_empty_run_loads(tmp_path: Path) -> None:
    assert load(written(tmp_path)).trials.empty


def test_a_table_that_is_not_there_is_no_attribute(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        _ = load(written(tmp_path)).nonsense


@given(st.text(min_size=1))
@example("\r")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_any_error_text_survives(tmp_path: Path, text: str) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    run = load(written(folder, records(error=text)))
    assert run.trials["error"].tolist() == [text.replace("\r\n", "\n").replace("\r", "\n")]


def test_a_recording_is_never_written_over_anything(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(StoreError):
        written(tmp_path)
    (tmp_path / "else" / "run").mkdir(parents=True)
    (tmp_path / "else" / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError):
        written(tmp_path / "else")
    assert [path.name for path in (tmp_path / "else" / "run").iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert load(written(tmp_path, records())).trials["trial"].tolist() == [1]


def test_what_is_beyond_the_journal_is_no_part_of_it(tmp_path: Path) -> None:
    path = broken_off(tmp_path, records(1))
    with (path / "milestones.csv").open("a") as file:
        file.write("2,fake,requested,0.0\n")
    assert load(path).milestones["trial"].tolist() == [1]


@pytest.mark.parametrize("file", [*(f"{name}.csv" for name in TABLES), JOURNAL])
def test_what_was_being_written_when_the_lab_was_killed_costs_that_trial_only(
    tmp_path: Path, file: str
) -> None:
    """Whichever file, at whichever byte: the trials before are whole. The run goes on, at each
    eighth byte and at both ends: what it goes on from is the same at all of them."""
    error = 'two\nlines, "quoted"'
    whole = broken_off(tmp_path / "whole", records(1), records(2, error=error))
    one = broken_off(tmp_path / "one", records(1))
    if not (whole / file).exists():
        return  # no trial of this test has such rows
    content = (whole / file).read_bytes()
    first, last = (one / file).stat().st_size, len(content) - 1
    for cut in range(first, last + 1):
        path = broken_off(tmp_path / str(cut), records(1))
        for table in TABLES:
            if file == JOURNAL and (whole / f"{table}.csv").exists():
                (path / f"{table}.csv").write_bytes((whole / f"{table}.csv").read_bytes())
        (path / file).write_bytes(content[:cut])
        assert load(path).trials["trial"].tolist() == [1], cut
        if (cut - first) % 8 and cut != last:
            continue
        with closing(Writer.reopen(path, EXPERIMENT)) as writer:
            writer.append(records(2, error=error).rows(), {})
        assert load(path).trials["error"].tolist() == [None, error], cut


def test_only_one_lab_writes_into_a_folder(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as first:
        with pytest.raises(StoreError, match="another lab is writing"):
            Writer.reopen(first.path, EXPERIMENT)
        first.append(records(1).rows(), {})
    with closing(Writer.reopen(first.path, EXPERIMENT)) as second:
        second.append(records(2).rows(), {})
    assert load(first.path).trials["trial"].tolist() == [1, 2]


def test_of_two_labs_that_begin_at_the_same_instant_one_has_the_folder(tmp_path: Path) -> None:
    """Each begins when both have seen that the folder is free."""
    for number in range(20):
        gate, got = threading.Barrier(2), list[Writer | StoreError]()
        folder = tmp_path / f"run-{number}"

        def begin(name: str, gate: threading.Barrier = gate, folder: Path = folder) -> None:
            gate.wait(10)
            try:
                got.append(Writer.begin(folder, EXPERIMENT, manifest(name)))  # noqa: B023
            except StoreError as refused:
                got.append(refused)  # noqa: B023

        labs = [threading.Thread(target=begin, args=(name,)) for name in ("one", "two")]
        for lab in labs:
            lab.start()
        for lab in labs:
            lab.join(20)
        (writer,) = (one for one in got if isinstance(one, Writer))
        writer.append(records().rows(), {})
        writer.close()
        assert len(load(folder).trials) == 1


def test_a_name_is_on_the_disk_before_it_is_counted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each new file, the folder is synchronized after it is there."""
    synced: list[set[str]] = []
    monkeypatch.setattr(
        owned_files, "sync", lambda folder: synced.append({path.name for path in folder.iterdir()})
    )
    path = written(tmp_path, records())
    there = {path.name for path in path.iterdir()}
    assert there <= set().union(*synced) and {"run"} in synced


def test_a_run_that_another_lab_has_ended_is_not_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, records())
    for _ in range(2):
        with pytest.raises(StoreError, match="is complete"):  # and not: another lab is writing
            Writer.reopen(path, EXPERIMENT)


def test_an_unknown_recording_says_where_it_looked() -> None:
    with pytest.raises(StoreError) as caught:
        reader.find("nope")
    assert "data/runs/nope" in caught.value.details


def test_what_was_left_out_is_kept(tmp_path: Path) -> None:
    with closing(begun(tmp_path)) as writer:
        writer.append(records(1).rows(), {"qemu": "it is not there"})
        assert load(writer.path).left_out == {"qemu": "it is not there"}
        writer.finish("plan", {"qemu": "it is not there", "docker": "nor this"})
    assert set(load(writer.path).left_out) == {"qemu", "docker"}


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path) -> None:
    """The real thing for this process: a limit on file sizes makes write(2) fail half-way."""
    writer = begun(tmp_path, records(1))
    sizes = {file.name: file.stat().st_size for file in writer.path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (sizes["trials.csv"] + 10, hard))
        with pytest.raises(StoreError):
            writer.append(records(2).rows(), {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert {file.name: file.stat().st_size for file in writer.path.iterdir()} == sizes
    assert load(writer.path).trials["trial"].tolist() == [1]
    writer.append(records(2).rows(), {})
    assert load(writer.path).trials["trial"].tolist() == [1, 2]
    writer.close()


def test_a_disk_without_room_at_the_start_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(owned_files, "write_whole", full)
    with pytest.raises(StoreError) as caught:
        Writer.begin(tmp_path / "run", EXPERIMENT, manifest())
    assert "No space left" in caught.value.details
    assert not (tmp_path / "run").exists()
    monkeypatch.undo()
    Writer.begin(tmp_path / "run", EXPERIMENT, manifest()).close()  # it can be named again


def test_what_a_recording_that_did_not_begin_has_written_is_taken_back_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        (path.parent / "notes.txt").write_text("somebody else's, a moment ago")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(owned_files, "write_whole", full)
    with pytest.raises(StoreError):
        Writer.begin(tmp_path / "run", EXPERIMENT, manifest())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]

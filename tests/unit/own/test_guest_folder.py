"""A folder of the user's with workloads and programs of their own: LABKIT_GUEST."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.errors import UsageError
from labkit.guest import workload
from labkit.image.rootfs import lab_entries, read_guest

HEAD = "# title: mine\n# unit: turns\n# ops-per-unit: 1\nstep() { :; }\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LABKIT_GUEST", str(tmp_path))
    for name in ("workloads", "bin"):
        (tmp_path / name).mkdir()
    workload.all_workloads.cache_clear()
    yield tmp_path
    workload.all_workloads.cache_clear()


def test_workloads_and_programs_get_into_the_image(own: Path) -> None:
    (own / "workloads" / "mine.sh").write_text(HEAD)
    (own / "bin" / "mine").write_bytes(b"\x7fELF\r\n")  # no text: its bytes stay
    assert workload.parse_task("mine").workload.unit == "turns"
    assert list(workload.digests(["mine"])) == ["mine"]
    files = read_guest()
    assert files["lab/workloads/mine.sh"] == HEAD.encode() and "lab/workloads/cpu.sh" in files
    entries = {entry.path: entry for entry in lab_entries(b"busybox", files)}
    assert entries["bin/mine"].data == b"\x7fELF\r\n" and entries["bin/mine"].mode & 0o111


def test_what_is_the_labs_own_is_not_replaced(own: Path) -> None:
    (own / "workloads" / "cpu.sh").write_text(HEAD)
    with pytest.raises(UsageError, match="workload cpu already"):
        workload.all_workloads()
    (own / "bin" / "busybox").write_bytes(b"")
    with pytest.raises(UsageError, match="the lab's own"):
        read_guest()


def test_a_folder_that_is_none(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_GUEST", str(own / "absent"))
    with pytest.raises(UsageError, match="no folder"):
        read_guest()
    with pytest.raises(UsageError, match="no folder"):
        workload.all_workloads()


def test_without_one_the_lab_image_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABKIT_GUEST", raising=False)
    assert [path for path in read_guest() if path.startswith("bin/")] == []

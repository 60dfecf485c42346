"""Drafts that nobody foresees, modes that no umask decides, and trees that end at a mount."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.errors import LabError, NoRoom
from labkit.system import owned_files, refusals
from labkit.system.owner_marks import owner, scratch_folder
from labkit.system.ownership import Judge, Kept
from tests.unit.marks import ELSEWHERE, GONE


@pytest.fixture(params=[0o077, 0o000, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folders_are_for_nobody_else_to_write(tmp_path: Path, umask: int) -> None:
    made = owned_files.make_folder(tmp_path / "a/b")
    assert made == [tmp_path / "a", tmp_path / "a/b"]
    assert {mode(path) for path in made} == {0o755 & ~umask}
    owned_files.make_folder(tmp_path / "c", 0o700)
    assert mode(tmp_path / "c") == 0o700
    assert owned_files.make_folder(tmp_path / "a/b") == []


def test_what_settles_is_for_nobody_else_to_write_and_keeps_its_other_modes(
    tmp_path: Path, umask: int
) -> None:
    with owned_files.unfinished_folder(tmp_path) as own:
        assert mode(own) == 0o700
        (own / "image/below").mkdir(parents=True)
        (own / "image/file").touch()
        (own / "image/below").chmod(0o1777)
        (own / "image/link").symlink_to("file")
        owned_files.settle(own / "image", tmp_path / "image")
    assert names(tmp_path) == ["image"]
    assert mode(tmp_path / "image") == 0o755 & ~umask
    assert mode(tmp_path / "image/file") == 0o644 & ~umask
    assert mode(tmp_path / "image/below") == 0o1777


def test_a_file_is_written_whole_with_the_mode_that_the_umask_leaves(
    tmp_path: Path, umask: int
) -> None:
    owned_files.write_whole(tmp_path / "report", "text")
    owned_files.write_whole(tmp_path / "note", b"\xff", 0o600)
    assert mode(tmp_path / "report") == 0o666 & ~umask
    assert mode(tmp_path / "note") == 0o600
    assert names(tmp_path) == ["note", "report"]


def test_a_link_in_a_files_place_is_replaced_and_its_target_is_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "report").symlink_to("precious")
    owned_files.write_whole(tmp_path / "report", "text")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "report").read_text() == "text"


def test_what_fails_in_a_full_temporary_folder_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(LabError, match="other"), scratch_folder():
        raise LabError("other")
    monkeypatch.setattr(refusals, "is_full", lambda place: True)
    with pytest.raises(NoRoom) as caught, scratch_folder(), scratch_folder():
        raise LabError("runc did not create the container", resolution="never")
    assert caught.value.details == "runc did not create the container"
    assert caught.value.resolution == refusals.TEMPORARY


def test_a_pipe_or_a_device_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    """As root, `--out /dev/null` would otherwise take that file from the whole computer."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        owned_files.write_whole(pipe, "text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_name_that_somebody_has_taken_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it were foreseen."""
    monkeypatch.setattr("secrets.token_hex", lambda size: "foreseen")
    (tmp_path / "precious").write_text("mine")
    (tmp_path / f".unfinished-{owner()}-foreseen").symlink_to(tmp_path / "precious")
    with pytest.raises(FileExistsError):
        owned_files.write_whole(tmp_path / "report", "text")
    with pytest.raises(FileExistsError), owned_files.unfinished_folder(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


KILLED = """
import os, signal, sys
from pathlib import Path
from labkit.system import owned_files
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
owned_files.write_whole(Path(sys.argv[1]) / "report", "text")
"""


def test_the_draft_of_a_killed_lab_is_swept_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (draft,) = names(tmp_path)
    for name in (".unfinished-business", f".unfinished-{owner()}-x", "report.part"):
        (tmp_path / name).touch()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").touch()
    (tmp_path / f".unfinished-{GONE}-link").symlink_to("precious")
    (tmp_path / f".unfinished-{GONE}-folder").mkdir()
    unknown = tmp_path / f".unfinished-{ELSEWHERE}-x"
    unknown.touch()
    before, kept = set(names(tmp_path)), list[Kept]()
    removed = owned_files.sweep(tmp_path, Judge(keep=kept.append))
    gone = {draft, f".unfinished-{GONE}-folder"}
    assert before - set(names(tmp_path)) == gone
    assert {name.rpartition("/")[2] for name in removed} == gone
    assert [one.by_hand for one in kept] == [f"rm -r {unknown}"]
    assert (tmp_path / "precious/file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of other users")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_another_user_owns_stays_and_is_told(tmp_path: Path, kind: str) -> None:
    left = tmp_path / f".unfinished-{GONE}-x"
    left.touch() if kind == "file" else left.mkdir()
    os.chown(left, 65534, 65534)
    kept: list[Kept] = []
    assert owned_files.sweep(tmp_path, Judge(keep=kept.append)) == []
    assert left.exists() and [one.by_hand for one in kept] == [f"rm -r {left}"]


@pytest.mark.namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.parametrize(
    ("removal", "told"),
    [
        ('remove_tree(Path("tree"))', True),
        ('try_remove_tree(Path("tree"))', False),
        (f'remove_left(Path("tree"), "{GONE}", Judge(keep=print))', True),
    ],
    ids=["remove", "try", "left"],
)
def test_a_tree_with_something_mounted_in_it_stays(
    tmp_path: Path, removal: str, told: bool
) -> None:
    """In a mount namespace of its own, where what is mounted goes with it."""
    (tmp_path / "tree/in").mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("mine")
    script = f"""
from pathlib import Path
from labkit.system import owned_files
from labkit.errors import LabError
from labkit.system.ownership import Judge
try:
    owned_files.{removal}
except LabError as error:
    print(error.details, error.resolution)
"""
    enter = 'mount --bind precious tree/in && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", enter, "sh", sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (f"umount {tmp_path}/tree/in" in done.stdout) == told
    assert (tmp_path / "precious/file").read_text() == "mine"
    assert (tmp_path / "tree/in").is_dir()
    owned_files.remove_tree(tmp_path / "tree")
    assert names(tmp_path) == ["precious"]


def test_a_tree_that_a_process_uses_stays(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path / "tree") as user:
        try:
            with pytest.raises(LabError) as caught:
                owned_files.remove_tree(tmp_path / "tree")
        finally:
            user.kill()
    assert str(user.pid) in caught.value.details
    owned_files.remove_tree(tmp_path / "tree")
    assert names(tmp_path) == []


def test_what_cannot_be_written_is_called_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as told:
        owned_files.write_whole(tmp_path / "none" / "report", "text")
    assert told.value.filename == str(tmp_path / "none" / "report")

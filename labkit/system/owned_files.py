"""How the lab makes, replaces and removes files of its own, wherever that is.

What is not finished yet is called .unfinished-OWNER-…: a name that nobody can foresee and that
says whose it is, made exclusively, never through a link. What stays is nobody else's to write,
whatever the umask. Nothing is removed beyond a link or a mount point. What removes a file removes
it through here, or through labkit/image/known_files.py (a test holds that).
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from labkit.errors import LabError
from labkit.system.owner_marks import mark_in, owner
from labkit.system.ownership import Judge
from labkit.system.paths import typed

_UNFINISHED = ".unfinished-"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def make_folder(folder: Path, mode: int = 0o755) -> list[Path]:
    """Makes a folder and those above it that are missing; returns the new ones. Unlike
    Path.mkdir, none of them is for all the world to write, not even where the umask is 000."""
    made = []
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            with suppress(FileExistsError):  # another lab was faster
                path.mkdir(mode=mode)
                made.append(path)
    return made


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """A private folder inside `folder`, so that a rename out of it is atomic; gone afterwards."""
    own = _unforeseen(folder)
    own.mkdir(mode=0o700)
    try:
        yield own
    finally:
        try_remove_tree(own)


def settle(draft: Path, target: Path) -> None:
    """Puts what was made in an unfinished folder where it stays, by one rename, in the place of a
    file that was there. A folder's files may be read as the umask allows, but not written."""
    inside = draft.iterdir() if draft.is_dir() else ()
    for path in (draft, *inside):
        mode = path.lstat().st_mode
        if (stat.S_ISREG(mode) or path == draft) and mode & _OTHERS_WRITE:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS_WRITE)
    draft.replace(target)


def write_whole(path: Path, text: str | bytes, mode: int = 0o666) -> None:
    """Writes a file that is the old one or the new one, at every moment, and on the disk when
    this returns. The umask takes its part of the mode, as always."""
    content = text.encode() if isinstance(text, str) else text
    if _is_stream(path):
        # Without waiting for a pipe's reader, who may never come: then this is an OSError.
        stream = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(stream, True)
        with os.fdopen(stream, "wb") as file:
            file.write(content)
        return
    draft = _unforeseen(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(draft, flags, mode)
    except OSError as error:  # who has named this file knows of no other
        raise type(error)(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        discard(draft)
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, too: a file's own fsync(2) does not see to
    that. Where the file system knows no such thing, its own order must do."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_stream(path: Path) -> bool:
    """A device or a pipe, such as /dev/stdout: it is written to, and no file takes its place."""
    named = path.is_symlink() and path.absolute().is_relative_to("/dev")
    return path.exists() and not path.is_dir() and (named or not path.is_file())


def supersede(target: Path, new: Path) -> None:
    """Puts a folder, made in an unfinished one, where it stays. What the lab has there already goes
    with that unfinished folder."""
    former = new.with_name("superseded")
    try:
        if target.exists():
            target.rename(former)
        new.rename(target)
    except BaseException:  # between the two there is neither: the former one comes back
        if former.exists() and not target.exists():
            former.rename(target)
        raise


def sweep(folder: Path, judge: Judge | None = None) -> list[str]:
    """Removes what labs have left unfinished in a folder that were killed, and names it."""
    judge = judge or Judge()
    left = listed(folder, f"{_UNFINISHED}*")
    marked = [(path, mark_in(path.name, _UNFINISHED)) for path in left]
    return [name for path, mark in marked for name in remove_left(path, mark, judge)]


def listed(folder: Path, pattern: str) -> list[Path]:
    """What is in a folder; nothing where that may not be entered."""
    with suppress(OSError):
        return list(folder.glob(pattern))
    return []


def remove_left(path: Path, mark: str, judge: Judge) -> list[str]:
    """Removes what bears this mark, and names it, if the judge takes it, and it is no link and
    this user's; the judge tells what stays."""
    what = f"{'folder' if path.is_dir() else 'file'} {path}"
    by_hand = ["rm", "-r", path]
    if path.is_symlink() or not judge.takes(mark, what, by_hand):
        return []
    if is_mine(path) and try_remove_tree(path):
        return [what]
    if mounted := mounts_in(path):
        judge.keeps(what, "something is mounted in it", ["umount", *reversed(mounted)], by_hand)
    else:
        judge.keeps(what, "it, or something in it, belongs to another user", by_hand)
    return []


def discard(file: Path) -> None:
    """Removes a file, or a link itself, that this lab has made; one that is gone is fine."""
    with suppress(FileNotFoundError):
        file.unlink()


def discard_empty(folder: Path) -> None:
    """Removes a folder that this lab has made, if nothing is in it."""
    with suppress(OSError):
        folder.rmdir()


def is_mine(path: Path) -> bool:
    """Whether it is there, no link, and belongs to the user who runs the lab."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return not stat.S_ISLNK(status.st_mode) and status.st_uid == os.geteuid()


def remove_tree(folder: Path) -> None:
    """Removes a folder of the lab's own with all that is in it, and first its name: it is never
    found half removed. LabError, and nothing is gone, where something is mounted in it, which is
    another place, or where a program of it runs."""
    if mounted := mounts_in(folder):
        raise LabError(
            f"{folder} is not removed: something is mounted in it",
            details=", ".join(map(str, mounted)),
            resolution=f"umount {typed(mounted[-1])}",
        )
    if users := users_of(folder):
        raise LabError(
            f"{folder} is not removed: it is in use",
            details=f"by the processes {', '.join(map(str, users))}",
            resolution="wait for their end, or end them",
        )
    doomed = _unforeseen(folder.parent)
    folder.rename(doomed)
    shutil.rmtree(doomed)


def try_remove_tree(folder: Path) -> bool:
    """Removes what it can of a folder, or a file, of the lab's own that nobody uses. Returns
    whether it is gone."""
    with suppress(OSError):
        if not folder.is_dir():
            discard(folder)
        elif not mounts_in(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return not os.path.lexists(folder)


def mounts_in(folder: Path) -> list[Path]:
    """What is mounted upon this folder or below, as far as this process sees it."""
    place = folder.resolve()
    mounted = (Path(part.mountpoint) for part in psutil.disk_partitions(all=True))
    return sorted(path for path in mounted if path.is_relative_to(place))


def users_of(folder: Path) -> list[int]:
    """The processes whose program or working folder lies in this folder."""
    place = folder.resolve()
    return [
        process.pid
        for process in psutil.process_iter(["exe", "cwd"])
        if any(Path(process.info[used] or "").is_relative_to(place) for used in ("exe", "cwd"))
    ]


def _unforeseen(folder: Path) -> Path:
    return folder / f"{_UNFINISHED}{owner()}-{secrets.token_hex(6)}"

"""Python's byte code, which Debian's packages leave to a script of theirs: without it each start of
a Python program would compile what it imports, and as root write it into the image in the cache.

The image's own Python makes it, as a process of this computer. It is taken for good whenever its
source was written (PEP 552, "unchecked"): each packaging has dates of its own.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.architecture import Architecture, of_this_computer
from labkit.image.host_programs import program_argv
from labkit.image.rootfs import Entry, folder, text
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import last_lines, run

PYTHON = "python3-minimal"
FOLDERS = ("usr/lib/python3", "usr/lib/python3.*")
TIMEOUT_S = 600.0


def compiles(architecture: Architecture) -> bool:
    """Whether this computer runs such an image's Python."""
    return sys.platform == "linux" and of_this_computer() == architecture


def bytecode_entries(rootfs: Path) -> list[Entry]:
    """Compiles all modules below `rootfs`, in place; what is new there."""
    with scratch_folder() as folder:
        plain = folder / "root"  # a loader takes no path with a colon
        plain.symlink_to(rootfs.absolute())
        said = _compiled(plain)
    folders = [path for name in FOLDERS for path in rootfs.glob(name)]
    found = [path for top in folders for path in top.rglob("__pycache__/*.pyc")]
    if not found:
        raise ImageError(
            "the image's Python did not compile its modules",
            details=said,
            resolution="build anew: labkit image build --refresh --packages …",
        )
    return [_entry(path, rootfs) for path in sorted({*found, *(path.parent for path in found)})]


def _compiled(rootfs: Path) -> str:
    """The last lines of what the compiler says; a module of another Python's may fail."""
    folders = [str(path) for name in FOLDERS for path in sorted(rootfs.glob(name))]
    words = ["-B", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    argv = [*program_argv(rootfs, "python3"), *words, "-s", str(rootfs), "-p", "/", *folders]
    # A hash seed: the same sources make the same bits.
    env = ["env", "-i", "PYTHONHASHSEED=0", "LC_ALL=C.UTF-8"]
    done = run([*env, *argv], timeout=TIMEOUT_S, check=False, bare=True)
    return last_lines(done.stderr or done.stdout)


def _entry(path: Path, rootfs: Path) -> Entry:
    """As the rest of the root is, whatever this user's umask is."""
    place = path.relative_to(rootfs).as_posix()
    entry = folder(place) if path.is_dir() else text(place, path.read_bytes())
    path.chmod(stat.S_IMODE(entry.mode))
    return entry

"""Backend `nspawn`: a container by systemd-nspawn(1), without asking systemd itself for anything.

`--register=no --keep-unit`: it runs where no systemd does, too, and then sets no limits: it is
started inside a control group of the lab's, which has them. The boundary is that of the other
containers: no network, a read-only root, no capabilities, no new privileges; with nspawn's own
filter of system calls. A small program of nspawn's is process 1 inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.backends.base import Missing
from labkit.backends.containers import AttachedBackend
from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.oci import AGENT
from labkit.backends.piped import first_line
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system import owned_files
from labkit.system.owner_marks import OWNER_VARIABLE, TEMP_PREFIX, mark_in, owner
from labkit.system.ownership import Judge

# Joins the control groups whose files come before the --, then becomes what comes after it.
JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"'
# It refuses a root without /usr (path_is_os_tree), so it gets one of empty folders, into which the
# lab image's are mounted.
EMPTY = ("bin", "lab", "usr", "etc", "dev", "proc", "sys", "run", "tmp", "root", "var", "scratch")
BOUNDARY = (
    *("--quiet", "--register=no", "--keep-unit", "--as-pid2", "--pipe", "--hostname=lab"),
    *("--private-network", "--read-only", "--drop-capability=all", "--no-new-privileges=yes"),
    *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
)
# What it keeps of each container for its other commands.
PROPAGATE = Path("/run/systemd/nspawn/propagate")


class NspawnBackend(AttachedBackend):
    name = "nspawn"
    program = "systemd-nspawn"

    def missing(self) -> Missing | None:
        return super().missing() or oci_groups.refused()

    def version(self) -> str:
        return first_line(["systemd-nspawn", "--version"])

    @contextmanager
    def prepared(
        self, image: LabImage, limits: Limits, folder: Path, name: str
    ) -> Iterator[list[str]]:
        parts = list(_laid_out(image.rootfs, folder / "root"))
        (folder / "scratch").mkdir()
        rootfs, scratch = escaped(image.rootfs), escaped(folder / "scratch")
        with oci_groups.own_group(name, limits) as joined:
            yield [
                *("sh", "-c", JOIN, "sh", *map(str, joined), "--"),
                *("systemd-nspawn", *BOUNDARY, f"--machine={name}", f"--directory={folder}/root"),
                *(f"--bind-ro={rootfs}/{part}:/{part}" for part in parts),
                *(f"--bind={scratch}:/scratch", f"--setenv={OWNER_VARIABLE}={owner()}"),
                *AGENT,
            ]

    def removed(self, name: str) -> None:
        owned_files.discard_empty(PROPAGATE / name)  # it has done so itself, as a rule
        super().removed(name)

    def sweep(self, judge: Judge) -> list[str]:
        for left in PROPAGATE.glob(f"{TEMP_PREFIX}*-*-*"):
            if judge.takes(mark_in(left.name), f"folder {left}", ["rmdir", left]):
                owned_files.discard_empty(left)
        return super().sweep(judge)


def _laid_out(rootfs: Path, root: Path) -> Iterator[str]:
    """Makes the folders and links of a root; names what is to be mounted: what holds anything."""
    for name in EMPTY:
        if not (rootfs / name).is_symlink():
            (root / name).mkdir(parents=True)
    for path in sorted(rootfs.iterdir()):
        if path.is_symlink():
            (root / path.name).symlink_to(path.readlink())
        elif path.is_dir() and any(path.iterdir()):
            (root / path.name).mkdir(exist_ok=True)
            yield path.name


def escaped(path: Path) -> str:
    """A path as a part of a value that a colon divides: systemd-nspawn(1), --bind."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")

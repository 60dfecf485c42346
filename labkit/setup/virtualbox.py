"""Sets up the backend `virtualbox`: an installed VirtualBox, a package of it, or a private root.

Debian's stable releases have no VirtualBox, its unstable one (sid, component contrib) has. There
its packages are unpacked, by mmdebstrap(1), into a folder of the lab's own and run by chroot; not
a file of the system itself is changed, and removing that folder removes it all.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.installation import DISPLAY, MANAGE, private_root
from labkit.errors import LabError
from labkit.image import apt_sources, known_files
from labkit.image.architecture import AMD64, of_this_computer
from labkit.image.room import unfinished
from labkit.image.suites import RELEASE
from labkit.setup import apt
from labkit.system import owned_files
from labkit.system.process import as_root, find_tool, run

PACKAGES = ("virtualbox", "virtualbox-qt")
DISPLAY_PACKAGE = "xvfb"
# What maintainer scripts would else bring: a shell (for the display's keyboard), a locale.
BASE = ("base-files", "dash", "libc-bin")
SUITE, COMPONENTS = "sid", "main,contrib"
NEEDED_BYTES = 2_500_000_000  # while it is built: archives and what is unpacked from them
BUILD_TIMEOUT_S = 900.0
TARGET = "/mnt"
_ENTER = f'mount --bind "$1" {TARGET}; shift; exec "$@"'

# What no machine of ours loads, half of all bytes: texts, languages, 3D graphics, interpreters.
UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/perl*",
    "usr/share/virtualbox/nls",
    "usr/src",
    "usr/lib/python3*",
    "usr/lib/virtualbox/sdk",
    "usr/lib/x86_64-linux-gnu/perl*",
    "usr/lib/x86_64-linux-gnu/libperl*",
    "usr/lib/x86_64-linux-gnu/libLLVM*",
    "usr/lib/x86_64-linux-gnu/libgallium*",
    "usr/lib/x86_64-linux-gnu/libz3*",
    "var/cache/apt",
    "var/lib/apt/lists",
)


def set_up_virtualbox(say: Callable[[str], None]) -> None:
    """Makes VirtualBox available as far as it is missing. Raises LabError with what to do."""
    owned_files.sweep(private_root().parent)
    if VirtualBoxBackend().missing() is None:
        return
    if find_tool(MANAGE):
        apt.install((DISPLAY_PACKAGE,) if not find_tool(DISPLAY) else PACKAGES, say)
    elif has_candidate():
        apt.install((*PACKAGES, DISPLAY_PACKAGE), say)
    else:
        _build_private_root(say)


def remove_virtualbox() -> str | None:
    """Removes the private root; its folder, or None when there is none. LabError while it is in
    use, and where something is mounted in it."""
    folder = private_root().parent
    there = private_root().exists()
    known_files.remove_known(folder.name)
    return str(folder) if there and not private_root().exists() else None


def has_candidate() -> bool:
    """Whether apt has a package of VirtualBox, by its policy's line `Candidate: VERSION`."""
    if find_tool("apt-cache") is None:
        return False
    policy = run(["apt-cache", "policy", PACKAGES[0]], check=False).stdout
    found = re.search(r"^\s*Candidate: (\S+)$", policy, re.MULTILINE)
    return found is not None and found[1] != "(none)"


def _build_private_root(say: Callable[[str], None]) -> None:
    target = private_root()
    _check(target.parent)
    if find_tool("mmdebstrap") is None:
        apt.install(("mmdebstrap",), say)
    say(f"unpacking VirtualBox from Debian {SUITE} into {target} (a minute or so)")
    with unfinished(target.parent, NEEDED_BYTES) as temporary:
        root = temporary / "root"
        root.mkdir(mode=0o755)
        run(bootstrap_command(root), timeout=BUILD_TIMEOUT_S)
        prune(root)
        if target.exists() and remove_virtualbox() is None:  # it was damaged, or is not ours
            raise LabError(
                f"{target} is not the lab's own VirtualBox, or a damaged one",
                resolution="move that folder away, then: " + as_root("setup virtualbox"),
            )
        owned_files.settle(root, target)
    os.sync()  # what is still to be written would make whatever is measured next wait for the disk
    say(f"VirtualBox is there, for root only: {VirtualBoxBackend().version()}")


def _check(folder: Path) -> None:
    """LabError when the private root cannot be made here."""
    if find_tool("apt-get") is None or of_this_computer() != AMD64:
        raise LabError(
            "VirtualBox cannot be set up here by itself",
            details="that needs a Debian system on an x86-64 processor",
            resolution="install it from https://www.virtualbox.org/wiki/Downloads",
        )
    if os.geteuid() != 0:
        raise LabError(
            "VirtualBox must be set up, which needs root",
            resolution=as_root("setup virtualbox"),
        )
    known_files.make_cache_folder(folder)
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise LabError(
            f"there is no room for VirtualBox in {folder}",
            details=f"{NEEDED_BYTES / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            resolution="free some room there, or name another folder with LABKIT_CACHE=FOLDER",
        )


def bootstrap_command(root: Path) -> list[str]:
    """mmdebstrap, unpacking into an empty folder only: no maintainer script runs. In a mount
    namespace of its own, so that nothing stays mounted when it is killed; there the folder has a
    plain path, since apt takes no quotes in one. Its signatures are checked by apt."""
    mirrors = [*apt_sources.mirrors(RELEASE.name, RELEASE.archive), RELEASE.main_mirror]
    return [
        *("unshare", "--mount", "--propagation", "private"),
        *("sh", "-ec", _ENTER, "sh", str(root)),
        *("mmdebstrap", "--mode=root", "--variant=extract", f"--components={COMPONENTS}"),
        f"--architectures={AMD64.name}",
        f"--include={','.join((*PACKAGES, DISPLAY_PACKAGE, *BASE))}",
        # A mirror that stands still has an index whose date has passed; it is signed even so.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        *(SUITE, TARGET, mirrors[0]),
    ]


def prune(root: Path) -> None:
    """Removes what is not needed, and makes the folders that are mounted upon."""
    for pattern in UNNEEDED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                owned_files.remove_tree(path)
            else:
                owned_files.discard(path)
    for folder in ("proc", "sys", "dev", "tmp"):
        (root / folder).mkdir(exist_ok=True)

"""A distribution as one has it: Debian installed with systemd, one root for all boundaries.

The lab image is unpacked and never installed; this one is installed, by mmdebstrap(8): its
packages' maintainer scripts make users, start units, an initramfs. That needs root, for device
files and owners, as nspawn and a disk with the right owners do anyway. Without root mmdebstrap's
mode `unshare` could make the archive alone, where a user has ranges of ids (subuid(5)).

<cache>/distributions/KEY/, KEY: of what is asked for, below.
    root/       the root file system; containers of systemd-nspawn read it below an overlay
    root.tar    the same as an archive, for Docker; its SHA-256 is the digest of all of it
    root.ext4   the same as a disk, sparse, for machines, which write beside it
    boot.iso    Debian's kernel and its initramfs, from that root, behind a boot loader
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.errors import ImageError
from labkit.image import apt_sources, debs
from labkit.image.architecture import AMD64
from labkit.image.inputs import BootLoader, read_boot_loader
from labkit.image.iso import write_iso
from labkit.image.room import unfinished
from labkit.image.rootfs import EPOCH
from labkit.image.suites import RELEASE, SECURITY, Suite
from labkit.system import owned_files, plain_files
from labkit.system.clock import wait_until
from labkit.system.paths import cache_dir
from labkit.system.process import end, last_lines, run, spawn
from labkit.system.progress import bar

PROGRAMS = ("mmdebstrap", "mke2fs", "tar")
RECORD = "distribution.json"
# All packages of the priorities required and important, as debootstrap(8) takes them; and what a
# machine needs to boot and a person to log in.
VARIANT = "important"
PACKAGES = ("linux-image-cloud-amd64", "systemd-sysv", "dbus", "libpam-systemd")
HOSTNAME = "debian"
UUID = "5c9d1f1e-8a37-4f0c-9c2e-1ab1ab1ab1ab"
# loglevel: as of the lab's own guests, the kernel's first words and not its talk.
COMMAND_LINE = f"root=UUID={UUID} rw console=ttyS0 earlyprintk=ttyS0,115200 loglevel=6"
VERSION = 1  # raise it when the same packages make other bits
DISK_SIZE, NEEDED_BYTES = "2G", 2_500_000_000  # the disk is sparse
INSTALL_TIMEOUT_S, PACK_TIMEOUT_S = 1800.0, 600.0
PLACES = ("/srv", "/media", "/mnt")  # there is each of them on nearly every computer
_STEPS = 11  # lines that mmdebstrap says of itself, and the packagings
_ENTER = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
# One logs in as root, without a password: nothing leads to its login from outside the instance.
# The machine's id is made by its first start, as an image's is.
# What mmdebstrap takes over from this computer goes: the same packages make the same bits anywhere.
_HOOK = f"""passwd -d root; : >/etc/machine-id; rm -f /etc/hostname /etc/resolv.conf; \
: >/etc/resolv.conf; echo {HOSTNAME} >/etc/hostname; echo "127.0.1.1 {HOSTNAME}" >>/etc/hosts; \
echo "deb {RELEASE.main_mirror} {RELEASE.name} main" >/etc/apt/sources.list; \
echo "deb {SECURITY.main_mirror} {SECURITY.name} main" >>/etc/apt/sources.list"""


@dataclass(frozen=True)
class Distribution:
    """What was installed, packaged for each boundary. `digest` is of its bits."""

    folder: Path
    digest: str
    title: str
    kernel_version: str
    packages: dict[str, str]

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def archive(self) -> Path:
        return self.folder / "root.tar"

    @property
    def disk(self) -> Path:
        return self.folder / "root.ext4"

    @property
    def boot_medium(self) -> Path:
        return self.folder / "boot.iso"


def find() -> Distribution | None:
    """The one that was made, if it is there and whole."""
    folder = _folder() / _key()
    try:
        record = plain_files.read_json(folder / RECORD)
        if record["files"] != _sizes(folder) or not (folder / "root/sbin/init").is_symlink():
            return None
        words = ("digest", "title", "kernel_version", "packages")
        return Distribution(folder, **{word: record[word] for word in words})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def build(*, progress: bool = True) -> Distribution:
    """Makes it, or finds it; a minute or two, as root. Raises ImageError, CommandError."""
    owned_files.sweep(_folder())
    if (found := find()) is not None:
        return found
    loader = _boot_loader()
    with unfinished(_folder(), NEEDED_BYTES) as draft:
        _check_room(draft)
        made = draft / "it"
        made.mkdir(mode=0o755)
        with bar(total=_STEPS, desc="Debian with systemd: ", disable=not progress) as shown:
            _install(made / "root", draft / "log", shown)
            _package(made, loader)
            shown.update(shown.total - shown.n)
        target = _folder() / _key()
        with suppress(OSError):  # another lab was faster
            if target.exists() and find() is None:
                owned_files.settle(target, draft / "damaged")
            owned_files.settle(made, target)
    if (built := find()) is None:
        raise ImageError(
            f"what lies at {_folder() / _key()} is damaged, or in use",
            resolution="end what uses it, then: labkit clean --cache",
        )
    return built


def bootstrap_command(root: Path) -> list[str]:
    """mmdebstrap into an empty folder, in a mount namespace of its own, so that nothing stays
    mounted when it is killed; there it has a plain path. Signatures are checked by apt."""
    words, target = at_plain_path(root)
    return [
        *words,
        *("mmdebstrap", "--mode=root", "--format=directory", f"--variant={VARIANT}"),
        *(f"--architectures={AMD64.name}", f"--include={','.join(PACKAGES)}"),
        # A mirror that stands still has an index whose date has passed; it is signed even so.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",  # what is broken off is made anew
        f"--customize-hook=chroot \"$1\" sh -ec '{_HOOK}'",
        *(RELEASE.name, target, _source(RELEASE), _source(SECURITY)),
    ]


def at_plain_path(folder: Path) -> tuple[list[str], str]:
    """The words in front of a command for which a folder has a plain path, and that path."""
    place = _empty_folder()
    words = ["unshare", "--mount", "--propagation", "private"]
    return [*words, "sh", "-ec", _ENTER, "sh", str(folder), place], place


def _empty_folder() -> str:
    """Where a mount hides nothing: /etc/resolv.conf of WSL is a link to /mnt/wsl."""
    for place in PLACES:
        with suppress(OSError):
            if not any(Path(place).iterdir()):
                return place
    return PLACES[0]


def _source(suite: Suite) -> str:
    mirror = [*apt_sources.mirrors(suite.name, suite.archive), suite.main_mirror][0]
    return f"deb {mirror} {suite.name} main"


def _install(root: Path, log: Path, shown: Any) -> None:
    root.mkdir()
    root.chmod(0o755)  # whatever the umask: else apt's own user does not get in, and has no folders
    quiet = {"SOURCE_DATE_EPOCH": str(EPOCH), "DEBIAN_FRONTEND": "noninteractive"}
    with _ended(spawn(bootstrap_command(root), log=log, env=quiet)) as process:

        def ended() -> bool:
            said = log.read_text(encoding="utf-8", errors="replace")
            shown.update(max(0, min(said.count("\nI: "), _STEPS - 3) - shown.n))
            return process.poll() is not None

        wait_until(ended, timeout=INSTALL_TIMEOUT_S, interval=0.5)
    if process.returncode != 0:
        raise ImageError(
            "Debian could not be installed into a folder",
            details=last_lines(log.read_text(encoding="utf-8", errors="replace")),
            resolution="its last lines say why; a mirror that is away, or a full disk, is usual",
        )


@contextmanager
def _ended(process: Any) -> Iterator[Any]:
    try:
        yield process
    finally:
        end(process)


def _package(made: Path, loader: BootLoader) -> None:
    """The same root as an archive and as a disk; its kernel as a boot medium; the record."""
    root, archive, disk = made / "root", made / "root.tar", made / "root.ext4"
    write_archive(root, archive)
    run(
        ["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-d", str(root), str(disk), DISK_SIZE],
        timeout=PACK_TIMEOUT_S,
    )
    [kernel], [initramfs] = root.glob("boot/vmlinuz-*"), root.glob("boot/initrd.img-*")
    write_iso(
        made / "boot.iso",
        kernel=kernel,
        initramfs=initramfs,
        boot_loader=loader,
        command_line=COMMAND_LINE,
        unpack=False,
    )
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    record = {
        "digest": digest,
        "title": _title(root),
        "kernel_version": kernel.name.removeprefix("vmlinuz-"),
        "command_line": COMMAND_LINE,
        "packages": _packages(root),
        "files": _sizes(made),
    }
    (made / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")


def write_archive(root: Path, archive: Path) -> None:
    """The same files make the same bits, whenever they were made and last read."""
    words = ["--sort=name", "--numeric-owner", "--xattrs", "--clamp-mtime", f"--mtime=@{EPOCH}"]
    words.append("--pax-option=delete=atime,delete=ctime")
    run(["tar", "-C", str(root), *words, "-cf", str(archive), "."], timeout=PACK_TIMEOUT_S)


def _boot_loader() -> BootLoader:
    """That of the lab image's own boot medium."""
    folder = cache_dir() / "debs"
    pins = debs.load_pins(folder / debs.pins_name(AMD64))
    loader = pins and read_boot_loader(pins, folder, progress=False)
    if not loader:
        raise ImageError(
            "there is no boot loader for the distribution's boot medium",
            resolution="build the lab image, of which it is a part: labkit image build",
        )
    return loader


def _title(root: Path) -> str:
    """Such as Debian GNU/Linux 12 (bookworm) 12.11."""
    text = (root / "usr/lib/os-release").read_text(encoding="utf-8")
    name = re.search(r'^PRETTY_NAME="?([^"\n]*)', text, re.MULTILINE)
    point = (root / "etc/debian_version").read_text(encoding="utf-8").strip()
    return f"{name[1] if name else 'Debian'} {point}"


def _packages(root: Path) -> dict[str, str]:
    """Name → version of what is installed: dpkg(1)'s own list."""
    text = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    found = re.findall(r"^Package: (\S+)\n(?:.+\n)*?Version: (\S+)$", text, re.MULTILINE)
    return dict(sorted(found))


def _sizes(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_size for name in ("root.tar", "root.ext4", "boot.iso")}


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise ImageError(
            f"there is no room for a distribution in {_folder()}",
            details=f"{NEEDED_BYTES / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            resolution="free some room there, or name another folder with LABKIT_CACHE=FOLDER",
        )


def _key() -> str:
    """Of what is asked for; which packages these are is found out when it is made."""
    inputs = [VERSION, RELEASE.name, VARIANT, PACKAGES, _HOOK, COMMAND_LINE]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:12]


def _folder() -> Path:
    return cache_dir() / "distributions"

"""The disks of a computer: its system and the lab's environment are kept, the project is copied
anew for each start.

They are kept in a folder of the tests' own, which `labkit clean` does not know: a root file system
takes minutes to make. Removing that folder is always safe.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import platformdirs

from labkit import image
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.installation import private_root
from labkit.guest.workload import all_workloads
from labkit.image import apt_sources
from labkit.image.room import unfinished
from labkit.system import owned_files
from labkit.system.paths import cache_dir, project_dir
from labkit.system.process import run
from tests.computers.computers import Computer

VERSION = 1  # raise it when the same inputs make other disks
MIRROR = "http://deb.debian.org/debian"
BUILD_TIMEOUT_S = 900.0
UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "var/cache/apt",
    "var/lib/apt/lists",
)
# Nothing but the test shall be at work in it.
TIMERS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    "fstrim.timer",
)
MASKED = (*TIMERS, "systemd-timesyncd.service", "getty@.service", "serial-getty@.service")
# Workloads with programs that a test of tests/integration has in one run.
RUN_TOGETHER = (
    ("fio", "python"),
    ("fio", "nginx", "redis"),
    ("sysbench", "redis", "nginx", "iperf3"),
)
# What the machine starts with, and where the system has it.
BOOT = {
    "qemu": {"vmlinuz": "boot/vmlinuz-*", "initrd.img": "boot/initrd.img-*"},
    "uml": {"linux": "usr/bin/linux.uml"},
}
XEN = {"xen": "boot/xen-4.17-amd64"}
ENVIRONMENT = "/opt/environment"  # where the disks are mounted
PROJECT = "/opt/lab"


def kept_folder() -> Path:
    return Path(platformdirs.user_cache_dir("labkit-tests")) / "computers"


def system(computer: Computer) -> Path:
    """A folder with disk.img and the files of BOOT."""
    inputs = [computer.suite, computer.packages, computer.then, computer.disk_gib]
    return kept(f"system-{computer.name}", inputs, lambda at: _make_system(computer, at))


def environment(computer: Computer) -> Path:
    """A folder with disk.img: what uv.lock names, for the computer's Python."""
    lock = (project_dir() / "uv.lock").read_text()
    inputs = {"python": computer.python, "lock": lock}
    return kept(
        f"environment-{computer.python}", inputs, lambda at: _make_environment(computer, at)
    )


def virtualbox(computer: Computer) -> Path:
    """A folder with disk.img: VirtualBox as `labkit setup virtualbox` has unpacked it here."""
    inputs = [computer.suite, private_root().name, VirtualBoxBackend().version()]
    return kept("virtualbox", inputs, _make_virtualbox)


def _make_virtualbox(folder: Path) -> None:
    (folder / "disk").mkdir()
    run(["cp", "-a", str(private_root()), str(folder / "disk")])  # it has device files
    _disk(folder / "disk", folder / "disk.img", "1G")


def project(computer: Computer, folder: Path) -> Path:
    """A disk with this checkout's files, as they are now, the built lab image, and the packages
    that the images with programs are made of."""
    root = folder / "project"
    names = run(["git", "-C", str(project_dir()), "ls-files", "-z", "-co", "--exclude-standard"])
    for name in filter(None, names.stdout.split("\0")):
        if (source := project_dir() / name).exists():
            (root / "lab" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / "lab" / name)
    built = image.build(progress=False)
    for packages in program_sets() if computer.programs else ():
        image.build(packages=packages, progress=False)
    for each in (cache_dir() / "debs", built.folder):
        shutil.copytree(each, root / "cache" / each.relative_to(cache_dir()), symlinks=True)
    return _disk(root, folder / "project.img", "2G")


def program_sets() -> set[tuple[str, ...]]:
    """The packages of each workload alone, and of those that the tests run together."""
    workloads = all_workloads()
    choices = [*((name,) for name in workloads), *RUN_TOGETHER]
    sets = (chain.from_iterable(workloads[name].packages for name in names) for names in choices)
    return {packages for one in sets if (packages := tuple(sorted(set(one))))}


def kept(name: str, inputs: object, make: Callable[[Path], None]) -> Path:
    """The folder that was made of these inputs."""
    key = json.dumps([inputs, VERSION, UNNEEDED, MASKED], sort_keys=True)
    digest = hashlib.sha256(key.encode()).hexdigest()
    target = kept_folder() / f"{name}-{digest[:12]}"
    if not target.exists():
        owned_files.make_folder(kept_folder())
        owned_files.sweep(kept_folder())
        for former in kept_folder().glob(f"{name}-{'?' * 12}"):
            owned_files.remove_tree(former)
        with unfinished(kept_folder()) as draft:
            (draft / "it").mkdir()
            make(draft / "it")
            owned_files.settle(draft / "it", target)
    return target


def _make_system(computer: Computer, folder: Path) -> None:
    root = folder.with_name("root")
    install(root, computer.suite, computer.packages, computer.then)
    mask(root, MASKED)
    (root / "etc/hostname").write_text(f"{computer.name}\n")
    for name, place in (BOOT[computer.machine] | (XEN if computer.xen else {})).items():
        [boot] = root.glob(place)
        shutil.copy(boot, folder / name)
    _disk(root, folder / "disk.img", f"{computer.disk_gib}G")


def install(root: Path, suite: str, packages: Sequence[str], then: str = "") -> None:
    """Packages into a new folder by mmdebstrap, as root, in a mount namespace of its own: nothing
    stays mounted. `then` is a shell's script that is run in it."""
    root.mkdir(mode=0o755)
    mirrors = [*apt_sources.mirrors("bookworm", "debian"), MIRROR]
    argv = ["unshare", "--mount", "--propagation", "private", "mmdebstrap", "--mode=root"]
    argv += ["--variant=apt", f"--include={','.join(packages)}"]
    # A mirror that stands still has an index whose date has passed; it is signed even so.
    argv += [
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",  # what is broken off is made anew
    ]
    if then:
        argv.append(f'--customize-hook=chroot "$1" sh -ec {shlex.quote(then)}')
    run([*argv, suite, str(root), mirrors[0]], timeout=BUILD_TIMEOUT_S)
    for path in (path for name in UNNEEDED for path in root.glob(name)):
        shutil.rmtree(path)


def mask(root: Path, units: Sequence[str]) -> None:
    for unit in units:
        (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")


def _make_environment(computer: Computer, folder: Path) -> None:
    """A virtual environment, laid out by hand: the computer has no package index."""
    uv = str(Path(sys.executable).with_name("uv"))
    root = folder.with_name("root")
    site = root / f"lib/python{computer.python}/site-packages"
    wanted = folder.with_name("requirements.txt")
    export = ["export", "--quiet", "--locked", "--all-groups", "--no-emit-project", "--no-hashes"]
    run([uv, *export, "--project", str(project_dir()), "--output-file", str(wanted)])
    run(
        [
            *(uv, "pip", "install", "--quiet", "--target", str(site), "-r", str(wanted)),
            *("--python-version", computer.python, "--python-platform", "x86_64-manylinux_2_36"),
            *("--only-binary", ":all:", "--compile-bytecode", "--link-mode", "copy"),
        ],
        timeout=BUILD_TIMEOUT_S,
    )
    (site / "labkit.pth").write_text(f"{PROJECT}/lab\n")
    about = tomllib.loads((project_dir() / "pyproject.toml").read_text())["project"]
    metadata = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {about['name']}\nVersion: {about['version']}\n")
    programs = root / "bin"
    programs.mkdir()
    (programs / "python").symlink_to("/usr/bin/python3")
    for name in ("labkit", "pytest"):
        (programs / name).write_text(f'#!/bin/sh\nexec {ENVIRONMENT}/bin/python -m {name} "$@"\n')
        (programs / name).chmod(0o755)
    (root / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    _disk(root, folder / "disk.img", "3G")


def _disk(root: Path, target: Path, size: str) -> Path:
    run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), str(target), size], timeout=BUILD_TIMEOUT_S)
    owned_files.remove_tree(root)
    return target

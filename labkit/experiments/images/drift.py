"""Environment drift: something is changed on a computer, and a program that ran there is broken.

The «host» is a root file system in a folder, entered by chroot(2): really changed, and nobody's
but ours. The same files are an image. After each change the program is run in both, and in a
container of an image that is made from the folder as it is then: an image keeps what it was given,
good or bad.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import BackendError
from labkit.experiments.images.archive import Recipe, sorted_entries
from labkit.experiments.images.docker import Images
from labkit.experiments.images.python_root import INTERPRETER, python_entries
from labkit.experiments.images.recipes import base_layer, file
from labkit.experiments.images.records import DriftRun, Moment
from labkit.experiments.images.setting import Setting
from labkit.image import LabImage
from labkit.image.container import ImageLayer
from labkit.image.rootfs import Entry, folder, write_folder
from labkit.system import owned_files
from labkit.system.process import as_root, run

# The program, and the module that it depends on as somebody else maintains it.
PROGRAM = b"import prices\n\nprint('total:', prices.total([3, 4]))\n"
MODULE = b"def total(prices):\n    return sum(prices)\n"
UPGRADED = b"def total(prices, currency):\n    return f'{sum(prices)} {currency}'\n"
COMMAND = (INTERPRETER, "-B", "/app/program.py")
HOST, OLD, NEW = "host root", "container", "container of a new image"
# The loader and the C library are the system itself; other libraries come in packages of their own.
SYSTEM = re.compile(r"(^|/)(ld-linux|libc\.so|libm\.so|libpthread|libdl)")


@dataclass(frozen=True)
class Change:
    """path → new content; None removes it."""

    name: str
    path: str
    content: bytes | None


def drift(given: Setting) -> list[DriftRun]:
    """Each change by itself: the host's root is made anew before it."""
    if os.geteuid() != 0:
        raise BackendError(
            "the host's root file system of this experiment is entered by chroot(2)",
            details="only root may do that",
            resolution=as_root("images --parts drift"),
        )
    rows: list[DriftRun] = []
    for number, change in enumerate(changes(), 1):
        given.say(f"drift: {change.name}")
        rows += _changed(given, given.scratch / f"host-{number}", change)
    return rows


def changes() -> tuple[Change, ...]:
    libraries = sorted((e.path for e in _needed()), key=lambda path: bool(SYSTEM.search(path)))
    return (
        Change("a module is upgraded", f"{_modules()}/prices.py", UPGRADED),
        Change("a shared library is removed", libraries[0], None),
    )


def _needed() -> Iterator[Entry]:
    """The shared libraries that the interpreter itself needs: those of its modules are not
    needed by this program."""
    printed = run(["ldd", os.path.realpath(f"/proc/{os.getpid()}/exe")]).stdout
    return (entry for entry in python_entries() if re.search(f"/{re.escape(entry.path)} ", printed))


def _modules() -> str:
    """Where the standard library lies in the image; what is added to it is found there too."""
    return next(e.path for e in python_entries() if e.path.endswith("/os.py")).removesuffix(
        "/os.py"
    )


def _entries(lab_image: LabImage) -> tuple[Entry, ...]:
    app = (folder("app"), file("app/program.py", PROGRAM), file(f"{_modules()}/prices.py", MODULE))
    return sorted_entries([*base_layer(lab_image).entries, *python_entries(), *app])


def _changed(given: Setting, root: Path, change: Change) -> Iterator[DriftRun]:
    images, entries = given.images, _entries(given.lab_image)
    write_folder(entries, root)
    with ExitStack() as stack:
        old = _image(given, stack, "drift-old", entries)
        yield _on_host(root, change, "before")
        yield _in_container(images, old, change, "before", OLD)
        target = root / change.path
        owned_files.discard(target)
        if change.content is not None:
            target.write_bytes(change.content)
        yield _on_host(root, change, "after")
        yield _in_container(images, old, change, "after", OLD)
        changed = _as_it_is(entries, root)
        new = _image(given, stack, "drift-new", changed)
        yield _in_container(images, new, change, "after", NEW)


def _image(given: Setting, stack: ExitStack, name: str, entries: tuple[Entry, ...]) -> str:
    recipe = Recipe(name, (ImageLayer(name, entries),))
    return stack.enter_context(given.images.loaded(recipe, given.scratch))


def _as_it_is(entries: tuple[Entry, ...], root: Path) -> tuple[Entry, ...]:
    """The folder's files as they are now, for a new image."""
    present = (entry for entry in entries if os.path.lexists(root / entry.path))
    return tuple(
        Entry(entry.path, entry.mode, (root / entry.path).read_bytes())
        if not (entry.is_folder or entry.is_link)
        else entry
        for entry in present
    )


def _on_host(root: Path, change: Change, moment: Moment) -> DriftRun:
    done = run(["chroot", str(root), *COMMAND], check=False)
    return _row(change, moment, HOST, done.returncode, done.stdout, done.stderr)


def _in_container(images: Images, tag: str, change: Change, moment: Moment, place: str) -> DriftRun:
    with images.program(tag, COMMAND) as program:
        out, err = program.output()
        status = program.wait()
    return _row(change, moment, place, status, out, err)


def _row(change: Change, moment: Moment, place: str, status: int, out: str, err: str) -> DriftRun:
    texts = {"out": out.strip(), "err": err.strip()}
    return DriftRun(change=change.name, moment=moment, place=place, status=status, **texts)

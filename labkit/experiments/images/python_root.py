"""This computer's Python as entries of an image's root file system: the interpreter that runs the
lab, its standard library, and the shared libraries that both need (ldd(1)).

Left out are tests, graphics, installers and compiled copies (__pycache__), and what was installed
besides. It lies in /python: an interpreter finds its library from its own place.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from labkit.errors import ImageError
from labkit.experiments.images.archive import sorted_entries
from labkit.image.rootfs import Entry, folder, program
from labkit.system.process import run

ROOT = "python"
INTERPRETER = f"/{ROOT}/bin/python3"
LEFT_OUT = re.compile(
    r"test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|site-packages|dist-packages"
    r"|__pycache__|config-.*|_test.*\.so|_tkinter.*\.so|_ctypes_test.*\.so|_xxtest.*\.so"
)
LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x[0-9a-f]+\)")


@cache
def python_entries() -> tuple[Entry, ...]:
    """Files and folders, sorted; ImageError where there is no such Python."""
    interpreter = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_paths(vars={"base": sys.base_prefix})["stdlib"])
    if not (library / "os.py").is_file() or sys.platform != "linux":
        raise ImageError(
            "this Python cannot be put into an image",
            details=f"its standard library is not a folder: {library}",
            resolution="run the lab with a Python of your system's package manager",
        )
    base = f"{ROOT}/lib/{library.name}"
    files = {f"{ROOT}/bin/python3": interpreter, **dict(_library(library, base))}
    files |= _needed([interpreter, *(p for p in files.values() if p.suffix == ".so")])
    return sorted_entries([*_folders(files), *(_entry(name, path) for name, path in files.items())])


def _library(top: Path, base: str) -> Iterator[tuple[str, Path]]:
    for where, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not LEFT_OUT.fullmatch(name))
        for name in sorted(names):
            if not LEFT_OUT.fullmatch(name) and not name.endswith(".a"):
                path = Path(where, name)
                yield f"{base}/{path.relative_to(top).as_posix()}", path


def _needed(programs: list[Path]) -> dict[str, Path]:
    """The shared libraries by the path under which the loader looks for them."""
    printed = run(["ldd", *map(str, programs)], check=False).stdout
    return {path.lstrip("/"): Path(path) for path in LIBRARY.findall(printed)}


def _folders(files: Iterable[str]) -> Iterator[Entry]:
    for name in files:
        for parent in list(Path(name).parents)[:-1]:
            yield folder(parent.as_posix())


def _entry(name: str, path: Path) -> Entry:
    runs = path.stat().st_mode & stat.S_IXUSR
    data = path.read_bytes()
    return program(name, data) if runs else Entry(name, stat.S_IFREG | 0o644, data)

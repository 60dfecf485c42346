"""The scripts of %%everywhere cells: what a cell asks, and all that the notebooks ask."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from labkit.errors import UsageError
from labkit.experiments.shell.plan import question
from labkit.experiments.shell.records import Question
from labkit.image.closure import package_names
from labkit.recordings import files
from labkit.system import plain_files
from labkit.system.paths import project_dir

MAGIC = "%%everywhere"
# Where a cell names none, and nothing may be asked of this computer, not even what it could run.
RECORDED = ("docker", "qemu")


class _Words(ArgumentParser):
    """Tells what is wrong as an error of ours; argparse would end the kernel."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{MAGIC}: {message}", resolution=self.format_usage().strip())


def of_cell(line: str, cell: str, default: Sequence[str] | None = None) -> Question:
    """What a cell asks: `%%everywhere [BACKEND ...] [--packages NAMES] [--seconds N] [--bytes N]`,
    then the script. default: the backends where it names none; without, those that can run here
    quickly."""
    options = _options(line)
    names = _names(options.backends) or default
    return question(cell, names, seconds=options.seconds, output_bytes=options.bytes)


def packages_of(line: str) -> tuple[str, ...]:
    """Debian's packages whose programs a cell's script may use."""
    return package_names(_names([_options(line).packages]))


def of_notebooks(folder: Path | None = None) -> tuple[Question, ...]:
    """What the cells of all notebooks below a folder ask, in reading order: the `questions` of
    ShellOptions for the recording that the notebooks show."""
    return tuple(of_cell(line, script, RECORDED) for line, script in _of_notebooks(folder))


def packages_of_notebooks(folder: Path | None = None) -> tuple[str, ...]:
    """The packages that they name, which are in one lab image then."""
    named = {name for line, _ in _of_notebooks(folder) for name in packages_of(line)}
    return tuple(sorted(named))


def _of_notebooks(folder: Path | None) -> Iterator[tuple[str, str]]:
    """What stands behind each %%everywhere, and below it."""
    place = folder or project_dir() / "notebooks"
    for path in sorted(place.rglob("*.ipynb")):
        yield from _of_notebook(path)


def _of_notebook(path: Path) -> Iterator[tuple[str, str]]:
    with files.reading(path, "restore it from a copy"):
        cells = plain_files.read_json(path)["cells"]
    for cell in cells:
        first, _, script = "".join(cell["source"]).partition("\n")
        magic, _, line = first.partition(" ")
        if cell["cell_type"] == "code" and magic == MAGIC:
            yield line, script


def _options(line: str) -> Namespace:
    words = _Words(prog=MAGIC, add_help=False)
    words.add_argument("backends", nargs="*")
    words.add_argument("--packages", default="", metavar="NAMES")
    words.add_argument("--seconds", type=int, default=10)
    words.add_argument("--bytes", type=int, default=8192)
    return words.parse_args(_split(line))


def _names(words: Sequence[str]) -> list[str]:
    """With blanks or commas between."""
    return [name for word in words for name in word.split(",") if name]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:  # a quotation mark without its other half
        raise UsageError(f"{MAGIC}: {error}", resolution=f"{MAGIC} docker qemu") from error

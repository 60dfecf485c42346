"""A folder with code → an app: what is in it, and how it is started.

As a buildpack does (Cloud Native Buildpacks, "detect"), by what lies in the folder: a Procfile
with a line «web: COMMAND», else pages or scripts for busybox httpd.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from labkit.errors import UsageError
from labkit.image.rootfs import Entry
from labkit.image.rootfs import folder as folder_entry

# A small app, to try the platform with.
EXAMPLE = Path(__file__).parent / "example"
PORT = 8080
ROOT = "app"
MOST_BYTES = 64 << 20
NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
HTTPD = "exec busybox httpd -f -p $PORT -h ."
# What tools keep beside the code.
LEFT_OUT = {".git", ".venv", "__pycache__", "node_modules"}

Kind = Literal["procfile", "scripts", "pages"]


@dataclass(frozen=True)
class App:
    """Code and the command that starts it, in the folder /app, with PORT in its environment."""

    name: str
    kind: Kind
    command: str
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        return sum(len(entry.data) for entry in self.entries)


def read_app(folder: Path, name: str | None = None) -> App:
    """The app in a folder; UsageError says what is missing."""
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}", resolution="name the folder that holds the app's code"
        )
    kind, command = detect(folder)
    return App(check_name(name or folder.resolve().name), kind, command, _entries(folder))


def detect(folder: Path) -> tuple[Kind, str]:
    """What kind of app it is, and the command that starts it."""
    procfile = folder / "Procfile"
    if procfile.is_file():
        web = re.search(
            r"^web:[ \t]*(\S.*)$",
            procfile.read_text(encoding="utf-8", errors="replace"),
            re.MULTILINE,
        )
        if not web:
            raise UsageError(
                f"{procfile} does not say how to start the app",
                resolution="give it a line such as: web: exec ./server (it listens on $PORT)",
            )
        return "procfile", web[1].strip()
    if (folder / "cgi-bin").is_dir():
        return "scripts", HTTPD
    if (folder / "index.html").is_file():
        return "pages", HTTPD
    raise UsageError(
        f"the platform cannot tell how to start what is in {folder}",
        details="there is no Procfile, no folder cgi-bin and no index.html",
        resolution="add one of them: a page index.html, scripts in cgi-bin/, or a Procfile with a "
        "line «web: COMMAND» whose server listens on $PORT",
    )


def check_name(name: str) -> str:
    """The name, if Docker takes it as a part of an image's name."""
    if len(name) > 40 or not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be an app's name",
            details="small letters and digits, and between them . _ or -; 40 at most",
            resolution="choose one with --name",
        )
    return name


def _entries(folder: Path) -> tuple[Entry, ...]:
    entries, size = [folder_entry(ROOT)], 0
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if LEFT_OUT & set(inner.parts):
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise UsageError(
                f"{path} is neither a file nor a folder",
                details="a link may lead to what is not part of the app",
                resolution="put the file itself there",
            )
        entry = _entry(path, f"{ROOT}/{inner.as_posix()}")
        entries.append(entry)
        size += len(entry.data)
        if size > MOST_BYTES:
            raise UsageError(
                f"the app in {folder} is larger than {MOST_BYTES >> 20} MiB",
                resolution="deploy code only, and keep data elsewhere",
            )
    return tuple(entries)


def _entry(path: Path, inner: str) -> Entry:
    if path.is_dir():
        return folder_entry(inner)
    runs = path.stat().st_mode & stat.S_IXUSR or "cgi-bin" in path.parts
    return Entry(inner, stat.S_IFREG | (0o755 if runs else 0o644), path.read_bytes())

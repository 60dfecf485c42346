"""Debian's packages as a root file system: unpacked, and never installed.

No maintainer script is run: that would need root and a system to run it on. What programs need of
them is done here: a merged /usr (https://wiki.debian.org/UsrMerge), users, alternatives (see
maintainer.py). Two things are other than in Debian. Links lead to where they lead by relative
paths, so that the folder is right wherever it lies; and no program has another one's rights
(setuid), since behind every boundary there is one user only.
Manuals, translations and examples are left out, licences are not.
"""

from __future__ import annotations

import posixpath
import re
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from labkit.image.maintainer import accounts, alternatives
from labkit.image.merged_usr import MERGED, merged, relative
from labkit.image.rootfs import Entry, folder, link, text

_UNNEEDED = re.compile(
    r"usr/share/(?:man|info|locale|lintian|bug|menu|groff|help|doc-base)(?:/.*)?"
    r"|usr/share/doc/[^/]+/(?!copyright$).*"
)
# Where programs look for what a Debian has that was set up; nothing asks the network for a name.
_SETTINGS = {
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    # The loader's own list has Debian's folders of libraries already: ld.so(8).
    "etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
}
_FOLDERS = ("etc", "home", "mnt", "root", "run", "srv", "usr", "usr/bin", "usr/lib", "usr/lib64")


def program_entries(packages: Iterable[Path], lab: Iterable[Entry]) -> list[Entry]:
    """The root file system of these packages' files with the lab's own in it, sorted by path. Where
    both have a file, the lab's is taken."""
    found = {path: folder(path) for path in (*_FOLDERS, "usr/sbin", "var")}
    scripts: list[str] = []
    for deb in packages:
        scripts.append(_unpack(deb, found))
    found |= {path: text(path, content) for path, content in _SETTINGS.items()}
    found |= {one.path: one for one in accounts(found, scripts)}
    found |= {one.path: one for one in alternatives(found, scripts)}
    found |= {name: link(name, f"usr/{name}") for name in MERGED}
    for entry in lab:
        if entry.path not in MERGED and not (entry.is_folder and entry.path in found):
            path = merged(entry.path)
            found[path] = Entry(path, entry.mode, entry.data)
    for path in list(found):  # a package need not hold the folder that its file is in
        for above in PurePosixPath(path).parents:
            found.setdefault(str(above), folder(str(above)))
    return [found[path] for path in sorted(found.keys() - {"."})]


def _unpack(deb: Path, found: dict[str, Entry]) -> str:
    """Adds a package's files; returns its script for after an installation, which nobody runs."""
    from debian.debfile import DebFile

    with DebFile(deb) as package:
        for entry in _entries(package.data.tgz()):
            if not entry.is_folder or entry.path not in found:
                found[entry.path] = entry
        scripts = package.control.scripts()
        return bytes(scripts.get("postinst", b"")).decode("utf-8", errors="replace")


def _entries(tar: tarfile.TarFile) -> Iterator[Entry]:
    own: dict[str, Entry] = {}
    for member in tar:
        path = posixpath.normpath(str(member.name)).lstrip("/")
        if path in (".", *MERGED) or _UNNEEDED.fullmatch(path):
            continue
        path = merged(path)
        permissions = member.mode & 0o1777 | 0o400
        if member.isdir():
            entry = folder(path, permissions | 0o700)
        elif member.issym():
            entry = link(path, relative(path, member.linkname))
        elif member.islnk():  # a second name of a file that came before: here, a second file
            first = own[merged(member.linkname)]
            entry = Entry(path, first.mode, first.data)
        elif member.isfile():
            file = tar.extractfile(member)
            entry = Entry(path, stat.S_IFREG | permissions, file.read() if file else b"")
        else:
            continue  # a device or a pipe, which no package should hold
        own[path] = entry
        yield entry

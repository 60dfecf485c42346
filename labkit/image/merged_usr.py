"""A root whose /bin, /lib, /lib64 and /sbin are links into /usr, as Debian's are since release 12
(https://wiki.debian.org/UsrMerge); its packages still hold files by both names."""

from __future__ import annotations

import posixpath

MERGED = ("bin", "lib", "lib64", "sbin")


def merged(path: str) -> str:
    """Where a path lies, from the root: /bin/x and bin/x are usr/bin/x."""
    inside = posixpath.normpath(path).lstrip("/")
    return f"usr/{inside}" if inside.split("/")[0] in MERGED else inside


def relative(path: str, target: str) -> str:
    """What a link at `path` holds that leads to `target`, which may begin at the root."""
    place = posixpath.dirname(path)
    inside = merged(posixpath.join("/", place, target))
    return posixpath.relpath(f"/{inside}", f"/{posixpath.dirname(merged(path))}")

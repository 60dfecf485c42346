"""Which Debian mirror this computer's own apt uses: it is near, and it is allowed here.

Both formats are those of sources.list(5): one-line (`deb [options] URI suite component…`) and
deb822 (`Types: deb`, `URIs: …`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

APT_FOLDER = Path("/etc/apt")

# deb [arch=amd64 signed-by=/a/key.gpg] http://host/debian bookworm main
_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)"
)


@dataclass(frozen=True)
class Source:
    """One package source: an address, a suite, its components, and the key it must be signed by."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""


def mirrors(suite: str, archive: str, folder: Path | None = None) -> list[str]:
    """The addresses of the Debian archive (`debian`, `debian-security`) that apt uses here."""
    sources = read_sources(APT_FOLDER if folder is None else folder)
    addresses = [s.uri.rstrip("/") for s in sources if _is_debian(s, suite, archive)]
    return list(dict.fromkeys(addresses))


def read_sources(folder: Path) -> list[Source]:
    """All that apt's configuration names; what cannot be read is left out."""
    sources: list[Source] = []
    for file in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        parse = {".list": parse_one_line, ".sources": parse_deb822}.get(file.suffix)
        with suppress(OSError, ValueError):  # no such file, no permission, not UTF-8
            sources += parse(file.read_text(encoding="utf-8")) if parse else ()
    return sources


def parse_one_line(text: str) -> Iterator[Source]:
    """The entries of a sources.list."""
    for line in text.splitlines():
        entry = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if entry:
            options = dict(o.split("=", 1) for o in (entry["options"] or "").split() if "=" in o)
            components = tuple(entry["rest"].split())
            yield Source(entry["uri"], entry["suite"], components, options.get("signed-by", ""))


def parse_deb822(text: str) -> Iterator[Source]:
    """The entries of a .sources file: each address with each suite of a paragraph."""
    from debian.deb822 import Deb822

    for paragraph in Deb822.iter_paragraphs(text, use_apt_pkg=False):
        enabled = paragraph.get("Enabled", "yes").lower() not in ("no", "false", "off", "0")
        if not enabled or "deb" not in paragraph.get("Types", "").split():
            continue
        components = tuple(paragraph.get("Components", "").split())
        for uri in paragraph.get("URIs", "").split():
            for suite in paragraph.get("Suites", "").split():
                yield Source(uri, suite, components, paragraph.get("Signed-By", ""))


def _is_debian(source: Source, suite: str, archive: str) -> bool:
    """A first sieve; the archive's own Release file has the last word (see release.py).

    A third party's archive may well be called …/debian and have our suite, but it has a key of
    its own.
    """
    address = urlsplit(source.uri)
    return (
        address.scheme in ("http", "https")
        and source.suite == suite
        and "main" in source.components
        and address.path.rstrip("/").endswith(f"/{archive}")
        and (not source.signed_by or "debian-archive" in source.signed_by)
    )

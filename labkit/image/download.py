"""Fetches one file by HTTP into the cache: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.room import unfinished
from labkit.system import owned_files
from labkit.system.progress import bar

TIMEOUT_S = (10, 30)  # to connect, and between two pieces of data
ATTEMPTS = 3
PAUSE_S = 1.0
_PIECE = 1 << 16
_MOST_WITHOUT_SIZE = 32 << 20  # a Release file is far smaller; an endless answer must end


class Unreachable(ImageError):
    """A mirror does not answer, does not have the file, or is not what it should be."""


@dataclass(frozen=True)
class Expected:
    """What an index says about a file: its SHA-256 (64 hex digits) and its size in bytes."""

    sha256: str
    size: int


def download(
    url: str, target: Path, expected: Expected | None, *, progress: bool, needed: int = 0
) -> Path:
    """Fetches `url` to `target`, unless a file that checks out lies there already. needed: bytes
    of all that shall lie there, where this file is one of several.

    Raises Unreachable when it cannot be had, ImageError when it is not what was expected; in
    either case nothing of it is left.
    """
    if expected and target.is_file() and file_sha256(target) == expected.sha256:
        return target
    needed = max(needed, expected.size if expected else _PIECE)
    with unfinished(target.parent, needed) as folder:
        part = folder / target.name
        _fetch_patiently(url, part, expected, progress)
        if expected:
            _check(url, part, expected)
        owned_files.settle(part, target)
    return target


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_patiently(url: str, part: Path, expected: Expected | None, progress: bool) -> None:
    import requests

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _fetch(url, part, expected, progress)
        except requests.RequestException as error:
            status = error.response.status_code if error.response is not None else 0
            if attempt == ATTEMPTS or 400 <= status < 500:
                raise Unreachable(
                    f"{url} could not be downloaded",
                    details=str(error),
                    resolution="check the network (a proxy is taken from HTTP_PROXY and "
                    "HTTPS_PROXY, certificates are the system's or SSL_CERT_FILE's), then: "
                    "labkit image build --refresh",
                ) from error
            time.sleep(PAUSE_S * attempt)
    return None


def _fetch(url: str, part: Path, expected: Expected | None, progress: bool) -> None:
    import requests

    most = expected.size if expected else _MOST_WITHOUT_SIZE
    with (
        requests.Session() as session,
        session.get(url, stream=True, timeout=TIMEOUT_S, verify=certificates()) as response,
        part.open("wb") as file,
    ):
        response.raise_for_status()
        pieces: Iterator[bytes] = response.iter_content(_PIECE)
        for piece in _shown(pieces, url, expected, progress):
            file.write(piece)
            if file.tell() > most:  # longer than it should be: the check will say so
                break


def certificates() -> str | bool:
    """Whom the computer itself trusts, an organization's TLS proxy too: not the list that the
    library brings along. SSL_CERT_FILE and REQUESTS_CA_BUNDLE name others."""
    named = os.environ.get("REQUESTS_CA_BUNDLE")
    system = ssl.get_default_verify_paths()
    places = (named, system.cafile, "/etc/ssl/certs/ca-certificates.crt", system.capath)
    return next((place for place in places if place and Path(place).exists()), True)


def _shown(
    pieces: Iterator[bytes], url: str, expected: Expected | None, progress: bool
) -> Iterator[bytes]:
    with bar(
        desc=url.rpartition("/")[2] if expected is None else _short_name(url),
        total=expected.size if expected else None,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        delay=0.5,  # no bar for what is there at once
        leave=False,
        disable=not progress,
    ) as shown:
        for piece in pieces:
            yield piece
            shown.update(len(piece))


def _short_name(url: str) -> str:
    """A package's file name says what comes; an index's, fetched by its hash, does not."""
    return "package index" if "/by-hash/" in url else url.rpartition("/")[2].partition("_")[0]


def _check(url: str, part: Path, expected: Expected) -> None:
    got = file_sha256(part)
    if got != expected.sha256:
        raise ImageError(
            f"{url} is not the file that the archive's index names",
            details=f"expected SHA-256 {expected.sha256} ({expected.size} bytes), "
            f"got {got} ({part.stat().st_size} bytes); it was thrown away",
            resolution="a proxy or a mirror in mid-update may be the cause; try again in a few "
            "minutes: labkit image build --refresh",
        )

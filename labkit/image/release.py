"""A suite's InRelease file: who signed it, and the checksums that it lists.

Format: https://wiki.debian.org/DebianRepository/Format, section "Release" files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labkit.errors import ImageError
from labkit.image.download import Expected, Unreachable
from labkit.system.process import find_tool, run

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"


@dataclass(frozen=True)
class Release:
    """A suite's list of index files, and what is known about the list's signature."""

    signature: str
    origin: str
    codename: str
    by_hash: bool
    files: dict[str, Expected]


def read_release(file: Path) -> Release:
    """Checks the signature where that is possible, then reads. ImageError for a bad signature."""
    from debian import deb822

    text, signature = _signed_text(file)
    fields = deb822.Release(text)
    try:
        files = {f["name"]: Expected(f["sha256"], int(f["size"])) for f in fields["SHA256"]}
    except (KeyError, ValueError):
        raise Unreachable("the mirror's InRelease file lists no checksums") from None
    return Release(
        signature=signature,
        origin=fields.get("Origin", ""),
        codename=fields.get("Codename", ""),
        by_hash=fields.get("Acquire-By-Hash", "") == "yes",
        files=files,
    )


def _signed_text(file: Path) -> tuple[str, str]:
    """The text that was signed, and how far that was verified."""
    missing = _missing()
    if missing:
        return _strip_signature(file), f"not verified: {missing}"
    payload = file.with_name("Release")
    _verify(file, payload)
    # gpgv's own output: what stands outside the signed part of the file must not be read.
    return payload.read_text(encoding="utf-8"), f"verified by gpgv with {KEYRING}"


def _missing() -> str:
    if not find_tool("gpgv"):
        return "gpgv is not installed"
    return "" if KEYRING.is_file() else f"there is no keyring {KEYRING}"


def _verify(file: Path, payload: Path) -> None:
    """gpgv(1). One good signature is enough: Debian signs with the keys of several releases, of
    which an older keyring knows only some."""
    gpgv = ["gpgv", "--status-fd", "1", "--keyring", str(KEYRING)]
    done = run([*gpgv, "--output", str(payload), str(file)], check=False)
    words = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] ")}
    if "BADSIG" in words or "VALIDSIG" not in words or not payload.is_file():
        raise ImageError(
            "the mirror's package index is not signed by Debian",
            details=done.stderr.strip(),
            resolution="do not trust this mirror or network. If the host's keyring is just old: "
            "apt-get install --only-upgrade debian-archive-keyring",
        )


def _strip_signature(file: Path) -> str:
    """The text of a clear-signed file (RFC 4880, section 7), or of an unsigned one."""
    text = file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    if text.startswith(_SIGNED):
        text = text.partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE-----")[0]
    return text

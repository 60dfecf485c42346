from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from labkit.errors import ImageError
from labkit.image import release
from labkit.image.download import Expected, Unreachable
from labkit.image.release import read_release

# Made for these tests with gpg: a key "Test archive" that never expires, and a file signed by it.
KEYRING = base64.b64decode(
    "mDMEZIO9ABYJKwYBBAHaRw8BAQdAk8xvZ2yROdHnt4U2cWNWivLj2nQiC2zSnbH/SzEDdDK0DFRlc3QgYXJjaGl2ZYiQBBMW"
    "CAA4FiEEVRBEb0+ZwDFYLhBkLeE9xkX/mRoFAmSDvQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQLeE9xkX/mRra"
    "RwD/fRyehy2h8JOLuoWsir4NzfrAvltFsVZlTwnCCCJWy7QBAOJkbnSOA1BRSUYsIOxrn6J4duwDoD4pC8VJ1b2c3kEE"
)
SIGNED = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
Codename: bookworm
SHA256:
 0000000000000000000000000000000000000000000000000000000000000000 1 main/binary-amd64/Packages.xz
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQRVEERvT5nAMVguEGQt4T3GRf+ZGgUCZIUOgAAKCRAt4T3GRf+Z
GjMfAPwMOH/HXzxe6Ckdp/PEqw3Yv892Rx2rhw69f8H5QpduNQD/VXP2fnPcuolw
vcvytSbwVkD6KnOf5xnyXwVVa8LFVQA=
=0GRf
-----END PGP SIGNATURE-----
"""
PAYLOAD = SIGNED.partition("\n\n")[2].partition("\n-----BEGIN PGP SIGNATURE")[0]
needs_gpgv = pytest.mark.skipif(not shutil.which("gpgv"), reason="gpgv is not installed")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "keyring.gpg").write_bytes(KEYRING)
    monkeypatch.setattr(release, "KEYRING", tmp_path / "keyring.gpg")
    path = tmp_path / "InRelease"
    path.write_text(SIGNED)
    return path


@needs_gpgv
def test_a_good_signature(file: Path) -> None:
    found = read_release(file)
    assert found.signature == f"verified by gpgv with {release.KEYRING}"
    assert (found.origin, found.codename, found.by_hash) == ("Debian", "bookworm", False)
    assert found.files == {"main/binary-amd64/Packages.xz": Expected("0" * 64, 1)}


@needs_gpgv
@pytest.mark.parametrize(
    "text",
    [
        SIGNED.replace(" 1 main", " 2 main"),
        PAYLOAD,
        SIGNED.replace("GjMfAPwMOH", "GjMfAPwMOI"),
        "",
    ],
    ids=["changed", "unsigned", "damaged signature", "empty"],
)
def test_a_bad_signature(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(ImageError, match="not signed by Debian") as caught:
        read_release(file)
    assert not isinstance(caught.value, Unreachable)  # no other mirror is tried instead


@needs_gpgv
def test_text_outside_the_signed_part_is_not_read(file: Path) -> None:
    forged = SIGNED.replace("Debian\n", "Forged\n", 1).partition("\n\n")[2]
    for text in (forged + "\n" + SIGNED, SIGNED + "\n" + forged):
        file.write_text(text)
        try:
            assert read_release(file).origin == "Debian"
        except ImageError as error:
            assert "not signed" in error.brief


@needs_gpgv
def test_a_key_that_the_keyring_does_not_know(file: Path) -> None:
    release.KEYRING.write_bytes(b"")
    with pytest.raises(ImageError, match="not signed by Debian") as caught:
        read_release(file)
    assert "debian-archive-keyring" in caught.value.resolution


def test_no_gpgv(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "find_tool", lambda name: None)
    found = read_release(file)
    assert found.signature == "not verified: gpgv is not installed"
    assert found.codename == "bookworm" and len(found.files) == 1


def test_no_keyring(file: Path) -> None:
    release.KEYRING.unlink()
    assert read_release(file).signature.startswith("not verified: ")


@pytest.mark.parametrize("text", ["", "<html>log in first</html>", "SHA256:\n short\n"])
def test_what_is_no_release_file(file: Path, text: str) -> None:
    release.KEYRING.unlink()
    file.write_text(text)
    with pytest.raises(Unreachable):
        read_release(file)

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.errors import ImageError
from labkit.image import download as module
from labkit.image.download import Expected, Unreachable, download
from labkit.image.known_files import NOTE
from tests.unit.image.archive import Archive

DATA = bytes(range(256)) * 1000
GOOD = Expected(hashlib.sha256(DATA).hexdigest(), len(DATA))


def left(cache: Path) -> list[str]:
    """What is in the cache, but for its note of the folders that the lab has made."""
    return [path.name for path in cache.iterdir() if path.name != NOTE]


@pytest.fixture
def url(archive: Archive) -> str:
    (archive.folder / "debian").mkdir(parents=True)
    (archive.folder / "debian/file_1.deb").write_bytes(DATA)
    return f"{archive.url}/file_1.deb"


def test_a_file_is_fetched_once(url: str, cache: Path, archive: Archive) -> None:
    for _ in range(2):
        target = download(url, cache / "file", GOOD, progress=False)
    assert target.read_bytes() == DATA
    assert len(archive.requests) == 1


def test_a_damaged_file_in_the_cache_is_fetched_again(url: str, cache: Path) -> None:
    cache.mkdir()
    (cache / "file").write_bytes(DATA[:-1] + b"?")
    assert download(url, cache / "file", GOOD, progress=False).read_bytes() == DATA


def test_wrong_checksum(url: str, cache: Path) -> None:
    expected = Expected("0" * 64, len(DATA))
    with pytest.raises(ImageError) as caught:
        download(url, cache / "file", expected, progress=False)
    for part in (url, "0" * 64, GOOD.sha256, "--refresh"):
        assert part in str(caught.value)
    assert left(cache) == []


def test_an_answer_that_is_too_long_is_cut_off(url: str, cache: Path) -> None:
    with pytest.raises(ImageError, match="not the file"):
        download(url, cache / "file", Expected(GOOD.sha256, 1000), progress=False)
    assert left(cache) == []


def test_truncated_download(url: str, cache: Path, archive: Archive) -> None:
    archive.truncated.add("file_1")
    with pytest.raises(Unreachable, match="could not be downloaded"):
        download(url, cache / "file", GOOD, progress=False)
    assert left(cache) == []
    assert len(archive.requests) == module.ATTEMPTS


def test_what_is_not_there_is_asked_for_once(url: str, cache: Path, archive: Archive) -> None:
    with pytest.raises(Unreachable, match="404"):
        download(f"{archive.url}/nothing", cache / "file", GOOD, progress=False)
    assert len(archive.requests) == 1


def test_no_server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(Unreachable, match="proxy"):
        download("http://127.0.0.1:9/file", cache / "file", GOOD, progress=False)


def test_disk_full(url: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[bytes]:
        yield DATA[:1000]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_shown", full)
    expected = Expected(GOOD.sha256, 300 * 1024 * 1024)
    with pytest.raises(ImageError, match="no room left") as caught:
        download(url, cache / "file", expected, progress=False)
    assert "300 MiB are needed" in caught.value.details
    with pytest.raises(ImageError) as caught:  # one file of several
        download(url, cache / "file", expected, progress=False, needed=900 * 1024 * 1024)
    assert "900 MiB are needed" in caught.value.details
    assert "LABKIT_CACHE" in caught.value.resolution
    assert left(cache) == []


def test_the_cache_is_a_file(url: str, cache: Path) -> None:
    cache.write_text("in the way")
    with pytest.raises(ImageError, match="cannot be used"):
        download(url, cache / "file", GOOD, progress=False)


def test_the_computers_own_certificates_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.pem").touch()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    assert module.certificates() == str(tmp_path / "own.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert module.certificates() == str(tmp_path)

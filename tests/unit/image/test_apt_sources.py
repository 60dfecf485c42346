from __future__ import annotations

from pathlib import Path

import pytest

from labkit.image.apt_sources import Source, mirrors, parse_deb822, parse_one_line, read_sources

DEB822 = """\
# what the installer wrote
Types: deb deb-src
# a comment inside
URIs: http://mirror.example.org/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://switched-off.example.org/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://comment.example.org/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
https://first.example.org/pub/debian bookworm main non-free # mine
deb-src http://sources.example.org/debian bookworm main
deb http://sid.example.org/debian sid main
deb cdrom:[Debian 12]/ bookworm main
"""
THIRD_PARTIES = """\
deb [signed-by=/etc/apt/keyrings/d.asc] https://download.docker.com/linux/debian bookworm stable
deb [signed-by=/usr/share/keyrings/vpn.gpg] https://pkgs.vpn.example.com/stable/debian bookworm main
deb https://packages.example.com/apt bookworm main
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_one_line_format() -> None:
    first, second, *_ = parse_one_line(ONE_LINE)
    assert first == Source(
        "https://first.example.org/pub/debian",
        "bookworm",
        ("main", "non-free"),
        "/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    assert second == Source("http://sid.example.org/debian", "sid", ("main",))


def test_deb822_format() -> None:
    found = list(parse_deb822(DEB822))
    assert [(source.uri, source.suite) for source in found] == [
        ("http://mirror.example.org/debian/", "bookworm"),
        ("http://mirror.example.org/debian/", "bookworm-updates"),
        ("http://mirror.example.org/debian-security", "bookworm-security"),
    ]


def test_the_hosts_mirrors_in_order(apt: Path) -> None:
    (apt / "sources.list").write_text(ONE_LINE)
    (apt / "sources.list.d/debian.sources").write_text(DEB822)
    (apt / "sources.list.d/off.list.save").write_text(
        "deb http://old.example.org/debian bookworm main"
    )
    assert mirrors("bookworm", "debian", apt) == [
        "https://first.example.org/pub/debian",
        "http://mirror.example.org/debian",
    ]
    assert mirrors("bookworm-security", "debian-security", apt) == [
        "http://mirror.example.org/debian-security"
    ]


def test_third_parties_are_skipped(apt: Path) -> None:
    (apt / "sources.list.d/others.list").write_text(THIRD_PARTIES)
    assert len(read_sources(apt)) == 3
    assert mirrors("bookworm", "debian", apt) == []


def test_no_apt_and_unreadable_files(apt: Path) -> None:
    assert mirrors("bookworm", "debian", apt / "nowhere") == []
    (apt / "sources.list").write_bytes(b"\xff\xfe\x00deb")
    (apt / "sources.list.d/folder.list").mkdir()
    assert mirrors("bookworm", "debian", apt) == []

from __future__ import annotations

import pytest

from labkit.errors import ImageError
from labkit.image.index import Package, find_packages, kernel_dependency, newest

PARAGRAPH = "Package: {}\nVersion: {}\nFilename: pool/{}.deb\nSize: 7\nSHA256: {}\nDescription: x\n"
MIRROR = "http://mirror.example.org/debian"


def index(*packages: tuple[str, str]) -> bytes:
    return "\n".join(PARAGRAPH.format(n, v, n, "a" * 64) for n, v in packages).encode()


def package(version: str, depends: str = "") -> Package:
    return Package("tool", version, "a" * 64, 7, f"{MIRROR}/pool/tool.deb", depends)


def test_finds_exactly_the_named_package_first_in_the_middle_and_last() -> None:
    text = index(("tool", "1"), ("tool-extra", "9"), ("tool", "2"), ("a.tool", "3"), ("tool", "4"))
    found = list(find_packages(text, "tool", MIRROR))
    assert [p.version for p in found] == ["1", "2", "4"]
    assert found[0] == package("1")


def test_a_dot_in_a_name_is_a_dot() -> None:
    assert list(find_packages(index(("aXtool", "1")), "a.tool", MIRROR)) == []


def test_newest_is_by_debians_order_not_by_text() -> None:
    versions = ["6.1.9-1", "6.1.10-1", "6.1.10-1~bpo1", "6.1.10~rc1-1"]
    assert newest(map(package, versions), "tool").version == "6.1.10-1"
    assert newest(map(package, ["2:1.0", "3.0"]), "tool").version == "2:1.0"


def test_a_missing_package_is_told() -> None:
    with pytest.raises(ImageError, match="no package tool"):
        newest([], "tool")


def test_kernel_of_the_metapackage() -> None:
    found = kernel_dependency(package("1", "linux-image-6.1.0-50-cloud-amd64 (= 6.1.176-1), x"))
    assert found == "linux-image-6.1.0-50-cloud-amd64"
    found = kernel_dependency(package("1", "linux-image-6.1.0-50-cloud-arm64 (= 6.1.176-1), x"))
    assert found == "linux-image-6.1.0-50-cloud-arm64"
    with pytest.raises(ImageError, match="names no kernel"):
        kernel_dependency(package("1"))

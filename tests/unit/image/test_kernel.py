from __future__ import annotations

from pathlib import Path

import pytest

from labkit.errors import ImageError
from labkit.image.architecture import AMD64, ARM64
from labkit.image.kernel import kernel_version, read_kernel
from tests.unit.image.archive import make_arm_kernel, make_kernel


def test_version() -> None:
    assert kernel_version(make_kernel("6.9.1-mine")) == "6.9.1-mine"


def test_version_of_a_kernel_for_arm() -> None:
    kernel = make_arm_kernel()
    assert kernel_version(kernel, ARM64) == "6.1.0-7-cloud-arm64"
    with pytest.raises(ImageError, match="not a Linux kernel"):
        kernel_version(kernel, AMD64)
    with pytest.raises(ImageError, match="not a Linux kernel"):
        kernel_version(make_kernel(), ARM64)


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF" + bytes(2000), make_kernel()[:0x204], make_kernel()[:0x210]]
)
def test_what_is_no_kernel(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "kernel").write_bytes(data)
    with pytest.raises(ImageError, match="not a Linux kernel"):
        read_kernel(tmp_path / "kernel", AMD64)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        read_kernel(tmp_path / "nothing", AMD64)
    with pytest.raises(ImageError, match="cannot be read"):
        read_kernel(tmp_path, AMD64)

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.errors import ImageError
from labkit.image.kernel import kernel_version, read_kernel
from tests.unit.image.archive import make_kernel


def test_version() -> None:
    assert kernel_version(make_kernel("6.9.1-mine")) == "6.9.1-mine"


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF" + bytes(2000), make_kernel()[:0x204], make_kernel()[:0x210]]
)
def test_what_is_no_kernel(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "kernel").write_bytes(data)
    with pytest.raises(ImageError, match="not a Linux kernel"):
        read_kernel(tmp_path / "kernel")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        read_kernel(tmp_path / "nothing")
    with pytest.raises(ImageError, match="cannot be read"):
        read_kernel(tmp_path)

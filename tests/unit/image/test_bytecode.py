from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from labkit.errors import ImageError
from labkit.image import bytecode
from labkit.image.architecture import AMD64, ARM64


def make(rootfs: Path) -> None:
    (rootfs / "usr/lib/python3.11/json").mkdir(parents=True)
    for name in ("os.py", "json/__init__.py"):
        (rootfs / "usr/lib/python3.11" / name).write_text("x = 1\n")


def test_each_module_has_its_byte_code_whenever_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the Python of the tests: an image's own wants an image."""
    rootfs = tmp_path / "a:b"
    make(rootfs)
    monkeypatch.setattr(bytecode, "program_argv", lambda rootfs, name: [sys.executable])
    found = {entry.path: entry for entry in bytecode.bytecode_entries(rootfs)}
    version = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    assert set(found) == {
        "usr/lib/python3.11/__pycache__",
        f"usr/lib/python3.11/__pycache__/os.{version}.pyc",
        "usr/lib/python3.11/json/__pycache__",
        f"usr/lib/python3.11/json/__pycache__/__init__.{version}.pyc",
    }
    code = found[f"usr/lib/python3.11/__pycache__/os.{version}.pyc"]
    assert stat.S_IMODE(code.mode) == 0o644
    assert code.data[4:8] == b"\x01\x00\x00\x00"  # by a hash, and not checked (PEP 552)
    assert b"/usr/lib/python3.11/os.py" in code.data and b"a:b" not in code.data


def test_a_python_that_compiles_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    monkeypatch.setattr(bytecode, "program_argv", lambda rootfs, name: ["false"])
    with pytest.raises(ImageError, match="did not compile"):
        bytecode.bytecode_entries(tmp_path)


def test_where_the_images_programs_do_not_run_nothing_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bytecode, "of_this_computer", lambda: ARM64)
    assert not bytecode.compiles(AMD64)

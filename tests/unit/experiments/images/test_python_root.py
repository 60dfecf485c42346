"""This computer's Python, taken apart: it must run again from a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit.experiments.images.python_root import INTERPRETER, LIBRARY, python_entries
from labkit.image.rootfs import write_folder
from labkit.system.process import run


def test_all_that_the_interpreter_needs_and_no_tests() -> None:
    paths = [entry.path for entry in python_entries()]
    assert INTERPRETER.lstrip("/") in paths
    assert any(path.endswith("/os.py") for path in paths)
    assert any("/libc.so.6" in path for path in paths)
    assert not [p for p in paths if "/test/" in p or "site-packages" in p or "__pycache__" in p]
    assert paths == sorted(set(paths))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (
            "\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f99)",
            "/lib/x86_64-linux-gnu/libz.so.1",
        ),
        ("\t/lib64/ld-linux-x86-64.so.2 (0x00007f9968cd6000)", "/lib64/ld-linux-x86-64.so.2"),
    ],
)
def test_a_line_of_ldd(line: str, path: str) -> None:
    assert LIBRARY.findall(line) == [path]


def test_a_line_without_a_file_names_none() -> None:
    assert LIBRARY.findall("\tlinux-vdso.so.1 (0x00007f9968cd4000)") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may chroot(2)")
def test_it_runs_in_a_root_of_its_own(tmp_path: Path) -> None:
    write_folder(python_entries(), tmp_path / "root")
    words = "import json, hashlib; print(json.dumps(hashlib.sha256(b'').hexdigest()[:6]))"
    done = run(["chroot", str(tmp_path / "root"), INTERPRETER, "-c", words])
    assert done.stdout == '"e3b0c4"\n'

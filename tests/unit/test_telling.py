"""What is told on the way, where standard error is full, gone, or was never there."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest

from labkit.system.paths import project_dir
from labkit.system.telling import tell

ON_STDERR = re.compile(r"file=sys\.stderr")
THERE = "labkit/system/telling.py"


def test_it_is_told_by_one_function_only() -> None:
    """Another one would end the work where standard error takes no more."""
    sources = (project_dir() / "labkit").rglob("*.py")
    bare = [path for path in sources if ON_STDERR.search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(project_dir())) for path in bare] == [THERE]


@pytest.mark.parametrize("full", ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true"])
def test_the_work_goes_on(full: str) -> None:
    program = "from labkit.system.telling import tell; tell('one'); tell('two'); print('done')"
    words = f'{{ "$0" -c "$1"; echo $? >&3; }} {full}'
    ended = subprocess.run(
        ["sh", "-c", f"exec 3>&1; {words}", sys.executable, program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.split()[-1] == "0", ended


def test_a_stream_that_is_closed_or_has_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, refuses = io.StringIO(), Refuses()
    closed.close()
    for stream in (closed, refuses, None):
        monkeypatch.setattr(sys, "stderr", stream)
        tell("nobody hears this")


class Refuses(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

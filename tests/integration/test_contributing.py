"""What CONTRIBUTING.md lets a newcomer type first does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from labkit.image import LabImage
from labkit.system.paths import project_dir


def test_the_agent_answers_the_first_command(lab_image: LabImage) -> None:
    text = (project_dir() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(r"## 1\. Try it by hand\n.*?```\n(.*?)```\n\nprints (.*?)\. Put", text, re.S)
    assert found is not None
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", found[1]],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [line.split()[0] for line in done.stdout.splitlines()]
    assert said == [words.split()[0] for words in re.findall(r"`(.*?)`", found[2])]

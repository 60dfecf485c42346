"""Debian 12 as a program of this computer (COMPUTERS="debian-12-uml"), under version 2 of control
groups alone: all integration tests but those of VirtualBox, a file each, and of conformance a
backend each; -k chooses from them."""

from __future__ import annotations

import pytest

from labkit.system.paths import project_dir
from tests.computers.computers import DEBIAN_12_UML
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, passes
from tests.integration.test_conformance import BACKENDS

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]

FACTOR = 4  # a system call takes many times as long there
# What there is no program for in it, or no network to bring it.
ELSEWHERE = ("virtualbox", "kubernetes", "kvm", "arm64", "vmware")
FOLDER = project_dir() / "tests/integration"
CONFORMANCE = "test_conformance"


def parts() -> dict[str, str]:
    """A part's name → pytest's words for it."""
    files = (path.stem for path in sorted(FOLDER.glob("test_*.py")))
    but = f"not ({' or '.join(ELSEWHERE)})"
    here = {name: f"{_path(name)} -k '{but}'" for name in files if name != CONFORMANCE}
    # A variant, such as docker:rm=yes, belongs to its backend; docker-cli is another one.
    backends = list(dict.fromkeys(backend.partition(":")[0] for backend in BACKENDS))
    for name in backends:
        others = [f"[{other}" for other in backends if other.startswith(f"{name}-")]
        words = " and not ".join([f"[{name}", *others])
        here[f"{CONFORMANCE}-{name}"] = f"{_path(CONFORMANCE)} -k '{words}'"
    return {name: words for name, words in here.items() if not any(it in name for it in ELSEWHERE)}


def _path(file: str) -> str:
    return f"tests/integration/{file}.py"


@pytest.mark.parametrize("part", parts())
def test_the_integration_tests_pass_under_version_2(debian_12_uml: Machine, part: str) -> None:
    passes(DEBIAN_12_UML, debian_12_uml, part, parts()[part], factor=FACTOR)

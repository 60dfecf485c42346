"""Runs a part of the integration tests in a computer, and keeps what it has said so far."""

from __future__ import annotations

from collections.abc import Sequence

from labkit.system.paths import project_dir
from tests.computers.computers import Computer
from tests.computers.disks import PROJECT, kept_folder
from tests.computers.machine import Machine
from tests.integration.test_conformance import BACKENDS

PART_S = 2 * 3600.0
TEST_S = 1500  # pytest's own limit of time for one of them
CONFORMANCE = "test_conformance"


def parts(but: Sequence[str]) -> dict[str, str]:
    """A part's name → pytest's words for it: a file each, and of conformance a backend each. What
    has one of the words `but` in its name is left out."""
    folder = project_dir() / "tests/integration"
    files = (path.stem for path in sorted(folder.glob("test_*.py")))
    here = {name: f"{_path(name)} -k 'not ({' or '.join(but)})'" for name in files}
    del here[CONFORMANCE]
    # A variant, such as docker:rm=yes, belongs to its backend; docker-cli is another one.
    backends = list(dict.fromkeys(backend.partition(":")[0] for backend in BACKENDS))
    for name in backends:
        others = [f"[{other}" for other in backends if other.startswith(f"{name}-")]
        words = " and not ".join([f"[{name}", *others])
        here[f"{CONFORMANCE}-{name}"] = f"{_path(CONFORMANCE)} -k '{words}'"
    return {name: words for name, words in here.items() if not any(it in name for it in but)}


def _path(file: str) -> str:
    return f"tests/integration/{file}.py"


def patient(factor: int) -> str:
    """Line of a shell: what follows has limits of time that are so many times as long."""
    return f"export LABKIT_TEST_PATIENCE={factor} PYTHONPATH={PROJECT}/lab/tests/computers/patience"


def passes(computer: Computer, machine: Machine, part: str, words: str, *, factor: int) -> None:
    """`words` choose the tests; each limit of time is `factor` times as long. One that is broken
    off leaves what it has told in the folder of the tests' disks."""
    script = f"""
    cd {PROJECT}/lab
    {patient(factor)}
    env --default-signal pytest -v -p no:cacheprovider --durations 0 --timeout {TEST_S} {words}
    """
    kept = kept_folder() / f"{computer.name}-{part}.txt"

    def look(said: str) -> None:
        kept.write_text(said)

    machine.run_watched(script, PART_S, look)

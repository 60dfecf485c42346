"""What the set-up of QEMU installs, and without what it goes on."""

from __future__ import annotations

import pytest

from labkit.backends.qemu.command import PROGRAMS, here
from labkit.backends.qemu.disk_format import IMAGER
from labkit.errors import LabError
from labkit.setup import apt, qemu

MACHINE = PROGRAMS[here()]


@pytest.mark.parametrize(
    ("there", "installed"),
    [((), {"qemu-utils", *qemu.PACKAGES[here()]}), ((MACHINE,), {"qemu-utils"})],
)
def test_what_is_missing_is_installed(
    there: tuple[str, ...], installed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    monkeypatch.setattr(qemu, "find_tool", lambda name: name if name in there else None)
    monkeypatch.setattr(apt, "install", lambda packages, say: asked.update(packages))
    qemu.set_up_qemu(lambda message: None)
    assert asked == installed


@pytest.mark.parametrize("there", [(MACHINE,), (IMAGER,)])
def test_a_machine_runs_without_the_program_that_makes_disks(
    there: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*given: object) -> None:
        raise LabError("no root")

    said: list[str] = []
    monkeypatch.setattr(qemu, "find_tool", lambda name: name if name in there else None)
    monkeypatch.setattr(apt, "install", refused)
    if MACHINE in there:
        qemu.set_up_qemu(said.append)
        assert "no root" in said[0]
    else:
        with pytest.raises(LabError):
            qemu.set_up_qemu(said.append)

"""Backend `xen`: what it asks xl for, and what it takes from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from labkit.backends import xen
from labkit.errors import CommandError
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from labkit.system.process import Completed

LISTED = """Name                                        ID   Mem VCPUs\tState\tTime(s)
Domain-0                                     0  3072     2     r-----     124.9
labkit-{mark}-1                              4   256     1     -b----       1.3
somebodys                                    5   256     1     -b----       1.3
"""


class Xl:
    """An xl that writes down how it is called."""

    def __init__(self, listed: str) -> None:
        self.calls: list[Sequence[str]] = []
        self._listed = listed

    def __call__(
        self, argv: Sequence[str], *, timeout: float = 60, check: bool = True
    ) -> Completed:
        self.calls.append(argv)
        if argv[1:2] == ["list"] and len(argv) == 3:
            rows = self._listed.splitlines()
            found = [row for row in rows[1:] if row.startswith(f"{argv[2]} ")]
            if not found:
                raise CommandError(f"{argv[2]} is an invalid domain identifier")
            return Completed(tuple(argv), 0, "\n".join([rows[0], *found]), "")
        return Completed(tuple(argv), 0, self._listed, "")


@pytest.fixture
def xl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Xl:
    fake = Xl(LISTED.format(mark=owner()))
    (tmp_path / "capabilities").write_text("control_d\n")
    monkeypatch.setattr(xen, "run", fake)
    monkeypatch.setattr(xen, "find_tool", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(xen, "CAPABILITIES", tmp_path / "capabilities")
    return fake


def test_what_xen_counts_of_a_domain(xl: Xl) -> None:
    assert xen._told(f"labkit-{owner()}-1") == {"daemon_bytes": 256 << 20, "daemon_cpu_s": 1.3}
    assert xen._told("gone") == {}


def test_only_our_own_domains_are_swept(xl: Xl) -> None:
    assert xen.XenBackend().sweep(Judge(mine=True)) == [f"domain labkit-{owner()}-1"]
    assert [call for call in xl.calls if "destroy" in call] == [
        ["xl", "destroy", f"labkit-{owner()}-1"]
    ]
    assert xen.XenBackend().sweep(Judge()) == []  # its owner lives: this process


def test_a_domain_is_made_as_its_limits_say() -> None:
    limits = Limits(cpus=2, memory_mib=128)
    text = xen.configuration("lab", Path("/i/vmlinuz"), Path("/i/initramfs.cpio"), limits)
    lines = dict(line.split(" = ", 1) for line in text.splitlines())
    assert lines["type"] == '"pv"' and lines["kernel"] == '"/i/vmlinuz"'
    assert (lines["memory"], lines["vcpus"]) == ("128", "2")
    assert "LAB_PORT=hvc0" in lines["extra"]


def test_a_linux_that_is_no_first_domain_is_told(xl: Xl) -> None:
    backend = xen.XenBackend()
    assert backend.missing() is None
    xen.CAPABILITIES.write_text("")
    first = backend.missing()
    xen.CAPABILITIES.unlink()
    second = backend.missing()
    assert first and second and first.reason != second.reason


def test_xl_that_reaches_nothing_is_told(xl: Xl, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> Completed:
        raise CommandError("xl failed", details="Permission denied")

    monkeypatch.setattr(xen, "run", refuses)
    found = xen.XenBackend().missing()
    assert found and "Permission denied" in found.reason
    assert xen._domains() == []

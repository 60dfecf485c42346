"""Backend `xen`: what it asks xl for, and what it takes from its answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from labkit.backends import xen
from labkit.backends.timeline import Timeline
from labkit.errors import CommandError
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from labkit.system.process import Completed

LISTED = """Name                                        ID   Mem VCPUs\tState\tTime(s)
Domain-0                                     0  3072     2     r-----     124.9
labkit-{mark}-1                              4   256     1     -b----       1.3
somebodys                                    5   256     1     -b----       1.3
"""


class Xl:
    """An xl that writes down how it is called, and destroys what it is told to."""

    def __init__(self, listed: str) -> None:
        self.calls: list[Sequence[str]] = []
        self.listed = listed
        self.obeys = True

    def __call__(
        self, argv: Sequence[str], *, timeout: float = 60, check: bool = True
    ) -> Completed:
        self.calls.append(argv)
        if argv[1] == "destroy" and self.obeys:
            rows = self.listed.splitlines()
            self.listed = "\n".join(row for row in rows if not row.startswith(f"{argv[2]} "))
        return Completed(tuple(argv), 0, self.listed, "")


def refuses(*_: object, **__: object) -> Completed:
    raise CommandError("xl was stopped after 10 s", details="Permission denied")


@pytest.fixture
def xl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Xl:
    fake = Xl(LISTED.format(mark=owner()))
    (tmp_path / "capabilities").write_text("control_d\n")
    (tmp_path / "type").write_text("xen\n")
    monkeypatch.setattr(xen, "run", fake)
    monkeypatch.setattr(xen, "find_tool", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(xen, "CAPABILITIES", tmp_path / "capabilities")
    monkeypatch.setattr(xen, "KIND", tmp_path / "type")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return fake


def test_what_xen_counts_of_a_domain(xl: Xl) -> None:
    assert xen._told(f"labkit-{owner()}-1") == {"daemon_bytes": 256 << 20, "daemon_cpu_s": 1.3}
    assert xen._told("gone") == {}


def test_only_our_own_domains_are_swept(xl: Xl) -> None:
    assert xen.XenBackend().sweep(Judge()) == []  # its owner lives: this process
    assert xen.XenBackend().sweep(Judge(mine=True)) == [f"domain labkit-{owner()}-1"]
    assert [call for call in xl.calls if "destroy" in call] == [
        ["xl", "destroy", f"labkit-{owner()}-1"]
    ]


def test_one_that_stays_is_not_called_removed(xl: Xl) -> None:
    xl.obeys = False
    with pytest.raises(CommandError):
        xen.XenBackend().sweep(Judge(mine=True))


@pytest.mark.parametrize(
    ("state", "ended"), [("r-----", False), ("-b----", False), ("---s--", True), ("----c-", True)]
)
def test_its_end_is_what_xl_says(xl: Xl, state: str, ended: bool) -> None:
    xl.listed = LISTED.format(mark=owner()).replace("-b----", state)
    assert instance()._has_ended() == ended


def test_what_xl_does_not_tell_has_not_ended(xl: Xl, monkeypatch: pytest.MonkeyPatch) -> None:
    found = instance()
    monkeypatch.setattr(xen, "run", refuses)
    assert not found._has_ended() and "stopped after" in found._diagnosis()


def instance() -> xen.XenInstance:
    return xen.XenInstance(f"labkit-{owner()}-1", -1, Timeline(HostClock()))


def test_a_domain_is_made_as_its_limits_say() -> None:
    limits = Limits(cpus=2, memory_mib=128)
    text = xen.configuration("lab", Path("/i/vmlinuz"), Path("/i/initramfs.cpio"), limits)
    lines = dict(line.split(" = ", 1) for line in text.splitlines())
    assert lines["type"] == '"pv"' and lines["kernel"] == '"/i/vmlinuz"'
    assert (lines["memory"], lines["vcpus"]) == ("128", "2")
    assert "LAB_PORT=hvc0" in lines["extra"]


def test_each_reason_why_it_cannot_run_is_its_own(xl: Xl, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = xen.XenBackend()
    assert backend.missing() is None
    found = []
    with monkeypatch.context() as deaf:
        deaf.setattr(xen, "run", refuses)
        found.append(backend.missing())
    with monkeypatch.context() as user:
        user.setattr("os.geteuid", lambda: 1000)
        found.append(backend.missing())
    xen.CAPABILITIES.write_text("")
    found.append(backend.missing())
    xen.CAPABILITIES.unlink()
    found.append(backend.missing())
    xen.KIND.write_text("kvm")
    found.append(backend.missing())
    assert len({why.reason for why in found if why}) == 5
    assert found[0] and "Permission denied" in found[0].reason

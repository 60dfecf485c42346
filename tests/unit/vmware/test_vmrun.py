"""What vmrun says, as it is documented and quoted in public, and how it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from labkit.backends.vmware import vmrun
from labkit.backends.vmware.vmrun import Vmrun
from labkit.errors import BackendError, CommandError
from labkit.system.process import Completed

OFF = "Error: The virtual machine is not powered on: /m/x.vmx\n"


def says(text: str, status: int = 0) -> Vmrun:
    def runner(argv: Sequence[str], *, timeout: float = 60, check: bool = True) -> Completed:
        return Completed(tuple(argv), status, text, "")

    return Vmrun("vmrun", "ws", runner)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Total running VMs: 0\n", []),
        ("Total running VMs: 1\n/m/a b.vmx\n", ["/m/a b.vmx"]),
        ("Total running VMs: 2\r\n/m/x.vmx\r\n/m/한.vmx\r\n", ["/m/x.vmx", "/m/한.vmx"]),
    ],
)
def test_the_machines_that_run(text: str, paths: list[str]) -> None:
    assert says(text).running() == [Path(path) for path in paths]


@pytest.mark.parametrize("text", ["", "Total running VMs: 2\n/m/x.vmx\n", "usage: vmrun\n"])
def test_a_list_that_makes_no_sense(text: str) -> None:
    with pytest.raises(BackendError):
        says(text).running()


@pytest.mark.parametrize("status", [255, 0])
def test_an_error_is_one_whatever_the_exit_status(status: int) -> None:
    with pytest.raises(BackendError) as caught:
        says(OFF, status).stop(Path("/m/x.vmx"))
    assert OFF.strip() in caught.value.details and caught.value.resolution


def test_a_vmrun_that_does_not_answer() -> None:
    def runner(argv: Sequence[str], **options: object) -> Completed:
        raise CommandError("vmrun was stopped after 60 s")

    with pytest.raises(BackendError):
        Vmrun("vmrun", "ws", runner).running()


@pytest.mark.parametrize("loaded", [True, False])
def test_a_driver_that_is_not_loaded_is_told_with_what_builds_it(
    loaded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "vmmon"
    if loaded:
        device.touch()
    monkeypatch.setattr(vmrun, "DRIVER", str(device))
    error = vmrun.refusal("start the machine", "Error: Unknown error")
    assert ("vmware-modconfig" in error.resolution) == (not loaded)


@pytest.mark.parametrize("status", [0, 255])
def test_its_version_comes_with_its_usage(status: int) -> None:
    text = "\nvmrun version 1.17.0 build-18811642\n\nUsage: vmrun [AUTHENTICATION-FLAGS] COMMAND\n"
    assert says(text, status).version() == "VMware Workstation, vmrun 1.17.0 build-18811642"
    with pytest.raises(BackendError):
        says("Segmentation fault").version()


@pytest.mark.parametrize(
    ("platform", "programs", "product"),
    [
        ("linux", {"vmrun", "vmware"}, "ws"),
        ("linux", {"vmrun", "vmware", "vmplayer"}, "ws"),
        ("linux", {"vmrun", "vmplayer"}, "player"),
        ("darwin", {f"{vmrun.FUSION}/vmrun"}, "fusion"),
        ("linux", set(), None),
    ],
)
def test_which_product_it_speaks_to(
    platform: str, programs: set[str], product: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(vmrun, "find_tool", lambda name: name if name in programs else None)
    found = vmrun.find_vmrun()
    assert (found and found.product) == product

"""Backend `vmware`: a machine that boots the lab image's ISO, all through vmrun.

The agent speaks on the second serial port; the first is the kernel's console. CPU limit: one
virtual processor, since the boot medium is made for one; memory: the guest's RAM. A machine lies
in a scratch folder, whose name says whose it is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from labkit.backends import boot_medium
from labkit.backends.base import Backend, Missing
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.piped import instance_name
from labkit.backends.serial_ports import check_length, conversation
from labkit.backends.timeline import Timeline
from labkit.backends.vmware import settings
from labkit.backends.vmware.vmrun import (
    MACHINE,
    VMRUN,
    Vmrun,
    find_vmrun,
    processes,
    refusal,
    wait_gone,
)
from labkit.errors import BackendError, GuestTimeout, LabError
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import PACKAGES, Engine
from labkit.system import owned_files
from labkit.system.owner_marks import TEMP_PREFIX, mark_in, scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import end, last_lines, wait_for

SITE = "https://www.vmware.com/products/desktop-hypervisor/workstation-and-fusion"
UNTRIED = "not tried on the real program, only with a vmrun of the tests, which boots QEMU"
UNPROVEN = f"no process is proven to be the machine's ({MACHINE} with its .vmx)"
COMPLAINT_TIMEOUT_S = 5.0
# What is said beside the machine's files, by its own program too: → title.
LOGS = {"vmrun.log": "vmrun said", "vmware.log": "its log", "console.log": "the console"}


class VmwareInstance(Instance):
    def __init__(
        self,
        vmrun: Vmrun,
        vmx: Path,
        starting: subprocess.Popen[bytes],
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._vmrun = vmrun
        self._vmx = vmx
        self._starting = starting

    def meters(self) -> tuple[Meter, ...]:
        pids = tuple(process.pid for process in processes(self._vmx))
        return (Meter(MACHINE, "instance", pids, why="" if pids else UNPROVEN),)

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        refused = ""
        try:
            self._vmrun.stop(self._vmx)
        except BackendError as error:  # the guest's own power-off may have come first
            refused = error.details
        gone = wait_gone(self._vmx, STOP_TIMEOUT_S)
        if not gone or (refused and self._vmrun.runs(self._vmx)):
            raise GuestTimeout("VMware did not end the machine", details=refused)

    def _diagnosis(self) -> str:
        """vmrun may complain after the serial ports have answered."""
        wait_for(self._starting, COMPLAINT_TIMEOUT_S)
        return diagnose(self._vmx.parent)


class VmwareBackend(Backend):
    name = "vmware"
    family = "host-virtualization"
    by_default = False
    about_s = 10.0
    sweeps_files = True
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": "the lab does not suspend machines of VMware yet",
        PACKAGES: "the lab gives machines of VMware no second disk yet",
    }

    def missing(self) -> Missing | None:
        if (refused := boot_medium.refused()) is not None:
            return refused
        if find_vmrun() is None:
            return Missing(
                f"VMware ({VMRUN}) is not installed; this backend was {UNTRIED}",
                f"install Workstation or Fusion, which are free of charge: {SITE}",
            )
        return None

    def version(self) -> str:
        return _vmrun().version()

    def engine(self, image: LabImage | None) -> Engine:
        return "vmware"

    def cautions(self) -> tuple[str, ...]:
        return (UNTRIED,)

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        boot_medium.check_processors(limits, "VMware")
        vmrun = _vmrun()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder()).resolve()
            vmx = _made(folder, image, limits)
            stack.callback(_removed, vmrun, vmx)
            timeline.mark("created")
            starting = vmrun.start(vmx, folder / "vmrun.log")
            stack.callback(end, starting)
            session = stack.enter_context(
                conversation(
                    folder,
                    folder / "console.log",
                    timeline,
                    alive=lambda: starting.poll() is None or bool(processes(vmx)),
                    refused=lambda: refusal("start the machine", diagnose(folder)),
                )
            )
            yield VmwareInstance(vmrun, vmx, starting, session, timeline)

    def sweep(self, judge: Judge) -> list[str]:
        """Ends the machines that run from folders which the judge takes. A folder goes with all
        others of the lab's; that of a machine which does not end stays: it leads to it."""
        vmrun, ended = find_vmrun() or Vmrun(VMRUN, "ws"), []
        for vmx in _machines():
            mark, what = mark_in(vmx.parent.name), f"machine {vmx}"
            by_hand = vmrun.argv("stop", vmx, "hard")
            if not judge.takes(mark, what, by_hand) or not vmrun.runs(vmx):
                continue
            if vmrun.end(vmx):
                ended.append(what)
            else:
                judge.spares(mark)
                judge.keeps(what, "it does not end", by_hand)
        return ended


def diagnose(folder: Path) -> str:
    """The end of what vmrun, the machine's own program, and the guest's kernel have said."""
    said = {}
    for name, title in LOGS.items():
        with suppress(OSError):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            said[title] = last_lines(text, 6)
    return "\n".join(f"{title}:\n{text}" for title, text in said.items() if text)


def _vmrun() -> Vmrun:
    found = find_vmrun()
    if found is None:
        raise BackendError(f"{VMRUN} is not installed", resolution=f"install it: {SITE}")
    return found


def _made(folder: Path, image: LabImage, limits: Limits) -> Path:
    """A machine in this folder, that does not run yet."""
    check_length(folder)
    assert image.iso is not None, "missing() has refused such a computer"
    name, disk = instance_name(), boot_medium.make_disk(folder)
    vmx = folder / f"{name}.vmx"
    values = settings.settings(name, limits, image.iso.resolve(), disk, folder)
    try:
        vmx.write_text(settings.text(values), encoding="utf-8")
    except UnicodeEncodeError as error:
        raise BackendError(
            "VMware cannot be told a path that is not UTF-8",
            details=f"{str(folder)!r}, {str(image.iso)!r}",
            resolution="name other folders: TMPDIR=FOLDER for the first, LABKIT_CACHE=FOLDER",
        ) from error
    return vmx


def _removed(vmrun: Vmrun, vmx: Path) -> None:
    vmrun.end(vmx)
    with suppress(LabError):  # what is left even so goes with the folder
        vmrun.delete(vmx)


def _machines() -> list[Path]:
    """Those of labs of this user, by their files."""
    temporary = Path(tempfile.gettempdir()).resolve()
    found = owned_files.listed(temporary, f"{TEMP_PREFIX}*/{TEMP_PREFIX}*.vmx")
    return [vmx for vmx in found if owned_files.is_mine(vmx.parent) and owned_files.is_mine(vmx)]

"""The backend against programs that write down how they are called."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox import installation, registry
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.installation import Installation
from labkit.errors import BackendError
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS, Engine
from labkit.system.clock import HostClock
from labkit.system.owner_marks import mark_of, owner

Calls = Callable[[], list[list[str]]]


@contextmanager
def started(
    image: LabImage, engine: Engine, limits: Limits | None = None
) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    backend = VirtualBoxBackend(Installation(), engine)
    with backend.launch(image, limits or Limits(), timeline) as instance:
        instance.wait_ready(10)
        yield instance, timeline


def nothing_is_left() -> bool:
    ours = [
        p for p in psutil.process_iter() if mark_of(p) == owner() and p.pid != psutil.Process().pid
    ]
    return not ours and not list(Path(tempfile.gettempdir()).iterdir())


def replace_disk(image: LabImage, disk: Path) -> LabImage:
    return cast(LabImage, SimpleNamespace(**{**vars(image), "disk": disk}))


@pytest.mark.parametrize("engine", ["vbox-hm", "vbox-recompiler"])
def test_a_life(calls: Calls, small_image: LabImage, engine: Engine) -> None:
    with started(small_image, engine) as (instance, timeline):
        assert instance.run(Request("cpu", 0.1)).operations == 8
        assert instance.meters()[0].role == "instance"
        instance.stop()
    never = {"first_response", *OF_PODS}
    assert list(timeline.since_requested()) == [m for m in MILESTONES if m not in never]
    assert nothing_is_left()


# Each command of a life, in order. A line that begins with an engine's name is for that one only.
COMMANDS = """
VBoxManage -q createvm --name NAME --basefolder HOME --ostype Linux_64 --register
VBoxManage -q modifyvm NAME --memory 256 --cpus 1 --ioapic off --graphicscontroller vboxvga \
    --vram 4 --audio-driver none --nic1 none --usb-ohci off --keyboard ps2 --mouse ps2 \
    --rtcuseutc on --boot1 dvd --boot2 none --boot3 none --boot4 none \
    --firmware-boot-menu disabled --firmware-logo-fade-in off --firmware-logo-fade-out off \
    --firmware-logo-display-time 0 DRIVERLESS \
    --uart1 0x3F8 4 --uartmode1 server HOME/NUMBER/console \
    --uart2 0x2F8 3 --uartmode2 server HOME/NUMBER/agent
vbox-recompiler VBoxManage -q setextradata NAME VBoxInternal/EM/IemExecutesAll 1
vbox-recompiler VBoxManage -q setextradata NAME VBoxInternal/CPUM/IsaExts/RDRAND 1
vbox-recompiler VBoxManage -q setextradata NAME VBoxInternal/CPUM/IsaExts/RDSEED 1
vbox-recompiler VBoxManage -q storagectl NAME --name cd --add ide --controller PIIX4
vbox-hm VBoxManage -q storagectl NAME --name cd --add sata --controller IntelAhci
VBoxManage -q storageattach NAME --storagectl cd --port 0 --device 0 --type dvddrive \
    --medium HOME/0123456789ab.iso
VBoxManage -q storagectl NAME --name scratch --add pcie --controller NVMe
VBoxManage -q storageattach NAME --storagectl scratch --port 0 --device 0 --type hdd \
    --medium HOME/NAME/scratch.vdi
vbox-hm VBoxManage -q startvm NAME --type headless
vbox-hm VBoxHeadless --comment NAME --startvm NAME
vbox-recompiler Xvfb -displayfd FD -screen 0 640x480x24 -nolisten tcp -noreset
vbox-recompiler VirtualBoxVM --startvm NAME --no-startvm-errormsgbox --execute-all-in-iem \
    --driverless
VBoxManage -q controlvm NAME poweroff
VBoxManage -q unregistervm NAME --delete
"""


def expected(engine: Engine, name: str, home: str) -> list[list[str]]:
    only = "--vm-execution-engine recompiler --paravirt-provider none"
    text = COMMANDS.replace("\\\n", "").replace("NAME", name).replace("HOME", home)
    text = text.replace("NUMBER", name.rpartition("-")[2])
    text = text.replace("DRIVERLESS", only if engine == "vbox-recompiler" else "")
    lines = [line.split() for line in text.strip().splitlines()]
    return [
        line[1:] if line[0] == engine else line
        for line in lines
        if line[0] == engine or not line[0].startswith("vbox-")
    ]


@pytest.mark.parametrize("engine", ["vbox-hm", "vbox-recompiler"])
def test_the_exact_commands(calls: Calls, small_image: LabImage, engine: Engine) -> None:
    with started(small_image, engine) as (instance, _):
        instance.stop()
    # The number of the open file that the display writes its own number to.
    made = [
        ["FD" if call[i - 1] == "-displayfd" else w for i, w in enumerate(call)] for call in calls()
    ]
    name = made[0][4]
    assert name.startswith(f"labkit-{owner()}-")
    assert made == expected(engine, name, str(registry.home_folder()))


def test_a_root_on_a_disk_is_never_written(calls: Calls, small_image: LabImage) -> None:
    """Its content is the lab image's own file, or another name of it."""
    disk = small_image.folder / "root.ext4"
    disk.write_bytes(bytes(4096))
    with started(replace_disk(small_image, disk), "vbox-hm") as (instance, _):
        (described,) = registry.home_folder().glob("*/root.vmdk")
        assert f'RW 8 FLAT "{small_image.folder.name}.ext4" 0' in described.read_text()
        instance.stop()
    (attached,) = [call for call in calls() if str(described) in call]
    assert attached[attached.index("--mtype") + 1] == "immutable"
    assert attached[attached.index("--port") + 1] == "1"
    assert disk.read_bytes() == bytes(4096) and nothing_is_left()


@pytest.mark.parametrize("fails", ["createvm", "modifyvm", "storageattach", "startvm"])
def test_nothing_is_left_of_a_machine_that_fails_half_way(
    calls: Calls, small_image: LabImage, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setenv("FAKE_VBOX_FAILS", fails)
    with pytest.raises(BackendError) as caught, started(small_image, "vbox-hm"):
        pass
    assert "told to fail" in caught.value.details
    assert nothing_is_left()
    removed = ["unregistervm" in call for call in calls()]
    assert any(removed) == (fails != "createvm"), "what was not made must not be removed"


def test_nothing_is_left_when_the_caller_breaks_off(calls: Calls, small_image: LabImage) -> None:
    for engine in ("vbox-hm", "vbox-recompiler"):
        with pytest.raises(KeyboardInterrupt), started(small_image, engine):
            raise KeyboardInterrupt
        assert nothing_is_left()


def test_two_machines_share_a_registry_that_ends_with_the_last(
    calls: Calls, small_image: LabImage
) -> None:
    with started(small_image, "vbox-hm") as (first, _):
        with started(small_image, "vbox-hm") as (second, _):
            assert first.meters()[0].pids != second.meters()[0].pids
            second.stop()
        assert registry.home_folder().is_dir()
        assert first.run(Request("cpu", 0.1)).operations == 8
        first.stop()
    assert nothing_is_left()


def test_more_than_one_processor_is_refused(calls: Calls, small_image: LabImage) -> None:
    with (
        pytest.raises(BackendError, match="one processor"),
        started(small_image, "vbox-hm", Limits(cpus=2)),
    ):
        pass
    assert calls() == []


def test_a_long_path_is_refused_before_anything_is_made(
    calls: Calls, small_image: LabImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(BackendError, match="too long") as caught, started(small_image, "vbox-hm"):
        pass
    assert "allows 107" in caught.value.details and "TMPDIR" in caught.value.resolution
    assert calls() == [] and nothing_is_left()


def test_what_is_missing(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "DRIVER", str(tmp_path / "nothing"))
    assert VirtualBoxBackend(Installation(), "vbox-hm").missing() is None
    assert VirtualBoxBackend(Installation(), "vbox-recompiler").missing() is None
    (tmp_path / "bin" / "Xvfb").unlink()
    missing = VirtualBoxBackend(Installation(), "vbox-recompiler").missing()
    if missing is not None:  # there may be one in /usr/bin
        assert "Xvfb" in missing.reason and missing.fix.endswith("labkit setup virtualbox")


def test_the_version(calls: Calls) -> None:
    assert VirtualBoxBackend(Installation()).version() == "VirtualBox 7.2.22r1"


def test_the_engine_follows_the_driver(tmp_path: Path) -> None:
    device = tmp_path / "vboxdrv"
    assert "not loaded" in (installation.driver_refusal(str(device)) or "")
    device.touch()
    assert installation.driver_refusal(str(device)) is None


def test_a_command_in_the_private_root_mounts_nothing_on_the_host(tmp_path: Path) -> None:
    program = tmp_path / "usr/lib/virtualbox/VBoxManage"
    program.parent.mkdir(parents=True)
    program.touch()
    argv = Installation(tmp_path).argv(Path("/tmp/labkit-1-2-vbox"), "VBoxManage", "list", "vms")
    assert argv[:2] == ["env", "VBOX_USER_HOME=/tmp/labkit-1-2-vbox/registry"]
    where = argv.index("unshare")
    assert argv[where : where + 4] == ["unshare", "--mount", "--propagation", "private"]
    tail = [str(tmp_path), "/tmp/labkit-1-2-vbox", "/usr/lib/virtualbox/VBoxManage", "list", "vms"]
    assert argv[-5:] == tail


@pytest.mark.parametrize(
    ("flags", "hangs"), [("fpu svm la57", True), ("fpu vmx la57", False), ("fpu svm", False)]
)
def test_five_levels_of_page_tables_are_told_where_machines_hang(
    flags: str, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.system.host._cpuinfo", lambda: f"flags\t\t: {flags}\n")
    found = VirtualBoxBackend(Installation(Path("/")), "vbox-hm").missing()
    assert ("no5lvl" in found.fix if found else False) == hangs

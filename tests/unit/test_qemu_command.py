"""What a machine is asked for, by its engine and the processor that the lab image is for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labkit.backends.qemu.backend import QemuBackend, _boot
from labkit.backends.qemu.command import SOCKETS, command, make_disk, root_disk
from labkit.backends.qemu.resumed import QemuResumedBackend
from labkit.image import LabImage
from labkit.image.architecture import AMD64, ARM64, Architecture
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine


def image_for(architecture: Architecture) -> LabImage:
    made = SimpleNamespace(
        architecture=architecture, kernel="vmlinuz", initramfs="initramfs.cpio", disk=None
    )
    return cast(LabImage, made)


@pytest.mark.parametrize(
    ("engine", "architecture", "processor"),
    [
        ("kvm", AMD64, "host,-arch-capabilities"),
        ("kvm", ARM64, "host"),
        ("hvf", ARM64, "host"),
        ("tcg", ARM64, "max"),
    ],
)
def test_the_processor_is_one_that_the_machine_may_have(
    engine: Engine, architecture: Architecture, processor: str
) -> None:
    sockets = dict.fromkeys(SOCKETS, 3)
    words = command(engine, image_for(architecture), Limits(), Path("folder"), sockets)
    assert words[words.index("-cpu") + 1] == processor


@pytest.mark.parametrize(
    ("architecture", "port"), [(AMD64, "console=ttyS0"), (ARM64, "LAB_PORT=ttyS0")]
)
def test_an_engine_is_proven_by_a_kernel_line_of_its_own_processor(
    architecture: Architecture,
    port: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Asked(Exception):
        pass

    def machine(*given: Any) -> None:
        raise Asked(given[-1])

    monkeypatch.setattr(QemuBackend, "_machine", machine)
    with pytest.raises(Asked) as caught:
        _boot("kvm", image_for(architecture))
    option, line = caught.value.args[0]
    assert option == "-append" and {port, "ignore_loglevel"} <= set(line.split())


def test_a_root_on_a_disk_is_only_read_and_lies_behind_the_guests_own_disk(tmp_path: Path) -> None:
    """Both on one controller: on two, whichever answers first would be the first."""
    image = cast(LabImage, SimpleNamespace(disk=tmp_path / "a,b" / "root.ext4"))
    root = " ".join(root_disk(image))
    assert f"file={tmp_path}/a,,b/root.ext4,if=none,id=root,format=raw,readonly=on" in root
    assert "nvme-ns,drive=root,bus=disks,nsid=2" in root
    own = " ".join(make_disk(tmp_path / "disk", Limits(), beside_root=True))
    assert "nvme-ns,bus=disks,nsid=1,drive=scratch" in own and ",cache=writeback" in own
    assert QemuBackend().configuration() == {"disk_cache": "writeback"}
    assert QemuResumedBackend().configuration() == {}  # it has no disk
    assert root_disk(image_for(AMD64)) == ()

"""Images as a user has them, without the lab's agent: a container image, and a disk that the
computer's own firmware and a boot loader start."""

from __future__ import annotations

import io
import tarfile
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Request, Script
from labkit.image import LabImage
from labkit.image.cmdline import command_line
from labkit.image.networked import append_entries, networked
from labkit.image.rootfs import program
from labkit.image.unpacked import unpacked
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from tests.bootable_disk import bootable

# Says something, serves a page at port 8080, says that it is ready.
SERVE = """#!/bin/busybox sh
[ -d /proc/1 ] || { /bin/busybox mount -t proc proc /proc; /bin/busybox mount -t devtmpfs d /dev; }
echo "this is a system of one's own"
/bin/busybox mkdir -p /tmp/www && echo hello >/tmp/www/index.html
echo "own login: "
echo READY to serve
exec /bin/busybox httpd -f -p 8080 -h /tmp/www
"""
LINE = "console=ttyS0 quiet rdinit=/lab/network mitigations=off panic=-1"
# Where each instruction is interpreted: the lab's own lean line.
LEAN = command_line(1, network=True)


def make_disk(target: Path, image: LabImage, line: str = LINE) -> None:
    """A raw disk: isolinux as a disk's boot loader (isohybrid), the lab's kernel."""
    plain = networked(image, progress=False)
    initramfs = target.with_suffix(".cpio")
    append_entries(plain.initramfs, [program("init", SERVE.encode())], initramfs)
    kernel = image.kernel.read_bytes()
    kernel = (unpacked(kernel) if line == LEAN else None) or kernel
    bootable(target, line, kernel, initramfs.read_bytes())


def make_container_image(client: docker.DockerClient, image: LabImage, name: str) -> None:
    """The lab's busybox with another program as its first."""
    dockerfile = f"FROM {image.container_tag}\nCOPY serve /serve\nENTRYPOINT []\nCMD /serve\n"
    dockerfile = dockerfile.replace("CMD /serve", 'CMD ["/serve"]')
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, data in (("Dockerfile", dockerfile), ("serve", SERVE)):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data.encode()), 0o755
            archive.addfile(member, io.BytesIO(data.encode()))
    context.seek(0)
    client.images.build(fileobj=context, custom_context=True, tag=name, rm=True)


def life(name: str, image: LabImage, timeout: float = 120) -> dict[str, float]:
    """A whole one: its milestones."""
    backend, timeline = make_backend(name), Timeline(HostClock())
    backend.progress = False
    assert backend.missing() is None
    backend.prepare(image)
    with ExitStack() as stack:
        stack.enter_context(backend.saved_state(image, Limits()))
        timeline.mark("requested")
        instance = stack.enter_context(backend.launch(image, Limits(), timeline))
        instance.wait_ready(timeout)
        answer = instance.run(Request("idle", 0.3))
        assert 0.3 <= answer.end - answer.begin < 5 and answer.operations is None
        assert any(meter.pids for meter in instance.meters())
        with pytest.raises(BackendError, match="no script"):
            instance.shell(Script("true"))
        instance.stop()
    return timeline.since_requested()

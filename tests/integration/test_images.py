"""Images and containers on the real Docker: what is told is what is there, and nothing stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.docker.containers import OWNER_LABEL
from labkit.errors import BackendError
from labkit.experiments import images as images_of_the_lab
from labkit.experiments.images import recipes
from labkit.experiments.images.cold_load import cold_load
from labkit.experiments.images.copy_up import copy_up
from labkit.experiments.images.docker import Images, connected
from labkit.experiments.images.drift import HOST, NEW, OLD, drift
from labkit.experiments.images.image_layers import layers
from labkit.experiments.images.page_sharing import COMMAND, page_sharing, require_ready
from labkit.experiments.images.setting import Setting
from labkit.image import LabImage
from labkit.measure.sampler import read
from labkit.system.clock import wait_until
from labkit.system.owner_marks import mark_of, owner, owner_mark

pytestmark = pytest.mark.docker
MIB = 2**20
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may chroot(2)")


@pytest.fixture
def images(docker_backend: Backend) -> Iterator[Images]:
    with connected() as found:
        yield found
    assert left(owner()) == []


def left(mark: str) -> list[str]:
    """Images and containers that carry an owner's mark."""
    label: dict[str, Any] = {"label": f"{OWNER_LABEL}={mark}"}
    with closing(docker.from_env()) as client:
        containers = client.containers.list(all=True, filters=label, ignore_removed=True)
        return [*map(str, client.images.list(filters=label)), *(str(c.name) for c in containers)]


def daemons() -> list[psutil.Process]:
    """Those that this process has started with its mark."""
    found = [p for p in psutil.process_iter(["name"]) if p.info["name"] == "dockerd"]
    return [process for process in found if mark_of(process) == owner()]


def test_layers_are_as_large_as_their_files_and_equal_ones_the_same(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    rows = {(row.image, row.title): row for row in layers(Setting(images, lab_image, tmp_path))}
    files = [path for path in lab_image.rootfs.rglob("*") if path.is_file()]
    size = sum(path.lstat().st_size for path in files)  # of a link: the length of its target
    base = rows["busybox", "lab root"]
    assert base.size_bytes == size
    assert base.digest == rows["python", "lab root"].digest
    assert rows["python", "python"].digest == rows["python-other-app", "python"].digest
    digests = {row.digest for row in rows.values()}
    assert len(digests) == 6
    if base.disk_bytes is not None:
        assert size <= base.disk_bytes < size + 4096 * len(files)


def test_memory_is_what_proc_says_of_the_container_s_processes(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    """Two ways to the same figure: the sampler by the container's first process, and here by the
    control group, from the sum over smaps(5) instead of the kernel's own."""
    recipe = recipes.python(lab_image)
    with images.loaded(recipe, tmp_path), ExitStack() as stack:
        running = [stack.enter_context(images.program(recipe.tag, COMMAND)) for _ in range(3)]
        for program in running:
            require_ready(program)
        for program in running:
            (own,) = [meter for meter in program.meters() if meter.role == "instance"]
            told = read(own).pss_bytes
            assert told is not None
            assert told == pytest.approx(pss_by_cgroup(own.pids[0]), abs=64 * 1024)


def pss_by_cgroup(pid: int) -> int:
    """The PSS of all processes in the control group that this one is in."""
    (container,) = set(re.findall(r"[0-9a-f]{64}", Path(f"/proc/{pid}/cgroup").read_text()))
    total = 0
    for group in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if container in group.read_text():
                smaps = (group.parent / "smaps").read_text()
                total += 1024 * sum(map(int, re.findall(r"^Pss:\s+(\d+) kB", smaps, re.MULTILINE)))
        except OSError:  # it has ended meanwhile
            continue
    return total


def test_containers_of_one_image_share_its_pages_and_others_do_not(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    rows = page_sharing(Setting(images, lab_image, tmp_path), count=3)
    pss = {
        number: sum(r.pss_bytes or 0 for r in rows if r.images == number and r.running == 3)
        for number in (1, 3)
    }
    rss = {
        number: sum(r.rss_bytes or 0 for r in rows if r.images == number and r.running == 3)
        for number in (1, 3)
    }
    assert pss[1] < 0.75 * pss[3]
    assert rss[1] == pytest.approx(rss[3], rel=0.05)


def test_the_first_write_copies_the_whole_file_and_the_second_nothing(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    rows = copy_up(Setting(images, lab_image, tmp_path, trials=3))
    for row in rows:
        assert row.layer_before_bytes is not None and row.layer_after_bytes is not None
        grew = row.layer_after_bytes - row.layer_before_bytes
        copied = row.place == "image" and row.write == 1
        appended = row.place == "image"
        expected = (row.file_bytes if copied else 0) + (1 if appended else 0)
        # containerd's store counts what is taken on the disk, in blocks, folders too
        assert abs(grew - expected) <= (0 if row.upper_before_bytes is not None else 4 * 4096)
        if row.upper_before_bytes is not None and row.upper_after_bytes is not None:
            disk = row.upper_after_bytes - row.upper_before_bytes
            assert disk >= row.file_bytes if copied else disk <= 4096
    large = [row for row in rows if row.place == "image" and row.file_bytes == 64 * MIB]
    first, second = (min(row.seconds for row in large if row.write == n) for n in (1, 2))
    assert first > 5 * second


def test_from_nothing_the_store_has_none_of_its_layers(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    rows = cold_load(Setting(images, lab_image, tmp_path))
    assert [(row.start, row.step) for row in rows if row.way == "container"] == [
        *((1, 1), (1, 2), (1, 3), (1, 4)),
        *((2, 1), (2, 2), (2, 3)),
    ]
    loads = {row.way: row for row in rows if row.step == 1 and row.start == 1}
    assert loads["container"].bytes < loads["container with Python"].bytes
    assert loads["container"].seconds < loads["container with Python"].seconds
    with closing(docker.from_env()) as client:  # the lab's own image has not been touched
        assert client.images.get(lab_image.container_tag).labels


@ROOT
def test_what_drifts_breaks_on_the_host_and_not_in_the_container(
    images: Images, lab_image: LabImage, tmp_path: Path
) -> None:
    rows = drift(Setting(images, lab_image, tmp_path))
    found = {(row.change, row.place, row.moment): row for row in rows}
    for change in {row.change for row in rows}:
        assert found[change, HOST, "before"].out == "total: 7"
        assert found[change, OLD, "after"].out == "total: 7"
        for place in (HOST, NEW):
            broken = found[change, place, "after"]
            assert broken.status != 0
            assert broken.err
    assert "currency" in found["a module is upgraded", HOST, "after"].err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended_in_the_middle_it_leaves_nothing(
    docker_backend: Backend, number: signal.Signals, tmp_path: Path
) -> None:
    """Of a lab that could not clean up itself, `labkit clean` removes images, too."""
    labkit = str(Path(sys.executable).with_name("labkit"))
    words = [labkit, "images", "--parts", "page_sharing", "--out", str(tmp_path / "it")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as lab:
        mark = owner_mark(lab.pid)
        try:
            assert wait_until(lambda: len(left(mark)) >= 3, timeout=60)  # an image, two containers
            time.sleep(0.1)
        finally:
            lab.send_signal(number)
        _, said = lab.communicate(timeout=60)
    assert lab.returncode == (130 if number == signal.SIGINT else -number), said
    if number == signal.SIGKILL:
        assert len(left(mark)) >= 3
        done = subprocess.run([labkit, "clean"], capture_output=True, check=True, timeout=120)
        assert b"image" in done.stdout, done
    assert left(mark) == []
    assert not list(Path(tempfile.gettempdir()).glob(f"labkit-{mark}-*"))


@ROOT
def test_with_vfs_no_container_shares_a_page(lab_image: LabImage, tmp_path: Path) -> None:
    """On a daemon of the lab's own, which is gone afterwards."""
    before = os.environ.get("DOCKER_HOST")
    found = images_of_the_lab.run(
        ["page_sharing"], storage_driver="vfs", out=tmp_path / "it", progress=False
    )
    assert found.manifest.storage_driver == found.manifest.plan.storage_driver == "vfs"
    assert list(found.manifest.backends) == ["docker"]
    last = found.page_sharing[found.page_sharing["running"] == 10]
    total = last.groupby("images")["pss_bytes"].sum()
    assert total[1] == pytest.approx(total[10], rel=0.1)
    assert os.environ.get("DOCKER_HOST") == before
    assert not daemons()


@ROOT
def test_a_storage_driver_that_is_none_is_told_by_the_daemons_own_words(
    lab_image: LabImage, tmp_path: Path
) -> None:
    with pytest.raises(BackendError) as told:
        images_of_the_lab.run(
            ["layers"], storage_driver="punchcards", out=tmp_path / "it", progress=False
        )
    assert "punchcards" in told.value.details
    assert not (tmp_path / "it").exists()
    assert not daemons()


def test_a_recording_is_made_part_by_part(images: Images, tmp_path: Path) -> None:
    found = images_of_the_lab.run(
        ["layers", "cold_load"], repeats=1, machines=[], out=tmp_path / "it", progress=False
    )
    assert found.ending is not None and found.ending.batches == 2 and not found.left_out
    assert set(found.cold_load["way"]) == {"container", "container with Python"}
    assert list(found.layers["image"].unique())[:2] == ["scratch", "busybox"]
    assert found.drift.empty and found.manifest.backends["docker"].version

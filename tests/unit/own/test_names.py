"""Images of one's own and sweeps: what the names of backends say, and how they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.own.names import (
    bits,
    has_agent,
    is_own,
    own_limits,
    short,
    swept,
    within,
    without_folders,
)
from labkit.backends.qemu import disk_format
from labkit.backends.table import make_backend
from labkit.errors import UsageError
from labkit.experiments.benchmark import planning
from labkit.experiments.benchmark.options import RunOptions
from labkit.experiments.benchmark.profiles import PROFILES
from labkit.experiments.benchmark.variants import named
from labkit.recordings.facts import Limits
from labkit.recordings.words import FORMATS

OWN = "docker:image=site/app:1.2@sha256:ab:ready=http://:80/a:bits=app"


def test_free_text_may_have_colons() -> None:
    chosen = make_backend(OWN).chosen
    assert chosen["image"] == "site/app:1.2@sha256:ab"
    assert (chosen["ready"], chosen["bits"]) == ("http://:80/a", "app")
    assert make_backend(OWN).name == OWN


def test_what_a_name_tells() -> None:
    assert is_own(OWN) and not is_own("docker:network=bridge")
    assert (bits(OWN), bits("docker")) == ("app", "")
    assert bits("qemu:disk=a:ready=tcp:1") != bits("qemu:disk=b:ready=tcp:1")
    for name in ("virtualbox:disk=a", "virtualbox:ova=a", "qemu:ova=a", "docker:image=./a"):
        full = f"{name}:ready=tcp:1"
        assert is_own(full) and not has_agent(full) and bits(full)
        assert bits(f"{full}:bits=app") == "app" and short(full) == name
    assert short(OWN) == "docker:image=site/app:1.2@sha256:ab"


def test_one_file_or_image_is_the_same_bits_wherever_it_runs() -> None:
    disk = {bits(f"{name}:ready=tcp:1") for name in ("qemu:disk=a:bus=ide", "virtualbox:ova=a")}
    image = {bits(f"docker:image=a:ready=tcp:1:memory={mib}") for mib in (64, 128)}
    assert len(disk) == len(image) == 1 and disk != image


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("qemu:disk=/home/anna/x.qcow2:ready=http://:80/a", "qemu:disk=x.qcow2:ready=http://:80/a"),
        ("qemu:disk=/a:b=c/x.qcow2:ready=tcp:1", "qemu:disk=x.qcow2:ready=tcp:1"),
        ("virtualbox:ova=~/My labs/a:b.ova:bus=ide", "virtualbox:ova=a:b.ova:bus=ide"),
        ("qemu:disk=/a/x:seed=/home/anna/s.iso:ready=tcp:1", "qemu:disk=x:seed=s.iso:ready=tcp:1"),
        ("docker:image=/home/anna/app:ready=tcp:1", "docker:image=./app:ready=tcp:1"),
        (OWN, OWN),
        ("docker:network=bridge", "docker:network=bridge"),
    ],
)
def test_a_name_without_folders_tells_nobody_where_files_lie(name: str, shown: str) -> None:
    assert without_folders(name) == shown


def test_a_distribution_is_one_everywhere_and_says_itself_when_it_is_ready() -> None:
    names = [*PROFILES["distribution"].backends]
    assert {bits(name) for name in names} == {"distribution"} and not any(map(is_own, names))
    assert not any(map(has_agent, names)) and has_agent("docker:network=none")
    assert named(names, None, None) == names
    assert [make_backend(name).name for name in names] == names
    assert short(names[0]) == "docker:plain"
    with pytest.raises(UsageError, match="nothing to apply to"):
        named(names, "tcp:22", None)
    with pytest.raises(UsageError):
        make_backend("qemu:distribution=plain")


@pytest.mark.parametrize("name", ["host", "docker:network=bridge", "qemu:disk=a:ready=tcp:1"])
def test_limits_of_one_backend_alone(name: str) -> None:
    limits = Limits(cpus=1, memory_mib=256)
    full = f"{name}:cpus=2:memory=512"
    assert make_backend(full).within(limits) == Limits(cpus=2, memory_mib=512)
    assert within(full, limits) == Limits(cpus=2, memory_mib=512)
    assert within(name, limits) == make_backend(name).within(limits) == limits


@pytest.mark.parametrize(
    "name", ["host:cpus=0", "host:cpus=x", "docker:image=", "docker:disk=x", "host:image=x"]
)
def test_a_setting_that_makes_no_sense_is_told(name: str) -> None:
    with pytest.raises(UsageError):
        make_backend(name)


def test_ready_is_for_those_that_do_not_say_it_themselves() -> None:
    found = named(["host", "docker:image=a", "docker:image=b:ready=tcp:1"], "line:UP", None)
    assert found == ["host", "docker:image=a:ready=line:UP", "docker:image=b:ready=tcp:1"]


@pytest.mark.parametrize(
    ("names", "ready", "says"),
    [
        (["docker:image=a"], None, "nothing says when"),
        (["docker:image=a"], "soon", "does not say when"),
        (["docker:image=a:ready=soon"], None, "does not say when"),
        (["host"], "tcp:1", "nothing to apply to"),
    ],
)
def test_when_it_is_ready_must_be_said(names: list[str], ready: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        named(names, ready, None)


def test_a_grid_has_each_backend_at_each_point() -> None:
    found = named(["host", "docker"], None, ["cpus=1,2", "network=none,bridge"])
    assert found == [
        "host:cpus=1",
        "host:cpus=2",
        "docker:cpus=1:network=none",
        "docker:cpus=1:network=bridge",
        "docker:cpus=2:network=none",
        "docker:cpus=2:network=bridge",
    ]


@pytest.mark.parametrize(
    "sweep", [["cpus"], ["cpus="], ["cpus=1", "cpus=2"], ["colour=red"], ["cpus=one"]]
)
def test_a_sweep_that_makes_no_sense_is_told(sweep: list[str]) -> None:
    with pytest.raises(UsageError):
        named(["host"], None, sweep)


def test_a_setting_of_a_workload_is_listed_and_not_swept() -> None:
    with pytest.raises(UsageError) as told:
        named(["host", "docker"], None, ["threads=1,2"])
    assert "--workloads sysbench:threads=1,sysbench:threads=2" in told.value.resolution


def test_what_makes_another_backend_of_one_is_no_axis() -> None:
    with pytest.raises(UsageError, match="'disk' cannot be swept: it is no") as told:
        named(["qemu"], None, ["disk=a.raw,b.qcow2"])
    assert "qemu:disk=a.raw,qemu:disk=b.qcow2" in told.value.resolution


def test_formats_of_a_disk_are_an_axis_of_machines_that_have_one() -> None:
    names = ["host", "qemu", "qemu-resumed", "virtualbox"]
    found = named(names, None, ["disk=raw,qcow2", "memory=256"])
    assert [name for name in found if "disk" in name] == [
        "qemu:disk_format=raw:memory=256",
        "qemu:disk_format=qcow2:memory=256",
    ]
    assert len(found) == 5 and FORMATS in make_backend("virtualbox").unsupported
    assert not any(map(is_own, found))
    assert swept(found[2]) == ("qemu", {"memory": 256, "disk_format": "qcow2"})
    assert own_limits(found[2]) == {"memory": 256}


@pytest.mark.parametrize(
    ("names", "sweep"),
    [
        (["qemu"], "disk=raw,floppy"),
        (["host"], "disk=raw,qcow2"),
        (["qemu:disk=a:ready=tcp:1"], "disk=raw,qcow2"),
    ],
)
def test_a_format_that_cannot_be_had_is_told(names: list[str], sweep: str) -> None:
    with pytest.raises(UsageError):
        named(names, None, [sweep])


def test_a_format_wants_the_program_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_format, "find_tool", lambda name: None)
    missing = disk_format.missing("qcow2")
    assert missing is not None and "setup qemu" in missing.fix
    assert disk_format.missing("raw") is None and disk_format.empty_disk("raw") == b""


@pytest.mark.parametrize("sweep", ["memory=1", "memory=9999999", "cpus=999999"])
def test_each_point_must_fit_the_computer(sweep: str) -> None:
    with pytest.raises(UsageError):
        planning.make_plan(RunOptions(backends=["host"], sweep=[sweep]))


def test_a_disk_that_is_none(tmp_path: Path) -> None:
    text = tmp_path / "text.qcow2"
    text.write_text("no disk " * 100)
    for path in (text, tmp_path / "absent", tmp_path, Path("/dev/zero")):
        missing = make_backend(f"qemu:disk={path}:ready=tcp:22").missing()
        assert missing is not None and "name a disk" in missing.fix

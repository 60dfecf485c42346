from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit.backends.virtualbox import installation
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.errors import LabError
from labkit.setup import virtualbox as setup
from labkit.system.process import Completed
from tests.unit.marks import GONE


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian system, root, without VirtualBox; and nothing is ever run."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "cache"))
    tools = {"apt-get": "/usr/bin/apt-get", "apt-cache": "/usr/bin/apt-cache", "mmdebstrap": "/x"}
    for module in (setup, installation):
        monkeypatch.setattr(module, "find_tool", tools.get)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(setup, "run", lambda argv, **_: Completed((), 0, policy("(none)"), ""))
    return tmp_path / "cache"


def policy(candidate: str) -> str:
    return f"virtualbox:\n  Installed: (none)\n  Candidate: {candidate}\n  Version table:\n"


@pytest.mark.parametrize(("candidate", "there"), [("(none)", False), ("7.0.20-dfsg-1", True)])
def test_a_package_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, candidate: str, there: bool
) -> None:
    monkeypatch.setattr(setup, "run", lambda argv, **_: Completed((), 0, policy(candidate), ""))
    assert setup.has_candidate() == there


def test_it_is_installed_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(setup, "run", lambda argv, **_: Completed((), 0, policy("7.0"), ""))
    monkeypatch.setattr("labkit.setup.apt.install", lambda names, say: installed.extend(names))
    setup.set_up_virtualbox(lambda message: None)
    assert installed == ["virtualbox", "virtualbox-qt", "xvfb"]


def test_no_room_is_told_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000_000))
    with pytest.raises(LabError, match="no room") as caught:
        setup.set_up_virtualbox(lambda message: None)
    assert caught.value.details == "2.5 GB are needed, 2.0 GB are free"
    assert "LABKIT_CACHE" in caught.value.resolution


def test_without_root_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="root") as caught:
        setup.set_up_virtualbox(lambda message: None)
    assert caught.value.resolution.split()[0] in {"sudo", "su"}


def folder_in(argv: list[str]) -> Path:
    """What mmdebstrap finds at a plain path."""
    return Path(argv[argv.index("mmdebstrap") - 1])


def test_an_interrupted_set_up_leaves_no_half_root_and_is_repaired(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but a finished root ever has the root's name."""

    def interrupted(argv: list[str], **_: object) -> Completed:
        if argv[0] == "unshare":
            (folder_in(argv) / "half").mkdir()
            raise KeyboardInterrupt
        return Completed((), 0, policy("(none)"), "")

    def works(argv: list[str], **_: object) -> Completed:
        if argv[0] == "unshare":
            for name in ("VBoxManage", "VirtualBoxVM"):
                program = folder_in(argv) / "usr/lib/virtualbox" / name
                program.parent.mkdir(parents=True, exist_ok=True)
                program.touch()
            (folder_in(argv) / "usr/bin").mkdir()
            (folder_in(argv) / "usr/bin/Xvfb").touch()
            (folder_in(argv) / "usr/share/doc").mkdir(parents=True)
        return Completed((), 0, policy("(none)"), "")

    monkeypatch.setattr(setup, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.set_up_virtualbox(lambda message: None)
    assert list((bare / "virtualbox").iterdir()) == []
    (bare / "virtualbox" / f".unfinished-{GONE}-killed").mkdir()
    monkeypatch.setattr(setup, "run", works)
    monkeypatch.setattr(VirtualBoxBackend, "version", lambda self: "VirtualBox 7")
    setup.set_up_virtualbox(lambda message: None)
    assert [path.name for path in (bare / "virtualbox").iterdir()] == ["root-1"]
    assert not (bare / "virtualbox/root-1/usr/share/doc").exists()
    assert setup.remove_virtualbox() == str(bare / "virtualbox")
    assert setup.remove_virtualbox() is None


def test_the_root_is_only_unpacked(bare: Path) -> None:
    argv = setup.bootstrap_command(bare / "root")
    assert argv[0] == "unshare" and "--variant=extract" in argv
    assert argv[-3:-1] == ["sid", "/mnt"] and folder_in(argv) == bare / "root"
    assert "virtualbox,virtualbox-qt,xvfb" in next(w for w in argv if w.startswith("--include="))


@pytest.mark.parametrize(
    ("platform", "apt", "unpacks"),
    [("linux", "/usr/bin/apt-get", True), ("linux", None, False), ("darwin", "/sw/apt-get", False)],
)
def test_one_that_the_lab_unpacks_is_spoken_of_only_where_it_can(
    platform: str, apt: str | None, unpacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(installation, "find_tool", lambda name: apt)
    assert ("run --backends host,virtualbox" in installation.absent().fix) is unpacks

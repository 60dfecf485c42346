"""A layer that cannot run here says why and what to do, and never raises."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit.backends import piped
from labkit.backends.engine_parts import containerd, docker_cli, mounts
from labkit.backends.table import make_backend
from labkit.errors import CommandError
from labkit.system.ownership import Judge
from labkit.system.process import Completed

LAYERS = ["chroot", "unshare", "crun", "runc", "containerd"]
each_layer = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(autouse=True)
def all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, with every program, on a system that makes namespaces."""
    monkeypatch.setattr(piped, "find_tool", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(mounts, "run", works)
    monkeypatch.setattr(containerd, "find_socket", lambda: Path("/run/containerd.sock"))


def works(argv: list[str], **options: object) -> Completed:
    return Completed(tuple(argv), 0, "unshare from util-linux 2.38.1", "")


@each_layer
def test_where_all_is_there_nothing_is_missing(name: str) -> None:
    assert make_backend(name).missing() is None


@each_layer
def test_a_program_that_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piped, "find_tool", lambda program: None)
    missing = make_backend(name).missing()
    assert missing is not None
    assert "not installed" in missing.reason and f"labkit setup {name}" in missing.fix


@each_layer
def test_without_root(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    missing = make_backend(name).missing()
    assert (
        missing is not None
        and "root" in missing.reason
        and missing.fix.split()[0] in {"sudo", "su"}
    )


@each_layer
def test_a_system_that_forbids_namespaces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(argv: list[str], **options: object) -> Completed:
        if "--version" in argv:
            return works(argv)
        raise CommandError(
            "unshare failed", details="unshare …\nunshare failed: Operation not permitted"
        )

    monkeypatch.setattr(mounts, "run", refuses)
    missing = make_backend(name).missing()
    assert missing is not None
    assert "forbids" in missing.reason and "Operation not permitted" in missing.reason


@each_layer
def test_another_unshare(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """busybox has one, too, without the options that are needed."""
    monkeypatch.setattr(
        mounts, "run", lambda argv, **options: Completed(tuple(argv), 1, "", "unknown option")
    )
    missing = make_backend(name).missing()
    assert missing is not None and "util-linux" in missing.reason


def test_a_containerd_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containerd, "find_socket", lambda: None)
    missing = make_backend("containerd").missing()
    assert missing is not None
    assert "no containerd answers" in missing.reason and "setup containerd" in missing.fix
    assert make_backend("containerd").sweep(Judge()) == []
    assert make_backend("containerd").services() == ()


def test_a_client_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Client:\n  Version:  1.6.20~ds1\nServer:\n  Version:  1.7.2\n"
    monkeypatch.setattr(
        containerd, "run", lambda argv, **options: Completed(tuple(argv), 0, said, "")
    )
    assert make_backend("containerd").version() == "containerd 1.7.2, ctr 1.6.20~ds1"


def test_no_docker_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_cli, "find_tool", lambda name: None)
    missing = make_backend("docker-cli").missing()
    assert missing is not None and "labkit setup docker-cli" in missing.fix


def test_a_cache_that_programs_may_not_run_from_is_told_beforehand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "statvfs", lambda place: SimpleNamespace(f_flag=os.ST_NOEXEC))
    missing = make_backend("host").missing()
    assert missing is not None and "LABKIT_CACHE" in missing.fix

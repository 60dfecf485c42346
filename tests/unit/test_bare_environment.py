"""What is measured has no environment but the lab's."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from labkit.backends.docker.containers import PLAIN
from labkit.backends.engine_parts import docker_cli
from labkit.system.owner_marks import OWNER_VARIABLE
from labkit.system.process import spawn


def test_a_bare_program_gets_nothing_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    process = spawn(["env"], env={"OURS": "1"}, bare=True, stdout=subprocess.PIPE)
    names = {line.partition("=")[0] for line in process.communicate()[0].decode().splitlines()}
    assert names == {"PATH", "LC_ALL", "OURS", OWNER_VARIABLE}


def test_of_the_clients_configuration_only_the_context_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, folder = tmp_path / "given", tmp_path / "own"
    (given / "contexts").mkdir(parents=True)
    folder.mkdir()
    settings = {
        "proxies": {"default": {"httpProxy": "http://x"}},
        "auths": {"registry.example": {"auth": "c2VjcmV0"}},
        "currentContext": "mine",
    }
    (given / "config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("DOCKER_CONFIG", str(given))
    own = docker_cli.without_proxies(folder)
    assert json.loads((own / "config.json").read_text()) == {"currentContext": "mine"}
    assert (own / "contexts").resolve() == given / "contexts"


def test_a_user_without_a_home_has_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as Python does for such a one
    own = docker_cli.without_proxies(tmp_path)
    assert json.loads((own / "config.json").read_text()) == {"currentContext": "default"}


def test_every_container_is_asked_for_without_proxies_and_init() -> None:
    assert PLAIN == {"use_config_proxy": False, "init": False}

"""Which Docker daemon the lab would ask, and how a refusal is told; sockets are real ones."""

from __future__ import annotations

import grp
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import docker
import pytest

from labkit.backends.docker import advice, client, endpoint, refusals
from labkit.backends.docker.refusals import kind_of
from labkit.errors import LabError
from labkit.setup import docker as setup
from tests.unit.listeners import answering, listening, speaking_plainly, speaking_tls

VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "SUDO_UID")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user who has chosen nothing, whose daemon's usual place is in this folder."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(endpoint, "USUAL", str(tmp_path / "usual.sock"))
    yield tmp_path


def context(place: Path, name: str, config: str = "config", **described: object) -> Path:
    """As `docker context create` leaves it."""
    folder = place / config / "contexts/meta" / sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    file = folder / "meta.json"
    file.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": described}}))
    return file


def choose(place: Path, name: str, config: str = "config") -> None:
    (place / config).mkdir(exist_ok=True)
    (place / config / "config.json").write_text(json.dumps({"currentContext": name}))


def kind(patience: int = 30) -> str:
    """Of the refusal that a connection meets."""
    try:
        with client.connected(timeout=patience) as daemon:
            daemon.ping()
    except client.DAEMON_ERRORS as error:
        return kind_of(error, client.place())
    return "none"


def test_the_order_is_that_of_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint.find().is_usual and endpoint.find().words == ()
    context(place, "mine", Host="unix:///mine.sock")
    context(place, "other", Host="tcp://far:2376", SkipTLSVerify=True)
    choose(place, "mine")
    assert endpoint.find().url == "unix:///mine.sock" and not endpoint.find().is_usual
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    found = endpoint.find()
    assert found.url == "tcp://far:2376" and found.tls is not None and found.tls.verify is False
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert endpoint.find().is_usual
    monkeypatch.setenv("DOCKER_HOST", "unix:///given.sock")
    assert endpoint.find().url == "unix:///given.sock"
    assert client.command("ps") == ["docker", "ps"]  # which follows these by itself


@pytest.mark.parametrize("content", ["", "[]", "{", '{"currentContext": ""}'])
def test_a_configuration_that_says_nothing(place: Path, content: str) -> None:
    choose(place, "")
    (place / "config/config.json").write_text(content)
    assert endpoint.find().is_usual


@pytest.mark.parametrize(
    "name", ["run/docker.sock", "run/podman/podman.sock", ".colima/default/docker.sock"]
)
def test_a_daemon_elsewhere_is_used_where_the_usual_is_not(place: Path, name: str) -> None:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    with listening(place / name):
        found = endpoint.find()
        assert found.socket == str(place / name) and not found.is_usual
        assert client.command("ps") == ["docker", "--host", found.url, "ps"]
        with listening(place / "usual.sock"):
            assert endpoint.find().is_usual


def test_under_sudo_it_is_that_users_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else root, who sees no daemon, would start a second one."""
    home = SimpleNamespace(pw_dir=str(place / "minji"))
    monkeypatch.setattr(pwd, "getpwuid", lambda number: home)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", "1234")
    path = place / "minji/.colima/default/docker.sock"
    path.parent.mkdir(parents=True)
    with listening(path):
        assert endpoint.find().socket == str(path) and not client.may_be_started()
    assert endpoint.find().is_usual and client.may_be_started()
    context(place, "work", "minji/.docker", Host=f"unix://{place}/work.sock")
    choose(place, "work", "minji/.docker")
    assert endpoint.find().socket == f"{place}/work.sock" and not client.may_be_started()
    with listening(place / "usual.sock"):
        assert endpoint.find().is_usual


def test_a_context_that_is_not_there_is_not_taken_for_the_usual(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "nope")
    assert kind() == "no context" and not client.may_be_started()
    context(place, "nope").write_text("{")
    assert kind() == "context"


def test_each_refusal_of_a_socket_is_another(place: Path) -> None:
    usual = place / "usual.sock"
    assert kind() == "absent" and client.may_be_started()
    usual.symlink_to(place / "gone.sock")
    assert kind() == "dangling" and not client.may_be_started()
    usual.unlink()
    with closing(socket.socket(socket.AF_UNIX)) as ended:
        ended.bind(str(usual))
    assert kind() == "refused" and client.may_be_started()
    usual.unlink()
    usual.mkdir()  # as `docker run --volume` makes one where no daemon runs
    assert kind() == "no socket" and not client.may_be_started()
    usual.rmdir()
    with listening(usual):
        assert kind(patience=1) == "silent" and not client.may_be_started()


@pytest.mark.parametrize(
    ("systemd", "own", "expected"),
    [(True, True, "journalctl"), (False, True, "dockerd.log"), (False, False, "")],
)
def test_the_log_that_is_named_is_one_that_is_there(
    place: Path, monkeypatch: pytest.MonkeyPatch, systemd: bool, own: bool, expected: str
) -> None:
    monkeypatch.setattr(advice, "SYSTEMD", place if systemd else place / "none")
    monkeypatch.setattr(advice, "state_dir", lambda: place)
    if own:
        (place / "dockerd.log").touch()
    with listening(place / "usual.sock"):
        assert expected in advice.log_of(endpoint.find())
        assert ("(" in advice.log_of(endpoint.find())) == bool(expected)
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere.sock")
    assert "(" not in advice.log_of(endpoint.find())


def test_one_that_too_many_ask_at_once_is_there(place: Path) -> None:
    """Else another daemon would be asked in its place."""
    podman = place / "run/podman/podman.sock"
    podman.parent.mkdir(parents=True)
    with ExitStack() as stack:
        stack.enter_context(listening(podman))
        stack.enter_context(listening(place / "usual.sock", queue=0))
        asked = [stack.enter_context(closing(socket.socket(socket.AF_UNIX))) for _ in range(2)]
        asked[0].connect(str(place / "usual.sock"))
        asked[1].setblocking(False)
        with suppress(BlockingIOError):
            asked[1].connect(str(place / "usual.sock"))
        assert endpoint.find().is_usual
        assert kind(patience=1) == "silent" and not client.may_be_started()


def test_a_password_in_an_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://minji:se@cret@far:2376")
    assert str(endpoint.find()).startswith("tcp://far:2376 ")


def test_ssh_is_refused_though_the_sdk_would_speak_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with paramiko installed."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far")
    monkeypatch.setattr(docker, "DockerClient", lambda **options: MagicMock())
    found = client.missing()
    assert found is not None and kind() == "ssh"


def test_another_users_socket_denies_access(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can take another user's place")
    place.chmod(0o755)
    for folder in place.parents[:2]:
        folder.chmod(0o755)
    with listening(place / "usual.sock"):
        (place / "usual.sock").chmod(0o700)
        os.seteuid(65534)
        try:
            found, could_start = client.missing(), client.may_be_started()
            assert kind() == "denied"
        finally:
            os.seteuid(0)
    assert found is not None and "usermod" not in found.fix and not could_start


@pytest.mark.parametrize("member", [True, False])
def test_a_socket_of_a_group_names_it(
    member: bool, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is in it already has logged in before that. What the environment calls the user is
    another's name within su."""
    entry = SimpleNamespace(gr_name="container-users", gr_mem=["minji"] if member else [])
    monkeypatch.setattr(grp, "getgrgid", lambda number: entry)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: SimpleNamespace(pw_name="minji"))
    monkeypatch.setenv("USER", "root")
    with listening(place / "usual.sock"):
        (place / "usual.sock").chmod(0o660)
        if os.geteuid() == 0:
            os.chown(place / "usual.sock", 0, 4242)
        found = refusals.explain(PermissionError(), client.place())
    assert ("usermod -aG container-users minji" in found.fix) is not member
    assert "log in again" in found.fix


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://me@far", "ssh"),
        ("tcp://127.0.0.1:1", "unreachable"),
        ("tcp://far", "address"),
        ("fd://", "address"),
        ("/run/docker.sock", "address"),
        ("unix:", "address"),
        ("unix:///", "address"),
        ("unix://relative.sock", "address"),
    ],
)
def test_addresses(url: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", url)
    assert kind() == expected
    assert not client.may_be_started()


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, {"ApiVersion": "1.12"}, "API version"),
        (400, {"message": "client version 1.24 is too old"}, "API version"),
        (503, {"message": "the daemon is shutting down"}, "error"),
        (200, {}, "stranger"),
        (200, ["no", "daemon"], "stranger"),
        (200, "<html>", "stranger"),
        (404, "<html>", "stranger"),
    ],
)
def test_answers(place: Path, status: int, answer: object, expected: str) -> None:
    with answering(place / "usual.sock", status, answer):
        assert kind() == expected
        found = client.missing()
    assert found is not None
    if isinstance(answer, dict) and "message" in answer:
        assert answer["message"] in found.reason, "the daemon's own words"


def test_tls(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spoken to without; with certificates of somebody else; and one that speaks none."""
    with speaking_tls(place / "server") as (port, certificates):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        assert kind() == "wants TLS"
        assert client.missing() is not None
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
        assert kind() == "stranger", "accepted, but it is no daemon"
        with speaking_tls(place / "other") as (_, others):
            monkeypatch.setenv("DOCKER_CERT_PATH", str(others))
            assert kind() == "certificate"
    with speaking_plainly() as port:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
        assert kind() == "no TLS"


def test_setup_starts_no_second_daemon(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    monkeypatch.setattr(setup, "_start_daemon", begun.append)
    monkeypatch.setattr(client, "PROBE_S", 1)
    with listening(place / "usual.sock"), pytest.raises(LabError) as told:
        setup.set_up_docker(lambda message: None)
    assert not begun and told.value.resolution


def test_all_kinds_have_a_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///gone.sock")
    found = refusals.explain(FileNotFoundError(), client.place())
    assert "unset DOCKER_HOST" in found.fix and "/gone.sock" in found.reason


@pytest.mark.parametrize(
    ("given", "url", "expected"),
    [
        ("SSH://me@far", "ssh://me@far", "ssh"),
        (" ssh://me@far \n", "ssh://me@far", "ssh"),
        ("Unix:///gone.sock ", "unix:///gone.sock", "absent"),
        ("TCP://127.0.0.1:1\t", "tcp://127.0.0.1:1", "unreachable"),
        ("/Run/Docker.sock", "/Run/Docker.sock", "address"),
    ],
)
def test_capitals_and_blanks_change_no_address(
    place: Path, monkeypatch: pytest.MonkeyPatch, given: str, url: str, expected: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", given)
    assert endpoint.find().url == url and kind() == expected
    monkeypatch.delenv("DOCKER_HOST")
    context(place, "mine", Host=given)
    choose(place, "mine")
    assert endpoint.find().url == url


def test_blanks_are_the_usual_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "  ")
    assert endpoint.find().socket == endpoint.USUAL


def test_names_that_are_no_text(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of them can be written down."""
    monkeypatch.setenv("DOCKER_CONTEXT", "\udcff")
    assert kind() == "no context"
    found = client.missing()
    assert found is not None and found.reason.encode()
    monkeypatch.setenv("DOCKER_HOST", "unix:///\udcff.sock")
    assert kind() == "absent" and str(endpoint.find()).encode()
    monkeypatch.setenv("DOCKER_HOST", "tcp://\udcff:1")
    assert kind() == "unreachable"
    assert client.missing() is not None

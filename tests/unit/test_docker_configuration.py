"""The Docker client's own configuration, where the SDK trips over it and where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.docker import client, endpoint
from tests.unit.listeners import answering
from tests.unit.test_docker_endpoint import VARIABLES, kind


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user's configuration is, and the daemon's usual socket."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(endpoint, "USUAL", str(tmp_path / "usual.sock"))
    return tmp_path


@pytest.mark.parametrize(
    "content",
    [
        "null",
        "[]",
        '"x"',
        "[" * 200_000,
        '{"proxies": null}',
        '{"proxies": 5}',
        '{"proxies": {"default": []}}',
        '{"HttpHeaders": null}',
        '{"HttpHeaders": {"X": 5}}',
        '{"HttpHeaders": {"X": "한"}}',
        '{"HttpHeaders": {"한": "x"}}',
        '{"HttpHeaders": {"X": "a\\nb"}}',
        '{"auths": 5}',
        '{"auths": {"registry": 5}}',
        '{"auths": {"registry": {"auth": "%"}}}',
    ],
)
def test_a_configuration_that_the_sdk_trips_over_is_named(place: Path, content: str) -> None:
    """Not the daemon, which is not asked: nothing that listens is to be ended, nor started."""
    file = place / "config.json"
    file.write_text(content)
    assert kind() == "configuration" and not client.may_be_started()
    with answering(place / "usual.sock", 200, {"ApiVersion": "1.41"}):
        assert kind() == "configuration"
        found = client.missing()
    assert found is not None and str(file) in found.reason
    assert not found.fix.startswith("end ")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "\x00",
        "{}",
        '{"proxies": {"default": {"httpProxy": "http://proxy:3128"}, "other": null}}',
        '{"HttpHeaders": {"X": "a"}, "auths": {"registry": {}}, "credsStore": "none"}',
    ],
)
def test_what_the_sdk_takes_is_left_to_it(place: Path, content: str) -> None:
    (place / "config.json").write_text(content)
    assert kind() == "absent"
    with answering(place / "usual.sock", 200, {"ApiVersion": "1.41"}):
        assert kind() == "none"

"""The platform on the real Docker: what is deployed answers, what fails changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import docker
import pytest

from labkit import paas
from labkit.backends import Backend
from labkit.backends.docker_apps import connected
from labkit.errors import BackendError, UsageError
from labkit.paas import platform
from labkit.paas.ways import APP, compare
from labkit.process import owner, wait_until
from labkit.setup.steps import clean_up

pytestmark = pytest.mark.docker
NAME = f"test-{owner()}"


@pytest.fixture
def code(docker_backend: Backend, tmp_path: Path) -> Iterator[Path]:
    """An app's folder; what is deployed of it is stopped."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "index.html").write_text("one")
    yield folder
    with suppress(UsageError):  # it was never deployed, or the test has stopped it
        paas.stop(NAME)


def page(url: str, path: str = "") -> str:
    with urllib.request.urlopen(url + path, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def left() -> tuple[list[str], list[int]]:
    """Containers and releases of the test's app."""
    with connected() as apps:
        return [one.container for one in apps.containers(NAME)], apps.releases(NAME)


def candidates() -> bool:
    """Whether a version of the test's app is being tried."""
    with closing(docker.from_env()) as client:
        found = client.containers.list(all=True, filters={"name": f"labkit-candidate-{NAME}"})
        return bool(found)


def test_deploy_again_and_back_at_the_same_address(code: Path) -> None:
    first = paas.deploy(code, name=NAME)
    assert (first.state, first.release, page(first.url)) == ("healthy", 1, "one")
    assert first.url.startswith("http://127.0.0.1:")
    (code / "index.html").write_text("two")
    second = paas.deploy(code, name=NAME)
    assert (second.url, second.release, page(second.url)) == (first.url, 2, "two")
    back = paas.rollback(NAME)
    assert (back.url, back.release, page(back.url)) == (first.url, 1, "one")
    with pytest.raises(UsageError, match=r"no release of .* before release 1"):
        paas.rollback(NAME)
    assert len(left()[0]) == 1
    paas.stop(NAME)
    assert left() == ([], [])
    with pytest.raises(UsageError, match="there is no app"):
        paas.stop(NAME)


@pytest.mark.parametrize(
    ("procfile", "why"),
    [
        ("web: echo I give up; exit 3", "it said:\nI give up"),
        ("web: exec busybox sleep 60", "no 200 within 2 s; it said nothing"),
        ("web: exec busybox httpd -f -p $PORT -h /dev", "no 200 within 2 s"),
    ],
)
def test_a_version_that_is_not_healthy_leaves_the_old_one(
    code: Path, procfile: str, why: str
) -> None:
    first = paas.deploy(code, name=NAME)
    (code / "Procfile").write_text(procfile)
    with pytest.raises(BackendError, match=r"release 2 of .* is not healthy") as caught:
        paas.deploy(code, name=NAME, timeout=2)
    assert why in caught.value.details
    assert page(first.url) == "one"
    assert left() == ([f"labkit-app-{NAME}-1"], [1])


def test_an_interrupt_while_it_takes_over_brings_the_old_version_back(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = paas.deploy(code, name=NAME)
    real, calls = platform._require_healthy, []

    def interrupted(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(platform, "_require_healthy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        paas.deploy(code, name=NAME)
    assert left() == ([f"labkit-app-{NAME}-1"], [1])
    assert page(first.url) == "one"


def test_scripts_run_and_the_command_line_speaks_json(code: Path) -> None:
    (code / "cgi-bin").mkdir()
    (code / "cgi-bin/who").write_text("#!/bin/sh\necho; busybox id -u\n")
    labkit = str(Path(sys.executable).with_name("labkit"))
    done = subprocess.run(
        [labkit, "paas", "deploy", str(code), "--name", NAME, "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    (found,) = json.loads(done.stdout)["apps"]
    assert page(found["url"], "cgi-bin/who") == "65534\n"  # nobody, whatever the app asks for
    assert NAME in [one.name for one in paas.status()]


def test_clean_up_keeps_what_was_deployed_and_says_so(code: Path) -> None:
    first = paas.deploy(code, name=NAME)
    lines = clean_up()
    assert [line for line in lines if line.startswith(f"kept the app {NAME} ({first.url}")]
    assert page(first.url) == "one"


def test_what_a_killed_deployment_leaves_is_removed(code: Path, tmp_path: Path) -> None:
    """Its candidate and its image, as soon as it does not live any more; before, nothing."""
    (code / "Procfile").write_text("web: exec busybox sleep 100")
    labkit = str(Path(sys.executable).with_name("labkit"))
    words = [labkit, "paas", "deploy", str(code), "--name", NAME, "--timeout", "100"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as deploying:
        assert wait_until(candidates, timeout=60)
        assert not [line for line in clean_up() if NAME in line]
        deploying.kill()
    assert candidates() and left() == ([], [1])
    removed = "\n".join(clean_up())
    assert (
        f"container labkit-candidate-{NAME}-1" in removed and f"images of the app {NAME}" in removed
    )
    assert not candidates() and left() == ([], [])


@pytest.mark.qemu
def test_the_three_ways_are_really_gone(docker_backend: Backend, qemu_backend: Backend) -> None:
    steps = compare()
    by_way: dict[str, list[int]] = {}
    for step in steps:
        by_way.setdefault(step.way, []).append(step.lines)
        assert step.seconds >= 0
    app = sum(len(path.read_bytes().splitlines()) for path in APP.rglob("*") if path.is_file())
    assert [lines[0] for lines in by_way.values()] == [app] * 3
    machine, container, alone = (sum(lines) for lines in by_way.values())
    assert machine > container > alone == app
    with connected() as apps:
        assert not apps.containers(platform.trial_name(owner()))
        assert not apps.abandoned_images()

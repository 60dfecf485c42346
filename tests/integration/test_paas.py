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

from labkit import apps
from labkit.apps import platform, tidying
from labkit.apps.containers import connected
from labkit.apps.images import repository
from labkit.apps.source import EXAMPLE
from labkit.backends.base import Backend
from labkit.errors import BackendError, UsageError
from labkit.experiments.deployment.experiment import run
from labkit.image import LabImage
from labkit.image.container import LABEL
from labkit.setup.steps import clean_up
from labkit.system.clock import wait_until
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from tests.unit.marks import ELSEWHERE, GONE

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
        apps.stop(NAME)


def page(url: str, path: str = "") -> str:
    with urllib.request.urlopen(url + path, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


def left() -> tuple[list[str], list[int]]:
    """Containers and releases of the test's app."""
    with connected() as apps:
        return [one.container for one in apps.containers(NAME)], apps.images.releases(NAME)


def candidates() -> bool:
    """Whether a version of the test's app is being tried."""
    with closing(docker.from_env()) as client:
        found = client.containers.list(
            all=True, filters={"name": f"labkit-candidate-{NAME}"}, ignore_removed=True
        )
        return bool(found)


def test_deploy_again_and_back_at_the_same_address(code: Path) -> None:
    first = apps.deploy(code, name=NAME)
    assert (first.state, first.release, page(first.url)) == ("healthy", 1, "one")
    assert first.url.startswith("http://127.0.0.1:")
    (code / "index.html").write_text("two")
    second = apps.deploy(code, name=NAME)
    assert (second.url, second.release, page(second.url)) == (first.url, 2, "two")
    back = apps.rollback(NAME)
    assert (back.url, back.release, page(back.url)) == (first.url, 1, "one")
    with pytest.raises(UsageError, match=r"no release of .* before release 1"):
        apps.rollback(NAME)
    assert len(left()[0]) == 1
    apps.stop(NAME)
    assert left() == ([], [])
    with pytest.raises(UsageError, match="there is no app"):
        apps.stop(NAME)


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
    first = apps.deploy(code, name=NAME)
    (code / "Procfile").write_text(procfile)
    with pytest.raises(BackendError, match=r"release 2 of .* is not healthy") as caught:
        apps.deploy(code, name=NAME, timeout=2)
    assert why in caught.value.details
    assert page(first.url) == "one"
    assert left() == ([f"labkit-app-{NAME}-1"], [1])


def test_an_interrupt_while_it_takes_over_brings_the_old_version_back(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = apps.deploy(code, name=NAME)
    real, calls = platform._require_healthy, []

    def interrupted(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(platform, "_require_healthy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        apps.deploy(code, name=NAME)
    assert left() == ([f"labkit-app-{NAME}-1"], [1])
    assert page(first.url) == "one"


def test_what_a_user_has_named_like_an_app_is_neither_removed_nor_replaced(
    code: Path, lab_image: LabImage
) -> None:
    tag, name = f"labkit/app-{NAME}:7", f"labkit-app-{NAME}-8"
    with closing(docker.from_env()) as client:
        client.images.get(lab_image.container_tag).tag(tag)
        own = client.containers.create(lab_image.container_tag, name=name)
        try:
            with pytest.raises(BackendError, match="start the app"):
                apps.deploy(code, name=NAME)
            assert client.containers.get(name).id == own.id
            own.remove()
            assert apps.deploy(code, name=NAME).releases == (8,)
            apps.stop(NAME)
            assert client.images.get(tag).labels.get(LABEL) == lab_image.digest
        finally:
            with suppress(docker.errors.NotFound):
                own.remove()
            client.images.remove(tag)


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
    assert NAME in [one.name for one in apps.status()]


def test_clean_up_keeps_what_was_deployed_and_says_so(code: Path) -> None:
    first = apps.deploy(code, name=NAME)
    lines = clean_up()
    assert [line for line in lines if line.startswith(f"kept the app {NAME} ({first.url}")]
    assert page(first.url) == "one"


def test_what_a_killed_deployment_leaves_is_removed(code: Path, tmp_path: Path) -> None:
    """Its candidate and its image, as soon as it does not live any more; before, nothing."""
    (code / "Procfile").write_text("web: exec busybox sleep 100")
    labkit = str(Path(sys.executable).with_name("labkit"))
    words = [labkit, "paas", "deploy", str(code), "--name", NAME, "--timeout", "100"]
    for _ in range(5):
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as deploying:
            assert wait_until(candidates, timeout=60)
            assert not [line for line in clean_up() if NAME in line]
            assert left() == ([], [1])
            deploying.kill()
        removed = "\n".join(clean_up())
        assert wait_until(lambda: not candidates() and left() == ([], []), timeout=30)
        named = (f"container labkit-candidate-{NAME}-1", f"images of the app {NAME}")
        if all(words in removed for words in named):
            break  # unless a lab of another test was quicker
    else:
        pytest.fail("what is removed is never named")


def test_a_deployment_from_elsewhere_is_left_alone_and_a_killed_one_is_tidied_up(
    code: Path,
) -> None:
    """While a new version is put in place there are two containers, and a claim on the image."""
    platform.deploy(code, name=NAME)
    with connected() as apps, closing(docker.from_env()) as client:
        image = client.images.get(f"{repository(NAME)}:1")
        image.tag(repository(NAME), "2")
        image.tag(repository(NAME), f"by-{ELSEWHERE}")
        apps.start(NAME, 2, None)
        before = left()
        said = "\n".join(clean_up())
        assert left() == before and len(before[0]) == 2
        assert f"docker rmi {repository(NAME)}:by-{ELSEWHERE}" in said
        apps.images.forget(NAME, f"by-{ELSEWHERE}")
        assert left() == before and clean_up() and left() == before, "nobody knows of what"
        image.tag(repository(NAME), f"by-{GONE}")
        assert f"container labkit-app-{NAME}-1" in "\n".join(clean_up())
        assert left() == ([f"labkit-app-{NAME}-2"], [1, 2]) and apps.images.claims(NAME) == []


@pytest.mark.qemu
def test_each_method_is_really_done(
    docker_backend: Backend, qemu_backend: Backend, tmp_path: Path
) -> None:
    found = run(out=tmp_path / "recording", progress=False)
    assert found.ending is not None and found.ending.batches == 3
    assert (found.steps["seconds"] >= 0).all() and "docker" in found.manifest.versions
    app = sum(len(path.read_bytes().splitlines()) for path in EXAMPLE.rglob("*") if path.is_file())
    by_method = found.steps.groupby("method", sort=False)["lines"]
    assert by_method.first().tolist() == [app] * 3
    machine, container, alone = by_method.sum()
    assert machine > container > alone == app
    with connected() as apps:
        assert not apps.containers(tidying.trial_name(owner()))
        assert not apps.images.left(Judge(mine=True))

"""`docker:image=./FOLDER` for real: what is built of a folder with a Dockerfile, what is recorded,
and that nothing of the user's is changed and nothing is left."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound
from docker.models.images import Image

from labkit.backends.docker import store
from labkit.backends.docker.client import connected
from labkit.backends.own.container import OwnContainerBackend
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from tests.conftest import ready_backend
from tests.integration.own_images import SERVE, life

pytestmark = pytest.mark.docker
LABEL = f"org.labkit.test={os.getpid()}"


@pytest.fixture(scope="module")
def daemon(lab_image: LabImage) -> Iterator[docker.DockerClient]:
    ready_backend("docker").prepare(lab_image)
    with connected() as client:
        yield client


@pytest.fixture
def app(daemon: docker.DockerClient, lab_image: LabImage, tmp_path: Path) -> Iterator[Path]:
    """A folder as a user has it; what is built of it goes."""
    folder = tmp_path / "My app"
    folder.mkdir()
    dockerfile = f"FROM {lab_image.container_tag}\nLABEL {LABEL}\n"
    (folder / "Dockerfile").write_text(dockerfile + 'COPY . /own/\nENTRYPOINT ["/own/serve"]\n')
    (folder / ".dockerignore").write_text("secret\n")
    (folder / "secret").write_text("nobody's business")
    (folder / "serve").write_text(SERVE)
    (folder / "serve").chmod(0o755)
    yield folder
    for image in images(daemon, folder):
        for tag in image.tags:
            daemon.images.remove(tag)
    assert built(daemon) == []


def kind(folder: Path) -> store.Kind:
    return store.built(hashlib.sha256(bytes(folder)).hexdigest())


def images(daemon: docker.DockerClient, folder: Path) -> list[Image]:
    return daemon.images.list(kind(folder).repository)


def built(daemon: docker.DockerClient) -> list[str]:
    """Everything that this process's builds have left, also what has no name."""
    return [str(one.id) for one in daemon.images.list(all=True, filters={"label": LABEL})]


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_a_folder_is_built_and_measured(
    app: Path, daemon: docker.DockerClient, lab_image: LabImage
) -> None:
    before = contents(app)
    marks = life(f"docker:image={app}:ready=http://:8080/", lab_image)
    assert list(marks)[:4] == ["requested", "created", "started", "ready"]
    assert contents(app) == before
    (image,) = images(daemon, app)
    digest = kind(app).repository.rpartition("-")[2]
    assert set(image.tags) == {
        f"{kind(app).repository}:{digest}",
        f"{kind(app).repository}:{store.CLAIM}{owner()}",
    }
    assert "secret" not in listed(daemon, str(image.id)) and "serve" in listed(
        daemon, str(image.id)
    )
    recorded = configuration(app, lab_image)
    assert recorded["own image"] == image.id and "built from" in recorded
    assert not [text for text in recorded.values() if str(app) in text]


def configuration(app: Path, image: LabImage) -> dict[str, str]:
    backend = make_backend(f"docker:image={app}:ready=tcp:1")
    backend.progress = False
    backend.prepare(image)
    return dict(backend.configuration())


def listed(daemon: docker.DockerClient, image: str) -> str:
    ran = daemon.containers.run(image, ["ls", "/own"], entrypoint="/bin/busybox", remove=True)
    return str(ran.decode())


def test_another_build_takes_the_place_of_the_one_before(
    app: Path, daemon: docker.DockerClient, lab_image: LabImage
) -> None:
    first = configuration(app, lab_image)["own image"]
    assert configuration(app, lab_image)["own image"] == first  # of the daemon's cache
    (app / "serve").write_text(SERVE + "# another one\n")
    second = configuration(app, lab_image)["own image"]
    assert [image.id for image in images(daemon, app)] == [second] and second != first
    with pytest.raises(ImageNotFound):
        daemon.images.get(first)


def test_it_is_the_labs_own_and_goes_when_nobody_claims_it(
    app: Path, daemon: docker.DockerClient, lab_image: LabImage
) -> None:
    configuration(app, lab_image)
    (image,) = images(daemon, app)
    assert store.remove_unused(daemon, image, kind(app)) == []
    assert kind(app) in store.all_kinds(daemon)
    store.drop_claims(daemon, Judge(mine=True), kind(app))
    (image,) = images(daemon, app)
    assert store.remove_unused(daemon, image, kind(app)) == image.tags
    assert built(daemon) == []


def test_a_build_that_fails_is_told_and_leaves_nothing(
    app: Path, daemon: docker.DockerClient, lab_image: LabImage
) -> None:
    with (app / "Dockerfile").open("a") as file:
        file.write('RUN ["/bin/busybox", "sh", "-c", "echo words of its own; exit 3"]\n')
    before = contents(app)
    with pytest.raises(BackendError, match="could not build") as caught:
        configuration(app, lab_image)
    assert "words of its own" in caught.value.details and "docker build" in caught.value.resolution
    assert built(daemon) == [] and images(daemon, app) == [] and contents(app) == before


@pytest.mark.parametrize(
    ("dockerfile", "says"),
    [
        ("FROM labkit-test-absent:1\n", "base image labkit-test-absent:1"),
        ("FORM scratch\n", "could not build"),
        ("", "could not build"),
    ],
)
def test_a_dockerfile_of_which_nothing_can_be_built(
    app: Path, lab_image: LabImage, dockerfile: str, says: str
) -> None:
    (app / "Dockerfile").write_text(dockerfile)
    with pytest.raises(BackendError, match=says) as caught:
        configuration(app, lab_image)
    assert caught.value.details and caught.value.resolution


def test_a_folder_of_which_nothing_can_be_built(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app.parent)
    for image, says in (("./absent", "no folder"), (".", "no Dockerfile")):
        missing = make_backend(f"docker:image={image}:ready=tcp:1").missing()
        assert missing is not None and says in missing.reason
    app.rename(app.parent / "myapp")
    try:
        missing = make_backend("docker:image=myapp:ready=tcp:1").missing()
        assert missing is not None and "docker:image=./myapp" in missing.fix
        found = make_backend("docker:image=./myapp:ready=tcp:1")
        assert isinstance(found, OwnContainerBackend) and found.missing() is None
    finally:
        with suppress(OSError):
            (app.parent / "myapp").rename(app)

"""The Docker daemon: the one way to connect to it, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import docker
import requests
from docker.auth import AuthConfig
from docker.errors import DockerException

from labkit.backends.base import Missing
from labkit.backends.docker import configuration, endpoint
from labkit.backends.docker.advice import log_of
from labkit.backends.docker.endpoint import PROBE_S, Endpoint
from labkit.backends.docker.refusals import explain, kind_of
from labkit.errors import BackendError
from labkit.system.process import last_lines

# What the SDK raises when the daemon refuses, is away, or goes away during a call.
DAEMON_ERRORS = (DockerException, requests.RequestException, OSError)
# The lab asks no registry. The SDK would ask each helper for passwords that the user's
# configuration names, and would look for them once more if there were none.
NO_PASSWORDS: dict[str, dict[str, dict[str, str]]] = {"auths": {"labkit.invalid": {}}}


@contextmanager
def connected(timeout: int = 60, *, version: str | None = None) -> Iterator[docker.DockerClient]:
    """version: of the daemon's interface, where that is known already: else it is asked, which
    takes the daemon as long as a quarter of a container's creation."""
    client = _client(endpoint.find(), timeout, version)
    try:
        yield client
    finally:
        client.close()


def _client(place: Endpoint, timeout: int, version: str | None) -> docker.DockerClient:
    """DAEMON_ERRORS, whatever goes wrong: the SDK trips over what it does not expect in an
    answer."""
    if place.is_ssh:
        raise DockerException("not by ssh")
    configuration.require_usable(place.url)
    if place.socket is not None:
        endpoint.knock(place.socket)  # the SDK's own error hides the cause, and leaves it open
    try:
        client = docker.DockerClient(
            base_url=place.url, tls=place.tls or False, timeout=timeout, version=version
        )
    except DAEMON_ERRORS:
        raise
    except Exception as error:
        raise DockerException(f"{type(error).__name__}: {error}") from error
    client.api._auth_configs = AuthConfig(dict(NO_PASSWORDS))  # type: ignore[attr-defined]
    return client


def missing() -> Missing | None:
    """Why no daemon can be used here, or None where one answers."""
    try:
        with connected(timeout=PROBE_S) as client:
            client.ping()
    except DAEMON_ERRORS as error:
        return explain(error, place())
    return None


def may_be_started() -> bool:
    """Whether no daemon is there, and none is expected elsewhere."""
    looked_at = place()
    if looked_at is None or not looked_at.is_usual:
        return False
    try:
        configuration.require_usable(looked_at.url)  # else one that is started could not be asked
        endpoint.knock(endpoint.USUAL)
    except DAEMON_ERRORS as error:
        return kind_of(error, looked_at) in ("absent", "refused")
    return False


def place() -> Endpoint | None:
    """Where the daemon is looked for; None when what is chosen leads nowhere."""
    with suppress(DockerException):
        return endpoint.find()
    return None


def command(*words: str) -> list[str]:
    """The command `docker`, at the very daemon that the lab asks."""
    looked_at = place()
    return ["docker", *(looked_at.words if looked_at else ()), *words]


@contextmanager
def required(purpose: str, timeout: int = 60) -> Iterator[docker.DockerClient]:
    """A connection; where no daemon answers, a BackendError says for what one is needed, and what
    to do."""
    problem = missing()
    if problem is not None:
        raise BackendError(
            f"{purpose} Docker, which cannot be used here",
            details=problem.reason,
            resolution=problem.fix,
        )
    with ExitStack() as stack:
        with daemon_errors("be reached"):
            client = stack.enter_context(connected(timeout))
        yield client


@contextmanager
def daemon_errors(what: str) -> Iterator[None]:
    try:
        yield
    except DAEMON_ERRORS as error:
        raise daemon_error(what, error) from error


def daemon_error(what: str, error: Exception) -> BackendError:
    if "could not find bridge" in str(error):
        return BackendError(
            f"Docker could not {what}",
            details="the interface of its default network (docker0) was removed behind its back",
            resolution="restart the daemon: systemctl restart docker, or labkit clean --daemon and "
            "labkit setup docker",
        )
    lost = isinstance(error, requests.ConnectionError | requests.Timeout)
    if lost and (why := missing()) is not None:
        return BackendError(f"Docker could not {what}", details=why.reason, resolution=why.fix)
    return BackendError(
        f"Docker could not {what}",
        details=last_lines(str(error)),
        resolution=("it answers now: once more; " if lost else "")
        + f"more is told in {log_of(place())}",
    )

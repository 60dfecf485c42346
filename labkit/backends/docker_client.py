"""The Docker daemon: a connection to it, and what its errors mean."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.errors import DockerException

from labkit.backends.base import Missing
from labkit.errors import BackendError
from labkit.process import as_root, find_tool, last_lines

# What the SDK raises when the daemon refuses, is away, or goes away during a call.
DAEMON_ERRORS = (DockerException, requests.RequestException, OSError)


@contextmanager
def connected(timeout: int = 60) -> Iterator[docker.DockerClient]:
    _check_socket()
    client = docker.from_env(timeout=timeout)
    try:
        yield client
    finally:
        client.close()


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
    return BackendError(
        f"Docker could not {what}",
        details=last_lines(str(error)),
        resolution="labkit doctor tells whether the daemon is well",
    )


def _check_socket() -> None:
    """Raises the OSError that a connection to the daemon's Unix socket meets. Asked before the
    SDK is: its own error hides the cause, and leaves the socket open."""
    scheme, _, path = _host().partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(path)


def explain_missing(error: Exception) -> Missing:
    if isinstance(error, PermissionError):
        return Missing(
            f"the Docker daemon denies you access ({_host()})",
            f"sudo usermod -aG docker {os.environ.get('USER', '$USER')}, then log in again",
        )
    if "DOCKER_HOST" in os.environ:
        return Missing(
            f"no Docker daemon answers at DOCKER_HOST ({_host()})",
            "start that daemon, or unset DOCKER_HOST to use this computer's own",
        )
    if find_tool("dockerd") is None:
        return Missing("Docker Engine is not installed", as_root("setup docker"))
    return Missing(f"no Docker daemon answers ({_host()})", as_root("setup docker"))


def _host() -> str:
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")

"""What kind of refusal it is when a Docker daemon does not answer. Its own words are kept."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3
from docker.errors import APIError, ContextNotFound
from docker.utils import parse_host

from labkit.backends.base import Missing
from labkit.backends.docker.advice import Kind, sentence
from labkit.backends.docker.configuration import ConfigurationError
from labkit.backends.docker.endpoint import PROBE_S, Endpoint
from labkit.system.process import as_root, find_tool, last_lines

# Kinds of which the error's own words say nothing more.
SAID = ("absent", "refused", "dangling", "no socket", "ssh", "silent")


def explain(error: BaseException, endpoint: Endpoint | None) -> Missing:
    """The sentence and the advice for an error; without an endpoint, what was chosen is wrong."""
    kind = kind_of(error, endpoint)
    if endpoint is None or kind == "configuration":
        reason, fix = sentence(kind, endpoint)
        return Missing(f"{reason}: {error}", fix)
    if kind == "absent" and endpoint.is_usual and find_tool("dockerd") is None:
        return Missing("Docker Engine is not installed", as_root("setup docker"))
    reason, fix = sentence(kind, endpoint)
    detail = "" if kind in SAID else f": {_words(error)}"
    other = f"; or else: {endpoint.instead}" if endpoint.instead else ""
    return Missing(f"{reason}: {endpoint}{detail}", fix + other)


def kind_of(error: BaseException, endpoint: Endpoint | None) -> Kind:
    """What an error of the SDK or of the socket means."""
    if isinstance(error, ContextNotFound):
        return "no context"
    if isinstance(error, ConfigurationError):
        return "configuration"
    if endpoint is None:
        return "context"
    if not _makes_sense(endpoint.url):
        return "address"
    if endpoint.is_ssh:
        return "ssh"
    words, causes = _words(error), list(_causes(error))
    if "API version" in words or "client version" in words:
        return "API version"
    if endpoint.socket is not None and (kind := _of_socket(causes, Path(endpoint.socket))):
        return kind
    return _of_connection(causes, endpoint)


def _of_socket(causes: list[BaseException], path: Path) -> Kind | None:
    if _any(causes, PermissionError):
        return "denied"
    if _any(causes, FileNotFoundError, NotADirectoryError):
        return "dangling" if path.is_symlink() else "absent"
    if _any(causes, BlockingIOError):
        return "silent"  # its queue is full: connect(2), EAGAIN
    if _any(causes, ConnectionRefusedError):
        return "refused" if path.is_socket() else "no socket"
    return None


def _of_connection(causes: list[BaseException], endpoint: Endpoint) -> Kind:
    if not _connects(endpoint):
        return "unreachable"
    if _any(causes, TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout):
        return "silent"
    encrypted = _speaks_tls(endpoint)
    if endpoint.tls is None and encrypted:
        return "wants TLS"
    if endpoint.tls is not None and _any(causes, ssl.SSLError):
        return "certificate" if encrypted else "no TLS"
    answers = (cause.response for cause in causes if isinstance(cause, APIError))
    if any(a is not None and "json" in a.headers.get("Content-Type", "") for a in answers):
        return "error"
    return "stranger"


def _any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: object) -> Iterator[BaseException]:
    """An error and those in it: requests and urllib3 keep the first one in various places."""
    if isinstance(error, BaseException):
        yield error
        for inner in (error.__cause__ or error.__context__, getattr(error, "reason", None)):
            yield from _causes(inner)
        for part in error.args:
            yield from _causes(part)


def _words(error: BaseException) -> str:
    """What the daemon says, where it says anything."""
    for cause in _causes(error):
        if isinstance(cause, APIError) and cause.explanation:
            return last_lines(str(cause.explanation))
    return last_lines(str(list(_causes(error))[-1]))


def _makes_sense(url: str) -> bool:
    """Whether the SDK takes this address: it does not know fd://, and wants a port. It takes a Unix
    socket without a path, too, and looks for a relative one in the root folder."""
    with suppress(Exception):
        taken = str(parse_host(url))
        if taken.startswith("http+unix:"):
            return taken.startswith("http+unix:///")
        return bool(taken) and not url.startswith("npipe:")
    return False


def _connect(endpoint: Endpoint) -> socket.socket:
    if endpoint.socket is None:
        parts = urlsplit(endpoint.url)
        return socket.create_connection((parts.hostname or "localhost", parts.port or 0), PROBE_S)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(PROBE_S)
        connection.connect(endpoint.socket)
    except OSError:
        connection.close()
        raise
    return connection


def _connects(endpoint: Endpoint) -> bool:
    with suppress(OSError, ValueError), _connect(endpoint):
        return True
    return False


def _speaks_tls(endpoint: Endpoint) -> bool:
    """Whether the other side speaks TLS; who it is, is not checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, ValueError), _connect(endpoint) as connection:
        context.wrap_socket(connection).close()
        return True
    return False

"""Each kind of refusal of a Docker daemon: its sentence, and what to do."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from labkit.backends.docker.endpoint import PROBE_S, Endpoint
from labkit.system.paths import state_dir
from labkit.system.process import as_root, with_root

Kind = Literal[
    "absent",  # there is no such socket
    "dangling",  # a link to none
    "no socket",  # a file or folder in its place
    "refused",  # nobody listens at it
    "denied",  # not for this user
    "silent",  # accepts a connection, and says nothing
    "unreachable",  # another computer, or a port, at which nobody listens
    "wants TLS",
    "no TLS",
    "certificate",
    "API version",
    "error",  # the daemon's own
    "stranger",  # something else than a daemon
    "ssh",
    "address",
    "no context",
    "context",
    "configuration",  # config.json, whichever daemon it is
]

ANOTHER_CONTEXT = (
    "docker context ls names those that are there; `docker context use default`, or `unset "
    "DOCKER_CONTEXT`, chooses the usual one"
)
SYSTEMD = Path("/run/systemd/system")  # sd_booted(3)
# Those that depend on nothing.
FIXED: dict[Kind, tuple[str, str]] = {
    "unreachable": ("no Docker daemon can be reached", "start that daemon, or mend its address"),
    "wants TLS": (
        "the Docker daemon speaks TLS, and is spoken to without",
        "name the folder that holds ca.pem, cert.pem and key.pem: "
        "export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=FOLDER",
    ),
    "no TLS": (
        "the Docker daemon does not speak TLS",
        "use none with it: unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH, or a context without",
    ),
    "certificate": (
        "the Docker daemon and this computer do not accept each other's certificates",
        "bring that daemon's ca.pem, cert.pem and key.pem, in DOCKER_CERT_PATH or the context",
    ),
    "API version": (
        "the Docker daemon speaks another version of the API",
        "bring it up to date (Docker 20.10 or newer), and do not set DOCKER_API_VERSION",
    ),
    "stranger": (
        "what answers does not speak as a Docker daemon does",
        "end what listens there, or name the daemon's own address with DOCKER_HOST",
    ),
    "address": (
        "the Docker daemon's address makes no sense",
        "write it as unix:///PATH or tcp://HOST:PORT",
    ),
    "no context": ("the Docker context that is chosen is not there", ANOTHER_CONTEXT),
    "context": ("the Docker context that is chosen cannot be read", ANOTHER_CONTEXT),
    "configuration": (
        "your configuration of the command docker cannot be used",
        "mend that file, or move it away: Docker works without one, too",
    ),
}


def sentence(kind: Kind, endpoint: Endpoint | None) -> tuple[str, str]:
    """(what is wrong, what to do)."""
    if kind in FIXED or endpoint is None:
        return FIXED[kind]
    path = endpoint.socket or ""
    start = as_root("setup docker") if endpoint.is_usual else "start that daemon"
    if kind == "ssh":
        host = shlex.quote(urlsplit(endpoint.url).netloc)
        return (
            "the lab does not speak to a Docker daemon by ssh",
            f"bring its socket here: ssh -nNT -L ~/docker.sock:/var/run/docker.sock {host} & "
            "export DOCKER_HOST=unix://$HOME/docker.sock",
        )
    if kind == "silent":
        return (
            f"the Docker daemon accepts a connection and says nothing for {PROBE_S:g} s",
            f"wait until it has started; what it waits for is told in {log_of(endpoint)}",
        )
    if kind == "error":
        return "the Docker daemon answers with an error", f"more is told in {log_of(endpoint)}"
    if kind == "dangling":
        return (
            f"the Docker daemon's socket is a link to {os.path.realpath(path)}, which is not there",
            f"start the program that made the link, or remove it: rm {shlex.quote(path)}",
        )
    if kind == "no socket":
        return (
            "what lies in the place of the Docker daemon's socket is no socket",
            f"look at it (ls -ld {shlex.quote(path)}), remove it, and start the daemon anew",
        )
    if kind == "denied":
        return "the Docker daemon denies you access", _how_to_get_in(path)
    if kind == "refused":
        return "no Docker daemon listens any more, its socket is left from one", start
    return "no Docker daemon answers, its socket is not there", start


def log_of(endpoint: Endpoint | None) -> str:
    """Where its log is, in words: that of systemd's service, or of the daemon the lab started."""
    if endpoint is not None and endpoint.is_usual:
        if SYSTEMD.is_dir():
            return "its log (journalctl -u docker)"
        if own_log().exists():
            return f"its log ({own_log()})"
    return "its log"


def own_log() -> Path:
    """The log of the daemon that `labkit setup docker` starts where there is no systemd."""
    return state_dir() / "dockerd.log"


def _how_to_get_in(path: str) -> str:
    """The group that its socket is for, or the user."""
    with suppress(OSError, KeyError):
        status = Path(path).stat()
        if status.st_mode & 0o020 and status.st_gid:
            # Not $USER: within `su -c` that is root.
            user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(status.st_gid)
            if user in group.gr_mem:
                return f"you are in the group {group.gr_name} since you logged in: log in again"
            command = with_root(f"usermod -aG {group.gr_name} {user}")
            return f"{command}, then log in again"
        return f"only the user {Path(path).owner()} may use it: work as that one, or start your own"
    return "only the owner of its folder may use it: work as that user, or start your own"

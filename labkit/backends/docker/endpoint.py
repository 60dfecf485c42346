"""Which Docker daemon: the one that the command `docker` would use here. Where that finds none, one
that the user has started elsewhere: rootless Docker, Docker Desktop, Colima, Podman.

https://docs.docker.com/reference/cli/docker: DOCKER_HOST, DOCKER_CONTEXT, the current context. The
SDK follows them, too, but not where there is no config.json, and takes a context that is not there
for the usual one.
"""

from __future__ import annotations

import os
import pwd
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from docker import APIClient
from docker.errors import ContextException, ContextNotFound
from docker.tls import TLSConfig

from labkit.system import plain_files

USUAL = "/var/run/docker.sock"
PROBE_S = 5


class Tls(TLSConfig):
    @classmethod
    def of(cls, folder: Path, *, verify: bool) -> Tls:
        """With the files that are in the folder: the command `docker` requires none of them."""
        ca, cert, key = (folder / f"{part}.pem" for part in ("ca", "cert", "key"))
        pair = (str(cert), str(key)) if cert.exists() and key.exists() else None
        return cls(pair, str(ca) if ca.exists() else None, verify=verify)

    def configure_client(self, client: APIClient) -> None:
        """Not by REQUESTS_CA_BUNDLE, which would take the place of the daemon's own ca.pem."""
        super().configure_client(client)
        client.trust_env = client.trust_env and self.ca_cert is None


@dataclass(frozen=True)
class Endpoint:
    """url: as the command has it. found_by: what leads to it. instead: what makes the lab look
    elsewhere, a shell's command; empty where nothing was chosen."""

    url: str
    found_by: str
    instead: str = ""
    tls: Tls | None = None

    @property
    def socket(self) -> str | None:
        """The path of the Unix socket; None where it is none."""
        scheme, _, path = self.url.partition("://")
        return (path or USUAL) if scheme == "unix" else None

    @property
    def is_ssh(self) -> bool:
        """The SDK speaks it with paramiko, and then gives no socket whose streams can be had."""
        return self.url.startswith("ssh:")

    @property
    def is_usual(self) -> bool:
        """Whether nothing leads elsewhere: only then a daemon may be started to answer there."""
        return not self.instead and self.socket == USUAL

    @property
    def words(self) -> tuple[str, ...]:
        """The options with which the command `docker` uses it, too."""
        return () if self.instead or self.is_usual else ("--host", self.url)

    def __str__(self) -> str:
        home = _home()
        near = self.socket is not None and self.socket.startswith(f"{home}/")
        # Without a user's name and password, which would stand in each recording.
        url = self.url.replace(home, "~") if near else re.sub(r"//[^/]*@", "//", self.url)
        return f"{url} ({self.found_by})".encode(errors="replace").decode()  # names may be no text


def find() -> Endpoint:
    """DockerException when what is chosen leads nowhere."""
    if given := os.environ.get("DOCKER_HOST"):
        verified = bool(os.environ.get("DOCKER_TLS_VERIFY"))
        folder = Path(os.environ.get("DOCKER_CERT_PATH") or config_folder())
        tls = Tls.of(folder, verify=verified) if verified or os.environ.get("DOCKER_TLS") else None
        return Endpoint(_address(given), "DOCKER_HOST", "unset DOCKER_HOST", tls)
    if name := os.environ.get("DOCKER_CONTEXT"):
        if name != "default":
            return _of_context(name, f"context {name}, by DOCKER_CONTEXT", "unset DOCKER_CONTEXT")
    elif (name := current_context()) != "default":
        return _of_context(name, f"the current context, {name}", "docker context use default")
    return _answering()


def _address(given: str) -> str:
    """As the command takes it: blanks around it are no part of it, and blanks only are the usual
    one. A scheme may be in capitals (RFC 3986, 3.1)."""
    url = given.strip() or f"unix://{USUAL}"
    return re.sub(r"\A[A-Za-z+]+:", lambda scheme: scheme[0].lower(), url)


def _home() -> str:
    return os.path.expanduser("~")  # noqa: PTH111  Path's own raises for a user without one


def config_folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or f"{_home()}/.docker")


def current_context(folder: Path | None = None) -> str:
    """The command, too, takes a file that it cannot read for none."""
    file = (folder or config_folder()) / "config.json"
    with suppress(OSError, ValueError, AttributeError):
        chosen = plain_files.read_json(file).get("currentContext")
        return str(chosen or "default")
    return "default"


def _of_context(name: str, found_by: str, instead: str, folder: Path | None = None) -> Endpoint:
    """The endpoint of a context's file, and its certificates beside it."""
    name = name.encode(errors="replace").decode()  # a name that is no text is no context's
    key, folder = sha256(name.encode()).hexdigest(), folder or config_folder()
    file = folder / "contexts/meta" / key / "meta.json"
    try:
        described = plain_files.read_json(file)["Endpoints"]["docker"]
        url, unchecked = _address(str(described["Host"])), bool(described.get("SkipTLSVerify"))
    except FileNotFoundError:
        raise ContextNotFound(name) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContextException(f"{file}: {error!r}") from error
    certificates = folder / "contexts/tls" / key / "docker"
    encrypted = url.startswith("tcp:") and (certificates.is_dir() or unchecked)
    tls = Tls.of(certificates, verify=not unchecked) if encrypted else None
    return Endpoint(url, found_by, instead, tls)


def _answering() -> Endpoint:
    """The first of the known sockets at which somebody listens; where there is none, the one of the
    current context of the user of sudo, or the usual."""
    user, home, chosen = _runtime_folder(), _home(), "default"
    if os.geteuid() == 0 and (number := os.environ.get("SUDO_UID", "")).isdecimal():
        with suppress(KeyError):  # a second daemon is not wanted beside that user's own
            user, home = f"/run/user/{number}", pwd.getpwuid(int(number)).pw_dir
            chosen = current_context(Path(home, ".docker"))
    known = {
        USUAL: "the usual place",
        f"{user}/docker.sock": "rootless Docker",
        f"{home}/.docker/run/docker.sock": "Docker Desktop",
        f"{home}/.docker/desktop/docker.sock": "Docker Desktop",
        f"{home}/.colima/default/docker.sock": "Colima",
        f"{user}/podman/podman.sock": "Podman",
        "/run/podman/podman.sock": "Podman",
    }
    place = next((path for path in known if _listens(path)), "")
    if not place and chosen != "default":
        return _of_context(chosen, f"the context {chosen} of {home}", "", Path(home, ".docker"))
    place = place or USUAL
    return Endpoint(f"unix://{place}", known[place])


def _runtime_folder() -> str:
    return os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"


def _listens(path: str) -> bool:
    try:
        knock(path)
    except BlockingIOError:
        return True  # too many ask it at once
    except OSError:
        return False
    return True


def knock(path: str) -> None:
    """Raises the OSError that a connection to a Unix socket meets."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)  # so one whose queue is full does not keep us waiting: EAGAIN
        probe.connect(path)

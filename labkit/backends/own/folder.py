"""`docker:image=./FOLDER`: an image that the user's daemon builds of a folder with a Dockerfile.

A path is told from an image's name by its first signs: no image's name begins with / or ./ or ../
or ~/ (so `myapp` is an image, `./myapp` a folder, whatever lies there). The SDK packs the folder,
without what its .dockerignore leaves out; nothing is written into it.

The image is the lab's own by its tags: labkit/own-KEY:KEY, KEY being the digest of the folder's
path, and for as long as a lab uses it, that lab's claim. A daemon has its own cache of steps: a
second build of the same files does next to nothing.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import docker
import requests
import urllib3
from docker.errors import APIError, ImageNotFound
from docker.models.images import Image
from docker.utils import tar

from labkit.backends.base import Missing
from labkit.backends.docker import client, store
from labkit.backends.docker.client import DAEMON_ERRORS, daemon_errors
from labkit.errors import BackendError, LabError, NoRoom
from labkit.system import plain_files, refusals
from labkit.system.owner_marks import owner, scratch_folder
from labkit.system.process import last_lines
from labkit.system.telling import tell

DOCKERFILE = "Dockerfile"
USE = (
    "a folder with a Dockerfile is named by a path that begins with ./ or / or ~/, "
    "such as docker:image=./myapp; anything else is the name of an image"
)
# What the daemon's builder says of the image that a step has made.
_STEP, _MADE = re.compile(r"Step \d+/\d+ : (.+)"), re.compile(r"\s*---> ([0-9a-f]{12,64})\s*")
_CACHED = "---> Using cache"
_FULL = "no space left on device"


def place(image: str) -> Path:
    return Path(image).expanduser().resolve()


def problem(image: str) -> Missing | None:
    """Why nothing can be built of this folder."""
    folder = place(image)
    if not folder.is_dir():
        return Missing(f"there is no folder {image}", USE)
    try:
        plain_files.require_plain(folder / DOCKERFILE)
        (folder / DOCKERFILE).open("rb").close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Missing(f"the folder {image} has no {DOCKERFILE} that can be read: {why}", USE)
    return None


def build(daemon: docker.DockerClient, image: str, *, progress: bool) -> str:
    """The tag by which this process claims the image from now on. A folder that it builds once more
    has the same one: not each step of a Dockerfile is the same image the next time. What the daemon
    says meanwhile goes to standard error where `progress` is to be shown. BackendError with its
    last lines."""
    digest = hashlib.sha256(bytes(place(image))).hexdigest()
    kind, begin = store.built(digest), time.monotonic()
    former = _found(daemon, kind.tag(digest))
    claimed = f"{kind.repository}:{store.CLAIM}{owner()}"
    for line in _steps(daemon, image, tag=claimed, labels={kind.label: digest}):
        if progress:
            tell(f"  {line}")
    with daemon_errors("tell what it has built"):
        built = daemon.images.get(claimed)
        built.tag(kind.repository, kind.tag(digest).partition(":")[2])
    if former is not None and former.id != built.id:
        _remove_nameless(daemon, str(former.id))
    if progress:
        seconds = time.monotonic() - begin
        size = f"{built.attrs.get('Size', 0) / 1e6:.1f} MB"
        tell(f"built {image} in {seconds:.1f} s, {size}: no part of a start")
    return claimed


def _steps(
    daemon: docker.DockerClient, image: str, *, tag: str, labels: dict[str, str]
) -> Iterator[str]:
    """The lines that the build says. Where it does not come to its end, the images of its steps,
    which have no name, go."""
    lines: list[str] = []
    done = False
    try:
        for part in _parts(daemon, image, tag=tag, labels=labels):
            for text in str(part.get("stream") or part.get("error") or "").splitlines():
                if line := "".join(sign for sign in text if sign.isprintable()).rstrip():
                    lines.append(line)
                    yield line
            if "error" in part:
                raise _failure(image, lines)
        done = True
    finally:
        if not done and (made := _last_made(lines)):
            _remove_nameless(daemon, made)


def _parts(
    daemon: docker.DockerClient, image: str, *, tag: str, labels: dict[str, str]
) -> Iterator[dict[str, Any]]:
    try:
        # In a folder that is known to be the lab's: whoever sweeps after a killed one removes it.
        with scratch_folder() as folder, (folder / "packed").open("w+b") as packed:
            _pack(place(image), packed)
            how: dict[str, Any] = {"custom_context": True, "rm": True, "forcerm": True}
            yield from daemon.api.build(fileobj=packed, tag=tag, labels=labels, decode=True, **how)
    except APIError as error:  # a Dockerfile that cannot be read
        raise _failure(image, [str(error.explanation or error)]) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise client.daemon_error(f"build {image}", error) from error
    except OSError as error:
        if error.errno in refusals.OF_THE_COMPUTER:
            raise refusals.in_words(error) from error
        raise BackendError(
            f"the folder {image} cannot be sent to the Docker daemon",
            details=str(error),
            resolution="make it readable, or leave it out by a line in .dockerignore",
        ) from error


def _pack(folder: Path, target: IO[bytes]) -> None:
    """The folder as a tar, without what its .dockerignore leaves out."""
    ignored: list[str] = []
    with suppress(FileNotFoundError):
        content = plain_files.read(folder / ".dockerignore").removeprefix(codecs.BOM_UTF8)
        text = os.fsdecode(content)  # as file names are
        lines = map(str.strip, text.split("\n"))
        ignored = [line for line in lines if line and not line.startswith("#")]
    tar(folder, exclude=ignored, fileobj=target)


def _failure(image: str, lines: list[str]) -> LabError:
    """What a build that has failed means, with what was said last."""
    text, steps = last_lines("\n".join(lines)), [m[1] for m in map(_STEP.fullmatch, lines) if m]
    if _FULL in text:
        return NoRoom(
            f"the Docker daemon has no room to build {image}",
            details=text,
            resolution="docker system df tells what takes it; docker image prune removes what has "
            "no name",
        )
    if steps and (base := re.match(r"FROM (?:--\S+ )*(\S+)", steps[-1], re.IGNORECASE)):
        pull = " ".join(client.command("pull", base[1]))
        return BackendError(
            f"the base image {base[1]} is not there, and the Docker daemon cannot fetch it",
            details=text,
            resolution=f"{pull}, once its registry can be reached, or docker load; "
            "docker images lists what is there",
        )
    by_hand = f"docker build -t NAME {image}"
    return BackendError(
        f"the Docker daemon could not build {image}",
        details=text,
        resolution=f"{by_hand} (it knows BuildKit's options, the lab's way does not), then "
        "docker:image=NAME"
        if "BuildKit" in text
        else f"mend its {DOCKERFILE} until this works: {by_hand}",
    )


def _last_made(lines: list[str]) -> str:
    """The image of the last step that the build itself has made; empty without one. The first
    step's is the base."""
    made, step, cached = "", "", False
    for line in lines:
        if match := _STEP.fullmatch(line):
            step, cached = match[1], False
        cached = cached or _CACHED in line
        if (match := _MADE.fullmatch(line)) and not cached and not step.upper().startswith("FROM"):
            made = match[1]
    return made


def _found(daemon: docker.DockerClient, tag: str) -> Image | None:
    with daemon_errors("look for the image"), suppress(ImageNotFound):
        return daemon.images.get(tag)
    return None


def _remove_nameless(daemon: docker.DockerClient, image: str) -> None:
    """Removes an image of the lab's that has no tag any more. Not forced: a container may be made
    of it."""
    with suppress(*DAEMON_ERRORS):
        if not daemon.images.get(image).tags:
            daemon.images.remove(image)

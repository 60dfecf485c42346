"""A Docker daemon to be broken: `python -m labkit.course.daemon`, for the task of chapter 07.

It is one of the lab's own, beside the computer's, and keeps its containers when it is killed. It
and they are gone when this program ends.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from labkit import image
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.docker.own_daemon import HOST, OwnDaemon
from labkit.errors import LabError


def main() -> None:
    """Runs until a signal asks it to end. LabError where no daemon can be started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with OwnDaemon("--live-restore") as daemon:
        DockerBackend().prepare(image.build(progress=False))
        print(f"export {HOST}=unix://{daemon.folder}/docker.sock")
        print(f"dockerd is process {daemon.process.pid}; Ctrl-C ends all of it", flush=True)
        signal.pause()


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except LabError as error:
        sys.exit(str(error))

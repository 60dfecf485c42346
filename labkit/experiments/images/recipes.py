"""The images of the experiments, made of the lab image's root file system and this computer's
Python."""

from __future__ import annotations

import stat
from dataclasses import dataclass

from labkit.experiments.images.archive import Recipe, sorted_entries
from labkit.experiments.images.python_root import INTERPRETER, python_entries
from labkit.image import LabImage
from labkit.image.container import ImageLayer
from labkit.image.rootfs import Entry, folder, lab_entries, program, read_guest

READY = "ready"
SHELL_WORDS = f"echo {READY}; read line"
PYTHON_WORDS = f"print('{READY}', flush=True); input()"


@dataclass(frozen=True)
class BaseImage:
    """An image and a program that says `ready` and waits for a line."""

    recipe: Recipe
    program: str
    command: tuple[str, ...]


def file(path: str, data: bytes) -> Entry:
    return Entry(path, stat.S_IFREG | 0o644, data)


def base_layer(lab_image: LabImage) -> ImageLayer:
    """The lab's root file system, as in the lab image."""
    return ImageLayer("lab root", tuple(lab_entries(_busybox(lab_image), read_guest())))


def python_layer(mark: str = "") -> ImageLayer:
    """Python. A mark makes other bytes, and so another layer, of the same files."""
    marked = [folder("lab"), file("lab/built-by", mark.encode())] if mark else []
    return ImageLayer("python", sorted_entries([*python_entries(), *marked]))


def scratch(lab_image: LabImage) -> Recipe:
    """From nothing: one static program is the whole image."""
    return Recipe("scratch", (ImageLayer("busybox", (program("busybox", _busybox(lab_image)),)),))


def busybox(lab_image: LabImage) -> Recipe:
    return Recipe("busybox", (base_layer(lab_image), _app_layer()))


def python(lab_image: LabImage) -> Recipe:
    return Recipe("python", (base_layer(lab_image), python_layer(), _app_layer("python app")))


def other_app(lab_image: LabImage) -> Recipe:
    """Another program on the same Python: all but its last layer is the other image's."""
    return Recipe(
        "python-other-app", (base_layer(lab_image), python_layer(), _app_layer("other python app"))
    )


def own_python(lab_image: LabImage, number: int) -> Recipe:
    """The same image, built once more by somebody else: its layer of Python is another one."""
    layers = (base_layer(lab_image), python_layer(f"builder {number}"), _app_layer("python app"))
    return Recipe(f"python-{number}", layers)


def base_images(lab_image: LabImage) -> tuple[BaseImage, ...]:
    """The same program in three images; and in the last of them once more, written in Python."""
    shell = ("/bin/busybox", "sh", "-c", SHELL_WORDS)
    in_python = python(lab_image)
    return (
        BaseImage(scratch(lab_image), "busybox", ("/busybox", *shell[1:])),
        BaseImage(busybox(lab_image), "busybox", shell),
        BaseImage(in_python, "busybox", shell),
        BaseImage(in_python, "python", (INTERPRETER, "-c", PYTHON_WORDS)),
    )


def _app_layer(title: str = "app") -> ImageLayer:
    """What a developer adds: a small program of the image's own kind."""
    name, text = ("app.py", PYTHON_WORDS) if "python" in title else ("app.sh", SHELL_WORDS)
    return ImageLayer(title, (folder("app"), file(f"app/{name}", f"# {title}\n{text}\n".encode())))


def _busybox(lab_image: LabImage) -> bytes:
    return (lab_image.rootfs / "bin/busybox").read_bytes()

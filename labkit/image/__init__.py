"""The lab image: one root file system, packaged for every backend."""

from labkit.image.builder import build, find
from labkit.image.lab_image import LabImage

__all__ = ["LabImage", "build", "find"]

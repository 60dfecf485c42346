"""The lab image: one root file system, packaged for every backend."""

from labkit.image.builder import build, build_times, find
from labkit.image.lab_image import LabImage
from labkit.image.networked import networked

__all__ = ["LabImage", "build", "build_times", "find", "networked"]

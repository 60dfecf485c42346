"""The lab image: one root file system, packaged for every backend."""

from labkit.image.builder import build, find
from labkit.image.builds import build_times
from labkit.image.lab_image import LabImage
from labkit.image.networked import networked

__all__ = ["LabImage", "build", "build_times", "find", "networked"]

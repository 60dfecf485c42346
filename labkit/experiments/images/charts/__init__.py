"""Charts of this experiment: frame → Chart."""

from labkit.experiments.images.charts.starts import base_images, cold_load
from labkit.experiments.images.charts.store import image_layers, page_sharing
from labkit.experiments.images.charts.writes import copy_up

__all__ = ["base_images", "cold_load", "copy_up", "image_layers", "page_sharing"]

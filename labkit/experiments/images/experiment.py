"""Images and containers as an experiment: `labkit images`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.experiments.base import Batches, Charts, Experiment, Needs
from labkit.experiments.calls import measured_by, planned_by
from labkit.experiments.images import integrity, planning
from labkit.experiments.images.measure import backends_of, measure, storage_driver
from labkit.experiments.images.planning import ImagesOptions
from labkit.experiments.images.records import (
    TABLES,
    ImagesManifest,
    ImagesPlan,
    ImagesRecording,
)
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Manifest


class WithImages(Experiment[ImagesOptions, ImagesPlan, ImagesManifest]):
    name = "images"
    help = """What lies on the disk, what runs, and what of it is shared: with real images.

    \b
    layers        four images: the size of each layer, and which of them are the same one
    page_sharing  ten containers of one image, and of ten: memory (PSS), one by one
    copy_up       the first byte written to a file of the image: time, and bytes on the disk
    cold_load     from an empty store to ready: a container's image, a virtual machine's image
    base_images   the same program in three images (scratch, busybox, python): bytes and startup
    drift         something changes on a «host» (a folder, entered as root): what breaks, where?

    Images are made of the lab image and this computer's Python; nothing is pulled, and nothing of
    it stays. All of them take about five minutes, some a few seconds.

    \b
    labkit images --parts layers,base_images --repeats 3
    labkit images --machines qemu,virtualbox --out data/runs/my-images
    labkit images --parts page_sharing,copy_up,base_images --storage-driver vfs
    labkit images --resume data/runs/my-images    the parts that are missing
    """
    reference = "images"
    options = ImagesOptions
    manifest = ImagesManifest
    tables = TABLES

    def plan(self, options: ImagesOptions) -> ImagesPlan:
        return planning.make_plan(options)

    def describe(self, plan: ImagesPlan) -> str:
        parts = (f"{name} {n} times" if n > 1 else name for name, n in plan.trials.items())
        daemon = "" if plan.storage_driver is None else f"; storage driver {plan.storage_driver}"
        return f"parts: {', '.join(parts)}{daemon}"

    def batches(self, plan: ImagesPlan) -> int:
        return len(plan.trials)

    def needs(self, plan: ImagesPlan) -> Needs:
        return Needs(())

    def facts(self, plan: ImagesPlan, session: Session) -> Mapping[str, Any]:
        return {
            "storage_driver": storage_driver(plan),
            "backends": backends_of(plan, session.plain),
        }

    def measure(self, plan: ImagesPlan, session: Session) -> Batches:
        return measure(plan, session)

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        assert isinstance(manifest, ImagesManifest)
        return integrity.faults(manifest, rows)

    def text(self, recording: ImagesRecording) -> str:
        from labkit.experiments.images.text import images_text

        return images_text(recording)

    def charts(self, recording: ImagesRecording, badge: str) -> Charts:
        from labkit.experiments.images import charts, stats

        drawn = {
            "layers": (charts.image_layers, stats.image_layers),
            "page_sharing": (charts.page_sharing, stats.page_sharing),
            "copy_up": (charts.copy_up, stats.copy_up),
            "cold_load": (charts.cold_load, stats.cold_load),
            "base_images": (charts.base_images, stats.base_images),
        }
        return {
            name: draw(compute(recording.tables[name]), badge=badge)
            for name, (draw, compute) in drawn.items()
            if not recording.tables[name].empty
        }


EXPERIMENT = WithImages()
run = measured_by(EXPERIMENT, ImagesOptions)
plan = planned_by(EXPERIMENT, ImagesOptions)

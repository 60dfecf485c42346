"""Noisy neighbours: how much does one instance disturb another, without and with limits?

The victim is a small web server. Beside it runs a second instance of the same backend that takes
CPU, memory or the disk. In each block the same victim serves alone, beside a neighbour without
limits, and beside one with limits, in random order; its throughput and tail latency are then
compared within the block.
"""

from labkit.neighbours.experiment import measure
from labkit.neighbours.folder import Folder, Recorded, frame, load
from labkit.neighbours.plan import make_plan
from labkit.neighbours.records import CONDITIONS, KINDS, Experiment, NeighbourTrial

__all__ = [
    "CONDITIONS",
    "KINDS",
    "Experiment",
    "Folder",
    "NeighbourTrial",
    "Recorded",
    "frame",
    "load",
    "make_plan",
    "measure",
]

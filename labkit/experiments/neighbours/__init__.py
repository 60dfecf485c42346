"""Noisy neighbours: how much does one instance disturb another, without and with limits?

The victim is a small web server. With it runs a second instance of the same backend that takes
CPU, memory or the disk. In each block the same victim serves alone, with a neighbour without
limits, and with one that has limits, in random order; its throughput and tail latency are then
compared within the block.
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__, charts=".charts", plan=".experiment:plan", run=".experiment:run", stats=".stats"
)

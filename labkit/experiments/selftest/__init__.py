"""A test of the lab itself: what it adds to its figures, and how often it is wrong.

Three questions, each asked where the true answer is known:

- overhead trials: start, ready, stop, with and without readings of meters; also of a process that
  only announces itself (`floor`). What of a startup is the lab's own?
- the A/A test: the same backend under two names; nothing differs. How often does the lab say that
  it does?
- the sampler's cost: what do readings take from the host and from the workload?

`verdict` holds the bounds; labkit/measure/last_selftest.py keeps the last one for the reports of
later runs.
"""

from labkit.lazy import attach

__getattr__, __all__ = attach(__name__, run=".experiment:run", stats=".stats")

"""Null tests of the lab itself: what it adds to its figures, and how often it is wrong.

Three questions, each asked where the true answer is known:

- null trials (`null`): start, ready, stop, with and without readings of meters; also of the
  smallest possible process (`floor`). What of a startup is the lab's own?
- the same backend twice (`same`, `replays`): nothing differs. How often does the lab say it does?
- the sampler's cost (`sampling`): what do readings take from the host and from the workload?

`verdict` holds the bounds, `state` keeps the last selftest for the reports of later runs.
"""

"""Who manages what: the parts below an application, and what each model leaves to its user.

Source of the models: NIST Special Publication 800-145, "The NIST Definition of Cloud Computing"
(Mell, Grance 2011): with IaaS the consumer "has control over operating systems, storage, and
deployed applications", with PaaS "over the deployed applications and possibly configuration
settings", with SaaS over none but "user-specific application configuration settings". The parts
are those of the stack that vendors and textbooks draw in common; NIST does not number them, and
has no model for containers: that column follows what is in an image, which is the user's, and with
it all of an operating system but the kernel. So that is two parts here.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

# From what the program's user sees down to the cables.
PARTS = (
    "application",
    "data",
    "runtime",
    "userland",  # of a distribution: its C library, its shell and tools
    "kernel",
    "virtualization",
    "servers",
    "storage",
    "network",
)
# Model → the parts that its user manages; the provider manages the rest.
USER_MANAGES: Mapping[str, tuple[str, ...]] = {
    "own computers": PARTS,
    "IaaS": PARTS[:5],
    "containers": PARTS[:4],
    "PaaS": PARTS[:2],
    "SaaS": (),
}


def who_manages() -> pd.DataFrame:
    """One row a part and model: part, model, managed_by (`user` or `provider`)."""
    return pd.DataFrame(
        [
            (part, model, "user" if part in managed else "provider")
            for part in PARTS
            for model, managed in USER_MANAGES.items()
        ],
        columns=["part", "model", "managed_by"],
    )

"""Who manages what: the layers below an application, and what each model leaves to its user.

Source of the models: NIST Special Publication 800-145, "The NIST Definition of Cloud Computing"
(Mell, Grance 2011): with IaaS the consumer "has control over operating systems, storage, and
deployed applications", with PaaS "over the deployed applications and possibly configuration
settings", with SaaS over none but "user-specific application configuration settings". The layers
are those of the stack that vendors and textbooks draw in common; NIST does not number them, and
has no model for containers: that column follows the stack, the image being the user's.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

# From what the program's user sees down to the cables.
LAYERS = (
    "application",
    "data",
    "runtime",
    "operating system",
    "virtualization",
    "servers",
    "storage",
    "network",
)
# Model → the layers that its user manages; the provider manages the rest.
USER_MANAGES: Mapping[str, tuple[str, ...]] = {
    "own computers": LAYERS,
    "IaaS": LAYERS[:4],
    "containers": LAYERS[:3],
    "PaaS": LAYERS[:2],
    "SaaS": (),
}


def layers() -> pd.DataFrame:
    """One row a layer and model: layer, model, managed_by (`user` or `provider`)."""
    return pd.DataFrame(
        [
            (layer, model, "user" if layer in managed else "provider")
            for layer in LAYERS
            for model, managed in USER_MANAGES.items()
        ],
        columns=["layer", "model", "managed_by"],
    )

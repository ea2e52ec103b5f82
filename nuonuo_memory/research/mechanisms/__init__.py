"""Recall mechanisms behind one interface, by name.

A new one costs a file beside these and a line in `MECHANISMS`; the tests and the studies then run
it with the others.
"""

from __future__ import annotations

import torch

from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.research.mechanisms.attractor import Attractor
from nuonuo_memory.research.mechanisms.base import Factory, Mechanism, MechanismConfig, Recalled
from nuonuo_memory.research.mechanisms.coarse_to_fine import CoarseToFine
from nuonuo_memory.research.mechanisms.code_hopfield import CodeHopfield
from nuonuo_memory.research.mechanisms.flat import FlatHebbian
from nuonuo_memory.research.mechanisms.polynomial import Polynomial
from nuonuo_memory.research.mechanisms.recurrent import Recurrent
from nuonuo_memory.research.mechanisms.spiking_hopfield import SpikingHopfield
from nuonuo_memory.research.mechanisms.two_stage import TwoStageHopfield
from nuonuo_memory.research.separation import Separator

__all__ = ["DEFAULT", "MECHANISMS", "Mechanism", "MechanismConfig", "Recalled", "create"]

MECHANISMS: dict[str, Factory] = {
    "flat": FlatHebbian,
    "polynomial": Polynomial,
    "attractor": Attractor,
    "recurrent": Recurrent,
    "coarse-to-fine": CoarseToFine,
    "code-hopfield": CodeHopfield,
    "spiking-hopfield": SpikingHopfield,
    "two-stage": TwoStageHopfield,
}
DEFAULT = "two-stage"


def create(
    name: str,
    dimension: int,
    *,
    config: MechanismConfig | None = None,
    device: torch.device | str = "cpu",
    separator: Separator | None = None,
) -> Mechanism:
    """Make an empty mechanism by name.

    Raises:
        InvalidInputError: If no mechanism has this name.
    """
    if name not in MECHANISMS:
        raise InvalidInputError(
            f"no recall mechanism is called {name!r}; there are {', '.join(MECHANISMS)}"
        )
    return MECHANISMS[name](dimension, config=config, device=device, separator=separator)

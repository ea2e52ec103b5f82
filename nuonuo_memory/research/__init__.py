"""The research prototype's mechanisms and their parts; the product imports none of them.

Tensors in, tensors out: torch alone is needed. `docs/research/mechanisms.md` shows each in use, and
the studies of `research/studies` put their figures beside the prototype's.
"""

from nuonuo_memory.research.biohash import BioHash, BioHashConfig
from nuonuo_memory.research.hebbian import FactoredAssociator, HebbianAssociator, Walk
from nuonuo_memory.research.hebbian_dense import DenseAssociator
from nuonuo_memory.research.mechanisms import (
    MECHANISMS,
    Mechanism,
    MechanismConfig,
    Recalled,
    create,
)
from nuonuo_memory.research.modern_hopfield import ModernHopfield
from nuonuo_memory.research.plasticity import OuterProduct, Plasticity, SpikeTiming
from nuonuo_memory.research.separation import PatternSeparator, Separator
from nuonuo_memory.research.spiking import SpikingAutoencoder, SpikingConfig
from nuonuo_memory.research.spiking_encoder import SpikingEncoder

__all__ = [
    "MECHANISMS",
    "BioHash",
    "BioHashConfig",
    "DenseAssociator",
    "FactoredAssociator",
    "HebbianAssociator",
    "Mechanism",
    "MechanismConfig",
    "ModernHopfield",
    "OuterProduct",
    "PatternSeparator",
    "Plasticity",
    "Recalled",
    "Separator",
    "SpikeTiming",
    "SpikingAutoencoder",
    "SpikingConfig",
    "SpikingEncoder",
    "Walk",
    "create",
]

"""An associative memory for language-model applications.

The names below load on first use, so that `import nuonuo_memory` costs nothing and
`nuonuo_memory.engine` needs nothing but PyTorch.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from nuonuo_memory._version import __version__

if TYPE_CHECKING:
    from nuonuo_memory.config import (
        AssociationConfig,
        ConsolidationConfig,
        CueConfig,
        MemoryConfig,
        RankingConfig,
    )
    from nuonuo_memory.errors import NuonuoError
    from nuonuo_memory.memory import TextMemory
    from nuonuo_memory.types import (
        Cue,
        Hit,
        Hop,
        Link,
        Memory,
        Message,
        NewMemory,
        Observed,
        Recall,
        Stats,
    )

__all__ = [
    "AssociationConfig",
    "ConsolidationConfig",
    "Cue",
    "CueConfig",
    "Hit",
    "Hop",
    "Link",
    "Memory",
    "MemoryConfig",
    "Message",
    "NewMemory",
    "NuonuoError",
    "Observed",
    "RankingConfig",
    "Recall",
    "Stats",
    "TextMemory",
    "__version__",
]

_HOME = {name: "config" for name in __all__ if name.endswith("Config")} | {
    "NuonuoError": "errors",
    "TextMemory": "memory",
}

# A library stays quiet until the application asks for its log.
logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'types')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

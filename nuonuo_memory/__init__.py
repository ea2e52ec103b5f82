"""An associative memory for language-model applications.

The names below load on first use, so that `import nuonuo_memory` costs nothing and
`nuonuo_memory.engine` needs nothing but PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from nuonuo_memory._version import __version__

if TYPE_CHECKING:
    from nuonuo_memory.config import MemoryConfig
    from nuonuo_memory.errors import NuonuoError
    from nuonuo_memory.memory import TextMemory
    from nuonuo_memory.types import Cue, Hit, Hop, Link, Memory, Message, NewMemory, Recall

__all__ = [
    "Cue",
    "Hit",
    "Hop",
    "Link",
    "Memory",
    "MemoryConfig",
    "Message",
    "NewMemory",
    "NuonuoError",
    "Recall",
    "TextMemory",
    "__version__",
]

_HOME = {
    "MemoryConfig": "config",
    "NuonuoError": "errors",
    "TextMemory": "memory",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'types')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""The parts of an open memory, and the lock that keeps them in step."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import torch

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.errors import ClosedError, InvalidInputError
from nuonuo_memory.index.memory_index import MemoryIndex
from nuonuo_memory.store.sqlite.store import Store
from nuonuo_memory.text.mentions import LinkExtractor
from nuonuo_memory.types import Namespace


@dataclass(slots=True)
class Core:
    """What reading and writing share.

    Attributes:
        lock: Held while the index is read or changed, never while a text is encoded.
    """

    store: Store
    index: MemoryIndex
    encoder: Encoder
    extractor: LinkExtractor
    config: MemoryConfig
    namespace: Namespace
    device: torch.device
    lock: threading.RLock = field(default_factory=threading.RLock)

    def follow(self) -> MemoryIndex:
        """Return the index, up to date with the store; the caller holds the lock.

        Raises:
            ClosedError: The memory was closed.
        """
        self.require_open()
        self.index.follow(self.store)
        return self.index

    def require_open(self) -> None:
        """Raise `ClosedError` if the memory was closed."""
        if self.store.closed:
            raise ClosedError("this memory was closed; open it again to use it")


def pick_device(name: str | None) -> torch.device:
    """Return the device asked for, or a GPU where there is one, or the CPU.

    Raises:
        InvalidInputError: The device is not there.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidInputError(
            f"device must be one that PyTorch can use here, such as 'cpu' or 'cuda'; got {name!r}"
        ) from error
    return device

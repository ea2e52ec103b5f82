"""How a component reaches its memory: by a path that it keeps, opened when first needed.

LlamaIndex writes components to JSON and reads them back by their fields, so what is open is lost
on the way; the path is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Self

from llama_index.core.bridge.pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)
from llama_index.core.settings import Settings

from llama_index_nuonuo.embedding import NuonuoEmbedding
from nuonuo_memory.agents.arguments import refuse_unknown, require_memory
from nuonuo_memory.encoders import AnyEncoder
from nuonuo_memory.encoders.minilm import NAME
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.memory import TextMemory


def open_memory(
    path: str | Path | None = None,
    embed_model: AnyEncoder | None = None,
    *,
    namespace: tuple[str, ...] | str = ("default",),
) -> TextMemory:
    """Open the memory at `path`, or a new one that lives in this process only.

    Args:
        path: The store's file.
        embed_model: What turns texts into vectors; the built-in MiniLM when `None`.
        namespace: Whose memory calls mean that name none.
    """
    encoder = embed_model.encoder if isinstance(embed_model, NuonuoEmbedding) else embed_model
    if path is None:
        return TextMemory.in_memory(encoder=encoder, namespace=namespace)
    return TextMemory.open(path, encoder=encoder, namespace=namespace)


class Opened:
    """What a component has open: shared by its copies, left behind by its serialised form."""

    def __init__(self) -> None:
        self.memory: TextMemory | None = None
        self.owned = False
        self.lock = Lock()

    def __deepcopy__(self, memo: dict[int, object]) -> Opened:
        return self

    def __reduce__(self) -> tuple[type[Opened], tuple[()]]:
        return (Opened, ())


class Connection(BaseModel):
    """The fields and calls of a component that keeps its memory's path and opens it lazily."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    path: str | None = Field(
        default=None, description="The store's file; None while the memory is in this process only."
    )
    namespace: tuple[str, ...] = Field(
        default=("default",), description="Whose memory it is, as in ('acme', 'alice')."
    )
    settings_embed_model: bool = Field(
        default=False,
        description="Open the store with Settings.embed_model, not the built-in encoder.",
    )
    _opened: Opened = PrivateAttr(default_factory=Opened)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, values: object) -> object:
        if isinstance(values, Mapping):
            refuse_unknown(values, cls.model_fields, by=cls.__name__)
        return values

    @property
    def memory(self) -> TextMemory:
        """The memory behind the component; opened on first use.

        Raises:
            InvalidInputError: There is neither a memory nor a path to open one at.
            EncoderMismatchError: The store was written with another encoder.
        """
        with self._opened.lock:
            if self._opened.memory is None:
                if self.path is None:
                    raise InvalidInputError(
                        f"{type(self).__name__} has neither a memory nor a path to open one at; "
                        "a memory in this process does not outlive serialisation. "
                        "Give path=..., or call attach(memory)"
                    )
                self._opened.memory = open_memory(
                    self.path, self._encoder(), namespace=self.namespace
                )
                self._opened.owned = True
            return self._opened.memory

    @classmethod
    def from_memory(
        cls,
        memory: TextMemory,
        **fields: Any,  # noqa: ANN401 - the fields of the class, which pydantic checks
    ) -> Self:
        """Use a memory that is open already; its path and namespace are taken over.

        Args:
            memory: Stays its owner's to close.
            fields: The class's fields, such as another `namespace`.

        Raises:
            InvalidInputError: `memory` is no memory.
            ClosedError: It was closed.
            TypeError: The class has no such field.
        """
        require_memory(memory)
        own = {
            "path": memory.path,
            "namespace": memory.namespace,
            "settings_embed_model": memory.encoder.name != NAME,
        }
        return cls(**{**own, **fields}).attach(memory)

    def attach(self, memory: TextMemory) -> Self:
        """Use a memory that is open already, instead of opening the path once more.

        Raises:
            InvalidInputError: `memory` is no memory.
            ClosedError: It was closed.
        """
        require_memory(memory)
        with self._opened.lock:
            self._opened.memory, self._opened.owned = memory, False
        return self

    def open(self, embed_model: AnyEncoder | None = None) -> Self:
        """Open the path now, with `embed_model`; without a path, begin an empty memory.

        After serialisation the path is opened again with `Settings.embed_model` when an
        `embed_model` was given here, for a model itself cannot travel in JSON.
        """
        with self._opened.lock:
            encoder = self._encoder() if embed_model is None else embed_model
            self._opened.memory = open_memory(self.path, encoder, namespace=self.namespace)
            self._opened.owned = True
        self.settings_embed_model = self.settings_embed_model or embed_model is not None
        return self

    async def aopen(self, embed_model: AnyEncoder | None = None) -> Self:
        """Open the path in a thread, as `open` does."""
        return await asyncio.to_thread(self.open, embed_model)

    def _encoder(self) -> AnyEncoder | None:
        """What a path is opened with when nothing else is said; `None` for the built-in one."""
        return Settings.embed_model if self.settings_embed_model else None

    def close(self) -> None:
        """Close the memory if it was opened here; an attached one stays its owner's to close."""
        with self._opened.lock:
            if self._opened.memory is not None and self._opened.owned:
                self._opened.memory.close()
            self._opened.memory = None

    async def aclose(self) -> None:
        """Close the memory in a thread, as `close` does."""
        await asyncio.to_thread(self.close)

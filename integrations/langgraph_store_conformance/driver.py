"""One way to write a case for sync and async stores: every call is awaited.

In sync mode nothing suspends, so a case runs to its end without an event loop.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Literal

from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    NOT_PROVIDED,
    BaseStore,
    Item,
    NamespacePath,
    NotProvided,
    Op,
    SearchItem,
)

StoreFactory = Callable[
    ...,
    BaseStore | AbstractContextManager[BaseStore] | AbstractAsyncContextManager[BaseStore],
]
Mode = Literal["sync", "async"]

DIMENSIONS = 256


class WordEmbeddings(Embeddings):
    """Bag of words, one dimension per word: two texts are as near as they share words."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed each text as the counts of its words."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text; a text without words gets a direction of its own."""
        vector = [0.0] * DIMENSIONS
        for word in re.findall(r"\w+", text.lower()) or ["\x00"]:
            vector[self._words.setdefault(word, len(self._words)) % DIMENSIONS] += 1.0
        return vector


class Driver:
    """A store under test, its calls awaited in either mode.

    Args:
        store: The store.
        mode: `sync` calls `put`, `get`, …; `async` calls `aput`, `aget`, ….
        ttl_seconds: Time to live that the expiry cases use.
    """

    def __init__(self, store: BaseStore, mode: Mode, ttl_seconds: float = 1.0) -> None:
        self.store = store
        self.mode = mode
        self.ttl_seconds = ttl_seconds

    @property
    def ttl_minutes(self) -> float:
        """`ttl_seconds` in the unit of the interface."""
        return self.ttl_seconds / 60

    async def put(
        self,
        namespace: tuple[str, ...],
        key: str,
        value: dict[str, Any],
        index: Literal[False] | list[str] | None = None,
        *,
        ttl: float | NotProvided | None = NOT_PROVIDED,
    ) -> None:
        """Store one item."""
        if self.mode == "sync":
            self.store.put(namespace, key, value, index, ttl=ttl)
        else:
            await self.store.aput(namespace, key, value, index, ttl=ttl)

    async def fill(self, namespace: tuple[str, ...], values: Mapping[str, dict[str, Any]]) -> None:
        """Store several items, in order."""
        for key, value in values.items():
            await self.put(namespace, key, value)

    async def get(
        self, namespace: tuple[str, ...], key: str, *, refresh_ttl: bool | None = None
    ) -> Item | None:
        """Get one item."""
        if self.mode == "sync":
            return self.store.get(namespace, key, refresh_ttl=refresh_ttl)
        return await self.store.aget(namespace, key, refresh_ttl=refresh_ttl)

    async def value(self, namespace: tuple[str, ...], key: str) -> dict[str, Any] | None:
        """Get the value of one item."""
        item = await self.get(namespace, key)
        return None if item is None else item.value

    async def delete(self, namespace: tuple[str, ...], key: str) -> None:
        """Delete one item."""
        if self.mode == "sync":
            self.store.delete(namespace, key)
        else:
            await self.store.adelete(namespace, key)

    async def search(
        self,
        prefix: tuple[str, ...],
        *,
        query: str | None = None,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the interface's name
        limit: int = 10,
        offset: int = 0,
        refresh_ttl: bool | None = None,
    ) -> list[SearchItem]:
        """Search under a prefix."""
        search = self.store.search if self.mode == "sync" else self.store.asearch
        found = search(
            prefix,
            query=query,
            filter=filter,
            limit=limit,
            offset=offset,
            refresh_ttl=refresh_ttl,
        )
        return found if isinstance(found, list) else await found

    async def keys(
        self,
        prefix: tuple[str, ...],
        *,
        query: str | None = None,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the interface's name
        limit: int = 10,
        offset: int = 0,
    ) -> list[str]:
        """Keys of what a search finds, in its order."""
        found = await self.search(prefix, query=query, filter=filter, limit=limit, offset=offset)
        return [item.key for item in found]

    async def namespaces(
        self,
        *,
        prefix: NamespacePath | None = None,
        suffix: NamespacePath | None = None,
        max_depth: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[tuple[str, ...]]:
        """List namespaces."""
        store = self.store
        listing = store.list_namespaces if self.mode == "sync" else store.alist_namespaces
        found = listing(
            prefix=prefix, suffix=suffix, max_depth=max_depth, limit=limit, offset=offset
        )
        return [tuple(one) for one in (found if isinstance(found, list) else await found)]

    async def batch(self, ops: Iterable[Op]) -> list[Any]:
        """Run operations in one batch."""
        if self.mode == "sync":
            return list(self.store.batch(ops))
        return list(await self.store.abatch(ops))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        if self.mode == "sync":
            time.sleep(seconds)  # noqa: ASYNC251 - no loop runs in this mode
        else:
            await asyncio.sleep(seconds)

    async def sweep(self) -> None:
        """Delete what has expired, where the store has a sweep of its own."""
        sweep = getattr(self.store, "sweep_ttl", None)
        if sweep is not None:
            swept = sweep()
            if asyncio.iscoroutine(swept):
                await swept


def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never suspends (a case in sync mode).

    Raises:
        RuntimeError: It did suspend.
    """
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("a case in sync mode must not suspend")

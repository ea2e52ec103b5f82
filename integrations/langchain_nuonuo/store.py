"""A memory as a LangGraph store."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    get_text_at_path,
    validate_op_namespace,
)

from langchain_nuonuo.store_filters import holds, pushed_down
from langchain_nuonuo.store_index import embedder_of, paths_of
from langchain_nuonuo.store_keys import id_of, inner, matches, outer
from nuonuo_memory.agents.arguments import RecallArguments, refuse_unknown, require_memory
from nuonuo_memory.encoders import HashingEncoder, as_encoder
from nuonuo_memory.inputs import namespace_of
from nuonuo_memory.memory import TextMemory
from nuonuo_memory.types import Cue, Memory, Namespace, NewMemory

T = TypeVar("T")

Pair = tuple[Memory, float | None]
"""A memory and, after a query, its score."""


class NuonuoStore(BaseStore):
    """LangGraph store whose semantic search is the recall of a nuonuo memory.

    Setup:
        .. code-block:: bash

            pip install "nuonuo-memory[langchain,minilm]"

    Instantiate:
        .. code-block:: python

            from langchain_nuonuo import NuonuoStore
            from nuonuo_memory import TextMemory

            store = NuonuoStore(TextMemory.open("memory.db"))
            graph = builder.compile(store=store)

    Usage:
        .. code-block:: python

            store.put(("users", "ada"), "diet", {"text": "Ada is vegetarian"})
            store.search(("users", "ada"), query="what may she eat?")
            await store.asearch(("users",), query="food", filter={"kind": {"$ne": "draft"}})

    Every item is a memory, so one file may hold items and conversations. A batch reads the state
    before its own puts; the last put of a key wins; the puts of one namespace are one
    transaction. Filters are false, never an error, where a field is missing or of another kind.
    Expired items are never returned. They are deleted, from the bytes of the file too, with the
    next put or list of namespaces, and by `sweep_ttl`; those that another process put, when a
    store first does so.

    Args:
        memory: The memory that holds the items.
        fields: Paths of the texts that are indexed by default; `None` switches semantic search
            off, as a store without an `IndexConfig` does.
        ttl: Expiry of items, as for LangGraph's own stores.
        root: Namespace in the memory under which the items are.
        hops: Associations that a search with a query follows at most.
        min_confidence: Where the memory is less sure than this, a query ranks nothing: items come
            in their order, with the score `None`.

    Raises:
        InvalidInputError: `memory` is no memory, or `fields` is a text and no list of paths.
        ClosedError: The memory was closed.
    """

    supports_ttl: bool = True
    __slots__ = ("_due", "_fields", "_memory", "_owned", "_ranking", "_root", "ttl_config")
    ROOT: ClassVar[Namespace] = ("langgraph-store",)

    def __init__(
        self,
        memory: TextMemory,
        *,
        fields: Sequence[str] | None = ("$",),
        ttl: TTLConfig | None = None,
        root: Namespace | str = ROOT,
        hops: int = 0,
        min_confidence: float = 0.0,
    ) -> None:
        self._memory = require_memory(memory)
        self._fields = paths_of(fields)
        self._root = namespace_of(root)
        self._owned = False
        self._due = [0.0]  # heap of times when items expire; 0: what the file holds is not known
        self._ranking = RecallArguments(prefix=True, hops=hops, min_confidence=min_confidence)
        if ttl is not None:
            refuse_unknown(ttl, TTLConfig.__annotations__, by="ttl")
        self.ttl_config = ttl

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        hops: int = 0,
        min_confidence: float = 0.0,
    ) -> Self:
        """Open a store of its own, configured as LangGraph's stores are; `close` closes it.

        Args:
            path: File, which is made where there is none; `None` keeps the items in memory.
            index: Embedder, its dimensions and the fields of semantic search; without it there is
                none.
            ttl: Expiry of items.
            hops: As for the class.
            min_confidence: As for the class.

        Raises:
            InvalidInputError: `dims` is not the size of the embedder's vectors, or `embed` is no
                embedder.
            TypeError: `index` or `ttl` has a name that is not known.
        """
        encoder = as_encoder(HashingEncoder() if index is None else embedder_of(index))
        fields = paths_of(None if index is None else (index.get("fields") or ["$"]))
        memory = (
            TextMemory.in_memory(encoder=encoder)
            if path is None
            else TextMemory.open(path, encoder=encoder)
        )
        try:
            store = cls(memory, fields=fields, ttl=ttl, hops=hops, min_confidence=min_confidence)
        except BaseException:
            memory.close()
            raise
        store._owned = True
        return store

    @classmethod
    async def aopen(
        cls,
        path: str | Path | None = None,
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        hops: int = 0,
        min_confidence: float = 0.0,
    ) -> Self:
        """Open a store in a thread, as `open` does."""
        return await asyncio.to_thread(
            cls.open, path, index=index, ttl=ttl, hops=hops, min_confidence=min_confidence
        )

    def close(self) -> None:
        """Close the memory if the store opened it."""
        if self._owned:
            self._memory.close()

    async def aclose(self) -> None:
        """Close the memory if the store opened it, in a thread."""
        if self._owned:
            await self._memory.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Run operations; results come in their order.

        Raises:
            InvalidNamespaceError: A label is empty, no string, or holds a period.
            ValueError: A filter names an unknown operator, or an operation is of no known kind.
        """
        results: list[Result] = []
        puts: dict[str, PutOp] = {}
        for op in ops:
            validate_op_namespace(op)
            match op:
                case GetOp():
                    results.append(self._get(op))
                case SearchOp():
                    results.append(self._search(op))
                case ListNamespacesOp():
                    results.append(self._namespaces(op))
                case PutOp():
                    results.append(None)
                    puts[id_of(self._root, op.namespace, op.key)] = op
                case _:
                    raise ValueError(f"expected a Get, Search, Put or ListNamespacesOp, got {op!r}")
        if puts:
            self._put(puts)
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Run operations in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.batch, list(ops))

    def sweep_ttl(self) -> int:
        """Delete what has expired; returns how many items."""
        now = time.time()
        with suppress(IndexError):  # another thread may take the last one meanwhile
            while (first := heapq.heappop(self._due)) <= now:
                pass
            heapq.heappush(self._due, first)
        due = {"expires": {"$lte": now}}
        return self._memory.forget(namespace=self._root, prefix=True, where=due)

    async def asweep_ttl(self) -> int:
        """Delete what has expired, in a thread; returns how many items."""
        return await asyncio.to_thread(self.sweep_ttl)

    def _is_due(self) -> bool:
        return any(first <= time.time() for first in self._due[:1])

    def _get(self, op: GetOp) -> Item | None:
        (memory,) = self._memory.get_many([id_of(self._root, op.namespace, op.key)])
        if memory is None or _expired(memory):
            return None
        if op.refresh_ttl:
            self._refresh([memory])
        return Item(**self._parts(memory))

    def _search(self, op: SearchOp) -> list[SearchItem]:
        where, rest = pushed_down(op.filter or {})
        namespace = inner(self._root, op.namespace_prefix)
        query = op.query or ""

        def keep(memory: Memory) -> bool:
            return not _expired(memory) and holds(memory.metadata["value"], rest)

        found: list[Pair] = []
        need = op.offset + op.limit
        if query.strip() and self._fields is not None:

            def ranked_items(k: int) -> list[Pair]:
                asking = replace(self._ranking, k=k, namespace=namespace, where=where)
                return [(hit.memory, hit.score) for hit in asking.recall(self._memory, query)]

            found = _enough(ranked_items, need, keep)
        if len(found) < need:
            ranked = {memory.id for memory, _ in found}

            def items(k: int) -> list[Pair]:
                listed = self._memory.list(limit=k, namespace=namespace, prefix=True, where=where)
                return [(memory, None) for memory in listed]

            found += _enough(
                items,
                need - len(found),
                lambda memory: memory.id not in ranked and keep(memory),
            )
        page = found[op.offset : need]
        if op.refresh_ttl:
            self._refresh([memory for memory, _ in page])
        return [SearchItem(**self._parts(memory), score=score) for memory, score in page]

    def _put(self, puts: Mapping[str, PutOp]) -> None:
        gone = [one for one, op in puts.items() if op.value is None]
        gone = [memory.id for memory in self._memory.get_many(gone) if memory is not None]
        if gone:
            self._memory.forget(gone)
        if self.ttl_config is not None or self._is_due():
            self.sweep_ttl()
        groups: dict[tuple[str, ...], list[NewMemory]] = {}
        for one, op in puts.items():
            if op.value is not None:
                namespace = inner(self._root, op.namespace)
                groups.setdefault(namespace, []).append(self._item(one, op, dict(op.value)))
        for namespace, items in groups.items():
            self._memory.remember_many(items, namespace=namespace, replace=True)

    def _item(self, one: str, op: PutOp, value: dict[str, Any]) -> NewMemory:
        metadata: dict[str, Any] = {"key": op.key, "value": value}
        if op.ttl is not None:
            expires = time.time() + 60 * op.ttl
            heapq.heappush(self._due, expires)
            metadata |= {"ttl": op.ttl, "expires": expires}
        texts = [text for text in self._texts(op, value) if text.strip()]
        if not texts:
            return NewMemory(text=f"item {op.key}", metadata=metadata, id=one, derive=False)
        cues = [Cue(text) for text in texts] if len(texts) > 1 else []
        return NewMemory("\n".join(texts), cues, metadata, id=one)

    def _texts(self, op: PutOp, value: dict[str, Any]) -> list[str]:
        if self._fields is None or op.index is False:
            return []
        paths = self._fields if op.index is None else op.index
        return [
            text.replace("\x00", "") for path in paths for text in get_text_at_path(value, path)
        ]

    def _refresh(self, memories: Sequence[Memory]) -> None:
        for memory in memories:
            ttl = memory.metadata.get("ttl")
            if ttl is not None:
                expires = time.time() + 60 * ttl
                heapq.heappush(self._due, expires)
                metadata = {**memory.metadata, "expires": expires}
                self._memory.update(memory.id, metadata=metadata)

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        if self.ttl_config is not None or self._is_due():
            self.sweep_ttl()
        every = [outer(self._root, path) for path in self._memory.namespaces(self._root)]
        found = {
            namespace[: op.max_depth]
            for namespace in every
            if all(matches(condition, namespace) for condition in op.match_conditions or ())
        }
        return sorted(found)[op.offset : op.offset + op.limit]

    def _parts(self, memory: Memory) -> dict[str, Any]:
        return {
            "value": memory.metadata["value"],
            "key": memory.metadata["key"],
            "namespace": outer(self._root, memory.namespace),
            "created_at": memory.created_at,
            "updated_at": memory.updated_at,
        }


def _expired(memory: Memory) -> bool:
    expires = memory.metadata.get("expires")
    return expires is not None and expires <= time.time()


def _enough(
    fetch: Callable[[int], list[Pair]], need: int, keep: Callable[[Memory], bool]
) -> list[Pair]:
    """Return `need` results that are kept, asking for more while too few are."""
    ask = need
    while ask > 0:
        found = fetch(ask)
        kept = [pair for pair in found if keep(pair[0])]
        if len(kept) >= need or len(found) < ask:
            return kept[:need]
        ask = 2 * ask + 16
    return []

"""What the LlamaIndex tests share: a small embedder, nodes, and one way to call sync and async."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

from llama_index_nuonuo import NuonuoEmbedding
from nuonuo_memory.encoders.base import HashingEncoder

FACTS = {
    "ada": "Ada Lovelace was born in London in December 1815.",
    "babbage": "Charles Babbage designed the Analytical Engine.",
    "tea": "Green tea grows best on misty mountain slopes.",
    "bicycle": "My bicycle has a flat tyre and needs a new tube.",
    "zürich": "Die Straßenbahn in Zürich fährt alle sieben Minuten.",
    "whale": "Blue whales eat up to four tonnes of krill a day.",
}
TOPICS = {"ada": "people", "babbage": "people", "tea": "plants", "whale": "animals"}


class HashEmbedding(NuonuoEmbedding):
    """The hashing encoder for both sides; what LlamaIndex embeds and we encode is the same."""

    def __init__(self) -> None:
        super().__init__(HashingEncoder())


def fact_nodes() -> list[TextNode]:
    """One node per fact, with a topic where it has one, all from one document."""
    return [
        TextNode(
            id_=name,
            text=text,
            metadata={"n": at, **({"topic": TOPICS[name]} if name in TOPICS else {})},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{at % 2}")},
        )
        for at, (name, text) in enumerate(FACTS.items())
    ]


class Caller:
    """Calls a method by name, or its async twin in a new event loop."""

    def __init__(self, twin: bool) -> None:
        self.twin = twin

    def __call__(self, owner: object, name: str, *args: Any, **kwargs: Any) -> Any:
        twins = {"add": "async_add"}
        call: Callable[..., Any] = getattr(
            owner, twins.get(name, f"a{name}") if self.twin else name
        )
        if not self.twin:
            return call(*args, **kwargs)

        async def run() -> Any:
            result = call(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run(run())

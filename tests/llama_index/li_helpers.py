"""What the LlamaIndex tests share: a small embedder, nodes, and one way to call sync and async."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

from nuonuo_memory.text.encoder import HashingEncoder

FACTS = {
    "ada": "Ada Lovelace was born in London in December 1815.",
    "babbage": "Charles Babbage designed the Analytical Engine.",
    "tea": "Green tea grows best on misty mountain slopes.",
    "bicycle": "My bicycle has a flat tyre and needs a new tube.",
    "zürich": "Die Straßenbahn in Zürich fährt alle sieben Minuten.",
    "whale": "Blue whales eat up to four tonnes of krill a day.",
}
TOPICS = {"ada": "people", "babbage": "people", "tea": "plants", "whale": "animals"}


class HashEmbedding(BaseEmbedding):
    """LlamaIndex's face of the hashing encoder, so that both sides see the same vectors."""

    _encoder: HashingEncoder = PrivateAttr(default_factory=HashingEncoder)

    def __init__(self) -> None:
        super().__init__(model_name="hashing-256")

    def _rows(self, texts: Sequence[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in self._encoder.encode(texts).tolist()]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._rows([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._rows([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._rows(texts)


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

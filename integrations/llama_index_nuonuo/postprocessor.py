"""Association over any retriever: from its nodes to the nodes that they lead to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import MetadataFilters

from llama_index_nuonuo.filters import every
from llama_index_nuonuo.nodes import explained, scored
from llama_index_nuonuo.recall_fields import RecallFields
from llama_index_nuonuo.retriever import NuonuoRetriever
from nuonuo_memory.encoders import AnyEncoder
from nuonuo_memory.errors import InvalidInputError


class AssociationPostprocessor(RecallFields, BaseNodePostprocessor):
    """Take a retriever's nodes as the starting activation and follow where they lead.

    The nodes must have been stored here too, under the same ids (`from_nodes`); nodes that were
    not are kept after the others. What comes back is ranked by activation and by likeness to the
    question together; a node's metadata says under `nuonuo` which path led to it.

    LlamaIndex does not tell a postprocessor which filters the retriever used. Give them here too,
    as `filters` or by `retriever` in `from_nodes`, and per query by `with_filters`: then no walk
    starts at, goes through or ends at a node that they exclude. Without them every node of the
    namespace may be added.

    The retriever should give more nodes than are asked for in the end: ten to start from lead
    further than five.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    hops: int = Field(default=3, ge=1, description="Associations followed at most.")
    top_n: int | None = Field(
        default=None,
        ge=1,
        description="Nodes returned at most; None for as many as came in plus `added`.",
    )
    added: int = Field(default=5, ge=0, description="Nodes added when `top_n` is None.")
    session: str | None = Field(
        default=None, description="The conversation that added nodes belong to."
    )

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex writes beside serialised fields."""
        return "AssociationPostprocessor"

    @classmethod
    def from_nodes(
        cls,
        nodes: Sequence[BaseNode],
        *,
        path: str | Path | None = None,
        embed_model: AnyEncoder | None = None,
        filters: MetadataFilters | None = None,
        retriever: BaseRetriever | None = None,
        skip_blank: bool = False,
        **fields: Any,  # noqa: ANN401 - the fields of the class, which pydantic checks
    ) -> Self:
        """Store nodes, most often those of the index that the retriever searches.

        Args:
            nodes: What to store; a node whose id is stored already replaces it.
            path: The memory's file; without one it lives in this process only.
            embed_model: The memory's encoder; the built-in MiniLM when `None`.
            filters: Which nodes may be added, gone through and returned.
            retriever: The retriever whose nodes come in; its filters hold here too.
            skip_blank: Leave out nodes that hold no text, rather than refuse them all.
            fields: The class's other fields, such as `hops` and `top_n`.

        Raises:
            TypeError: The class has no such field.
            InvalidInputError: `retriever` does not say which filters it uses.
        """
        if retriever is not None:
            filters = every(filters, filters_of(retriever))
        made = cls(path=None if path is None else str(path), filters=filters, **fields)
        made.open(embed_model)
        NuonuoRetriever(made.memory, namespace=made.namespace).add_nodes(
            nodes, skip_blank=skip_blank
        )
        return made

    def with_filters(self, filters: MetadataFilters | None) -> Self:
        """Return a copy on the same memory whose own filters and these must hold, for a query."""
        return self.model_copy(update={"filters": every(self.filters, filters)})

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise InvalidInputError(
                "following associations needs the question beside the nodes; "
                "pass query_bundle=... or query_str=..."
            )
        given = {node.node.node_id: node for node in nodes}
        stored = [found.id for found in self.memory.get_many(list(given)) if found is not None]
        wanted = self.top_n or len(given) + self.added
        if not stored:
            return nodes[:wanted]
        start = activation({key: given[key].score for key in stored})
        asking = replace(self._arguments(wanted, session=self.session), start=start)
        followed = asking.recall(self.memory, query_bundle.query_str)
        ranked = [
            explained(given[hit.id], hit) if hit.id in given else scored(hit) for hit in followed
        ]
        lowest = min((node.get_score() for node in ranked), default=0.0)
        foreign = [
            NodeWithScore(node=node.node, score=lowest)
            for key, node in given.items()
            if key not in set(stored)
        ]
        return [*ranked, *foreign][:wanted]


def filters_of(retriever: BaseRetriever) -> MetadataFilters | None:
    """Return the metadata filters that a retriever uses; `None` when it uses none.

    Raises:
        InvalidInputError: It does not say, as retrievers that ask others do not.
    """
    for name in ("filters", "_filters"):
        if hasattr(retriever, name):
            found: MetadataFilters | None = getattr(retriever, name)
            return found
    raise InvalidInputError(
        f"{type(retriever).__name__} does not say which metadata filters it uses; give filters=... "
        "instead"
    )


def activation(scores: dict[str, float | None]) -> dict[str, float]:
    """Return starting activations that sum to 1, whatever scale a retriever's scores are on.

    Scores are brought to the range from 0 to 1 and go through a softmax of inverse temperature 3,
    so that the best starts with e³, about twenty times, the activation of the worst; equal or
    missing scores start alike.
    """
    known = [score for score in scores.values() if score is not None and math.isfinite(score)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    spread = high - low or 1.0
    weights = {
        key: math.exp(3.0 * ((low if score is None else score) - low) / spread)
        for key, score in scores.items()
        if score is None or math.isfinite(score)
    }
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items()}

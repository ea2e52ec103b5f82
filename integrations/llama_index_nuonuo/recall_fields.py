"""The fields of components that recall: what `TextMemory.recall` takes, and how it is asked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from llama_index.core.bridge.pydantic import Field
from llama_index.core.vector_stores.types import MetadataFilters
from pydantic import PlainSerializer

from llama_index_nuonuo.connection import Connection
from llama_index_nuonuo.filters import where_of
from nuonuo_memory.agents.arguments import RecallArguments

Moment: TypeAlias = Annotated[
    datetime | None, PlainSerializer(lambda at: None if at is None else at.isoformat())
]
"""A time that LlamaIndex's serialisers, which write plain JSON, can write too."""


class RecallFields(Connection):
    """The fields and the way to ask of a component that recalls for many questions."""

    prefix: bool = Field(default=False, description="Recall from the namespaces below it too.")
    filters: MetadataFilters | None = Field(
        default=None, description="Which memories may be recalled."
    )
    since: Moment = Field(default=None, description="Earliest time recalled, inclusive.")
    until: Moment = Field(default=None, description="Latest time recalled, inclusive.")
    hops: int = Field(default=0, ge=0, description="Associations followed at most.")
    group_by: str | None = Field(
        default=None,
        description="'session', or a name in the metadata: the best memory of each group.",
    )
    min_confidence: float = Field(
        default=0.0, ge=0, le=1, description="Recall nothing when the memory is less sure."
    )
    now: Moment = Field(
        default=None, description="The time that 'last week' is reckoned from; None for now."
    )

    def _arguments(self, k: int, *, session: str | None = None) -> RecallArguments:
        return RecallArguments(
            k=k,
            namespace=self.namespace,
            prefix=self.prefix,
            where=where_of(self.filters),
            since=self.since,
            until=self.until,
            session=session,
            hops=self.hops,
            group_by=self.group_by,
            min_confidence=self.min_confidence,
            now=self.now,
        )

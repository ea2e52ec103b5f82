"""A memory as tools that an agent calls."""

# The annotations are read at run time, as they are: the framework makes the tools' schemas of them.

from collections.abc import Mapping
from datetime import datetime

from llama_index.core.tools import FunctionTool
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from llama_index.core.tools.types import ToolMetadata
from llama_index.core.tools.utils import create_schema_from_function
from llama_index.core.vector_stores.types import MetadataFilters

from llama_index_nuonuo.filters import where_of
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.tools import (
    TOOLS,
    Fact,
    FactCues,
    FollowQuery,
    MemoryId,
    MemoryIds,
    MemoryTools,
    Query,
    Steps,
)
from nuonuo_memory.memory import TextMemory


class NuonuoToolSpec(BaseToolSpec):
    """Tools to remember, recall, follow, update and forget, for threads and for event loops.

    What a model reads of them stands in `nuonuo_memory`, the same for every framework. They stay
    within the namespace: `update` and `forget` reach no memory outside it.

    Args:
        memory: The memory that they work on.
        namespace: Whose memories; the memory's own namespace when `None`.
        similarity_top_k: Memories, or groups, at most that `recall` and `follow` give, like all
            that follow.
        prefix: Recall from the namespaces below it too.
        filters: Which memories may be recalled.
        since: Earliest time, inclusive.
        until: Latest time, inclusive.
        session: The conversation that the memories belong to.
        hops: Associations that `recall` follows at most.
        follow_hops: Associations that `follow` follows at most, where the model does not say.
        group_by: `"session"`, or a name in the metadata: the best memory of each group.
        min_confidence: Find nothing when the memory is less sure than this.
        now: The time that "last week" is reckoned from; the present when `None`.

    Raises:
        InvalidInputError: `memory` is no memory.
        ClosedError: It was closed.
    """

    def __init__(
        self,
        memory: TextMemory,
        namespace: tuple[str, ...] | str | None = None,
        *,
        similarity_top_k: int = 5,
        prefix: bool = False,
        filters: MetadataFilters | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        session: str | None = None,
        hops: int = 0,
        follow_hops: int = 3,
        group_by: str | None = None,
        min_confidence: float = 0.0,
        now: datetime | None = None,
    ) -> None:
        self.spec_functions: list[SPEC_FUNCTION_TYPE] = [(name, f"a{name}") for name in TOOLS]
        arguments = RecallArguments(
            k=similarity_top_k,
            namespace=namespace,
            prefix=prefix,
            where=where_of(filters),
            since=since,
            until=until,
            session=session,
            hops=hops,
            group_by=group_by,
            min_confidence=min_confidence,
            now=now,
        )
        self._tools = MemoryTools(memory, arguments, follow_hops=follow_hops)

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """Return the tools, with the descriptions that `nuonuo_memory` gives.

        Args:
            spec_functions: Which; all when `None`.
            func_to_metadata_mapping: Descriptions of your own, by name.
        """
        own: Mapping[str, ToolMetadata] = func_to_metadata_mapping or {}
        given = {name: self._metadata(name, text) for name, text in TOOLS.items()}
        return super().to_tool_list(spec_functions, {**given, **own})

    def _metadata(self, name: str, description: str) -> ToolMetadata:
        schema = create_schema_from_function(name, getattr(self, name))
        return ToolMetadata(name=name, description=description, fn_schema=schema)

    def remember(self, text: Fact, cues: FactCues = None) -> str:
        """Store a fact."""
        return self._tools.remember(text, cues).text

    def recall(self, query: Query) -> str:
        """Look up what the memory holds about a question."""
        return self._tools.recall(query).text

    def follow(self, query: FollowQuery, hops: Steps = None) -> str:
        """Look up an answer that several memories hold together."""
        return self._tools.follow(query, hops).text

    def update(self, memory_id: MemoryId, text: Fact) -> str:
        """Replace the words of a memory."""
        return self._tools.update(memory_id, text).text

    def forget(self, memory_ids: MemoryIds) -> str:
        """Remove memories for good."""
        return self._tools.forget(memory_ids).text

    async def aremember(self, text: Fact, cues: FactCues = None) -> str:
        """Store a fact, as `remember` does."""
        return (await self._tools.aremember(text, cues)).text

    async def arecall(self, query: Query) -> str:
        """Look up what the memory holds, as `recall` does."""
        return (await self._tools.arecall(query)).text

    async def afollow(self, query: FollowQuery, hops: Steps = None) -> str:
        """Look up what several memories hold together, as `follow` does."""
        return (await self._tools.afollow(query, hops)).text

    async def aupdate(self, memory_id: MemoryId, text: Fact) -> str:
        """Replace the words of a memory, as `update` does."""
        return (await self._tools.aupdate(memory_id, text)).text

    async def aforget(self, memory_ids: MemoryIds) -> str:
        """Remove memories for good, as `forget` does."""
        return (await self._tools.aforget(memory_ids)).text

"""Random talk and forgetting through the LlamaIndex adapters, against a plain model."""

from __future__ import annotations

import asyncio

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.schema import TextNode
from upkeep_machine import case_of

from llama_index_nuonuo import NuonuoMemory, NuonuoMemoryBlock, NuonuoRetriever
from nuonuo_memory import TextMemory
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.tools import MemoryTools


def said(role: str, text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole(role), content=text)


class Blocked:
    """The memory block, shown a queue that overflows now and then."""

    edits = False

    def __init__(self, memory: TextMemory) -> None:
        self.block = NuonuoMemoryBlock.from_memory(memory)
        self.tools = MemoryTools(memory, RecallArguments())
        self.queue: list[ChatMessage] = []
        self.runs = 0

    def run(self, text: str, *steps: ChatMessage) -> None:
        self.runs += 1
        self.queue.append(said("user", text))
        self.read()
        self.queue += [*steps, said("assistant", "ok noted")]
        if self.runs % 3 == 0:
            leaving, self.queue = self.queue[:3], self.queue[3:]
            asyncio.run(self.block.aput(leaving, session_id="s"))
        if self.runs % 2 == 0 or steps:
            self.read()

    def read(self) -> None:
        asyncio.run(self.block.aget(self.queue, session_id="s"))

    def say(self, text: str) -> None:
        self.run(text)

    def edit(self, old: str, new: str) -> None:
        raise NotImplementedError

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        answer = self.tools.forget(memory_id).text
        self.run(f"Forget {text} please", said("assistant", ""), said("tool", answer))
        return True

    def shown(self, question: str) -> str:
        asked = [*self.queue[-1:], said("user", question)]
        self.block.store_on_read = False
        return asyncio.run(self.block.aget(asked, session_id="s"))


class Chat:
    """The agent's memory, into which the application also sets the history that it holds."""

    edits = False

    def __init__(self, memory: TextMemory) -> None:
        self.chat = NuonuoMemory.from_memory(memory, session_id="s")
        self.tools = MemoryTools(memory, RecallArguments())
        self.runs = 0

    def run(self, text: str, *steps: ChatMessage) -> None:
        self.runs += 1
        for one in (said("user", text), *steps, said("assistant", f"ok{self.runs}")):
            self.chat.put(one)

    def say(self, text: str) -> None:
        history = self.chat.get_all()
        self.run(text)
        if self.runs % 3 == 0:
            self.chat.set([*history, *self.chat.get_all()[len(history) :]])

    def edit(self, old: str, new: str) -> None:
        raise NotImplementedError

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        answer = self.tools.forget(memory_id).text
        self.run(f"Forget {text} please", said("assistant", ""), said("tool", answer))
        return True

    def shown(self, question: str) -> str:
        return " ".join(str(one.content) for one in self.chat.get(input=question))


class Nodes:
    """Nodes that are added again under the same ids."""

    edits = True

    def __init__(self, memory: TextMemory) -> None:
        self.retriever = NuonuoRetriever(memory, similarity_top_k=20)

    def say(self, text: str) -> None:
        self.retriever.add_nodes([TextNode(id_=f"id {text}", text=text)])

    def edit(self, old: str, new: str) -> None:
        found = next(one.id for one in self.retriever.memory.list() if one.text == old)
        self.retriever.add_nodes([TextNode(id_=found, text=new)])

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        return False

    def shown(self, question: str) -> str:
        return " ".join(one.node.get_content() for one in self.retriever.retrieve(question))


TestBlocked = case_of(Blocked)
TestChat = case_of(Chat)
TestNodes = case_of(Nodes)

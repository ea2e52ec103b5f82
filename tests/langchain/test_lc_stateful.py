"""Random talk, edits and forgetting through the LangChain adapters, against a plain model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph.message import add_messages
from upkeep_machine import case_of

from langchain_nuonuo import NuonuoMiddleware, NuonuoVectorStore
from nuonuo_memory import TextMemory
from nuonuo_memory.agents.arguments import RecallArguments
from nuonuo_memory.agents.tools import MemoryTools


class Threaded:
    """The middleware in a thread whose checkpointer keeps messages and record."""

    edits = True

    def __init__(self, memory: TextMemory) -> None:
        self.memory = memory
        self.keeper = NuonuoMiddleware(memory)
        self.tools = MemoryTools(memory, RecallArguments())
        self.runtime: Any = SimpleNamespace(
            context=None, execution_info=SimpleNamespace(thread_id="t")
        )
        self.state: Any = {"messages": []}
        self.ids: dict[str, str] = {}
        self.runs = 0

    def run(self, message: BaseMessage, *steps: BaseMessage) -> None:
        self.runs += 1
        self.add(message)
        self.state |= self.keeper.before_agent(self.state, self.runtime) or {}
        self.add(*steps, AIMessage(f"ok{self.runs}"))
        self.state |= self.keeper.after_agent(self.state, self.runtime) or {}

    def add(self, *messages: BaseMessage) -> None:
        self.state["messages"] = add_messages(self.state["messages"], list(messages))

    def say(self, text: str) -> None:
        message = HumanMessage(text, id=f"h{self.runs}")
        self.ids[text] = str(message.id)
        self.run(message)

    def edit(self, old: str, new: str) -> None:
        if old not in self.ids:  # the memory was updated, not the message
            said = next(one for one in self.memory.list() if one.text == old)
            self.memory.update(said.id, text=new)
            return
        self.ids[new] = self.ids.pop(old)
        self.run(HumanMessage(new, id=self.ids[new]))

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        call = {"name": "forget", "args": {"memory_ids": memory_id}, "id": "1"}
        message = HumanMessage(f"Forget {text} please", id=f"h{self.runs}")
        answer = self.tools.forget(memory_id).text
        self.run(
            message,
            AIMessage("", tool_calls=[call]),
            ToolMessage(answer, tool_call_id="1", name="forget"),
        )
        return True

    def shown(self, question: str) -> str:
        return " ".join(hit.text for hit in self.memory.recall(question, k=20))


class Resent(Threaded):
    """The middleware without a thread: the client sends the whole conversation each time."""

    edits = False

    def __init__(self, memory: TextMemory) -> None:
        super().__init__(memory)
        self.runtime = SimpleNamespace(context=None, execution_info=None)

    def run(self, message: BaseMessage, *steps: BaseMessage) -> None:
        self.state.pop("nuonuo_records", None)
        super().run(message, *steps)


class Stored:
    """A vector store whose documents are added again under the same ids."""

    edits = True

    def __init__(self, memory: TextMemory) -> None:
        self.memory = memory
        self.store = NuonuoVectorStore(memory=memory)

    def say(self, text: str) -> None:
        self.store.add_texts([text], ids=[f"id {text}"])

    def edit(self, old: str, new: str) -> None:
        found = next(one.id for one in self.memory.list() if one.text == old)
        self.store.add_texts([new], ids=[found])

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        return self.store.delete([memory_id])

    def shown(self, question: str) -> str:
        return " ".join(one.page_content for one in self.store.similarity_search(question, k=20))


TestThreaded = case_of(Threaded)
TestResent = case_of(Resent)
TestStored = case_of(Stored)


pytest.importorskip("langchain_classic")
from langchain_nuonuo import NuonuoMemory  # noqa: E402 - where langchain-classic is installed


class Classic:
    """The classic memory, whose window and note are what the model is shown."""

    edits = False

    def __init__(self, memory: TextMemory) -> None:
        self.own = NuonuoMemory(memory=memory, session="s", window=4)
        self.runs = 0

    def say(self, text: str) -> None:
        self.runs += 1
        self.own.save_context({"input": text}, {"output": f"ok{self.runs}"})

    def edit(self, old: str, new: str) -> None:
        raise NotImplementedError

    def forget_by_tool(self, text: str, memory_id: str) -> bool:
        return False

    def shown(self, question: str) -> str:
        return str(self.own.load_memory_variables({"input": question})["history"])


TestClassic = case_of(Classic)

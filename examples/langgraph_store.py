"""A LangGraph graph whose long-term store is a nuonuo memory.

    pip install "nuonuo-memory[langchain,minilm]"
    python examples/langgraph_store.py
    python examples/langgraph_store.py openai:gpt-5-mini

Without a model's name a stand-in says fixed lines; with one the memory stays in memory.db.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import SystemMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import BaseStore

from langchain_nuonuo import NuonuoStore
from nuonuo_memory import TextMemory


def main(model: BaseChatModel, memory: TextMemory) -> str:
    def answer(state: MessagesState, *, store: BaseStore) -> dict[str, Any]:
        said = state["messages"][-1].text
        found = store.search(("ada", "facts"), query=said, filter={"kind": "fact"}, limit=3)
        note = "What you know of the user:\n" + "\n".join(item.value["text"] for item in found)
        store.put(("ada", "facts"), uuid.uuid4().hex, {"text": said, "kind": "fact"})
        return {"messages": [model.invoke([SystemMessage(note), *state["messages"]])]}

    builder = StateGraph(MessagesState)
    builder.add_node("answer", answer)
    builder.add_edge(START, "answer")
    graph = builder.compile(store=NuonuoStore(memory, fields=["text"]))

    graph.invoke({"messages": [("user", "My sister Grace lives in Porto.")]})
    state = graph.invoke({"messages": [("user", "Where does my sister live?")]})
    print(state["messages"][-1].text)
    return str(state["messages"][-1].text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with TextMemory.open("memory.db") as opened:
            main(init_chat_model(sys.argv[1]), opened)
    else:
        with TextMemory.in_memory() as opened:
            main(FakeListChatModel(responses=["How nice for her.", "In Porto."]), opened)

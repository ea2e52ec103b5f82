"""An agent whose second session remembers the first.

    pip install "nuonuo-memory[langchain,minilm]"
    python examples/langchain_agent.py
    python examples/langchain_agent.py openai:gpt-5-mini

Without a model's name a stand-in says fixed lines; with one the memory stays in memory.db.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langgraph.checkpoint.memory import InMemorySaver

from langchain_nuonuo import NuonuoMiddleware
from nuonuo_memory import TextMemory


@dataclass
class Context:
    """Who is talking."""

    user_id: str


class StandIn(FakeListChatModel):
    """Says fixed lines, whatever tools it is given."""

    def bind_tools(self, *_: object, **__: object) -> StandIn:
        """Take tools as a real model does."""
        return self


def main(model: BaseChatModel, memory: TextMemory) -> str:
    agent = create_agent(
        model,
        system_prompt="You book trains.",
        middleware=[NuonuoMiddleware(memory, namespace=("acme", "{user_id}"), tools=True)],
        context_schema=Context,
        checkpointer=InMemorySaver(),
    )

    def say(text: str, thread: str) -> str:
        state = agent.invoke(
            {"messages": [("user", text)]},
            {"configurable": {"thread_id": thread}},
            context=Context(user_id="ada"),
        )
        return str(state["messages"][-1].text)

    say("I always want a window seat, in the quiet coach.", thread="first")
    answer = say("Book me a seat to Porto, as I like it.", thread="second")
    print(answer)
    return answer


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with TextMemory.open("memory.db") as opened:
            main(init_chat_model(sys.argv[1]), opened)
    else:
        with TextMemory.in_memory() as opened:
            main(
                StandIn(responses=["Noted.", "A window seat in the quiet coach to Porto, then."]),
                opened,
            )

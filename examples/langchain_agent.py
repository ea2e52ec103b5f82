"""An agent whose second session remembers the first.

Run it with a model of your own: `python examples/langchain_agent.py openai:gpt-5-mini`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.memory import InMemorySaver

from langchain_nuonuo import NuonuoMiddleware
from nuonuo_memory import TextMemory


@dataclass
class Context:
    """Who is talking."""

    user_id: str


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
    from langchain.chat_models import init_chat_model

    with TextMemory.open("memory.db") as opened:
        main(init_chat_model(sys.argv[1]), opened)

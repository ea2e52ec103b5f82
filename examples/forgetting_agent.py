"""An agent whose memory keeps up: an edited message, a user's forgetting, the model's own.

    pip install "nuonuo-memory[langchain]"
    python examples/forgetting_agent.py

A stand-in for the model says fixed lines and calls the tool; nothing else is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_nuonuo import NuonuoMiddleware
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders import HashingEncoder


class StandIn(GenericFakeChatModel):
    """Says its lines, whatever tools it is given."""

    def bind_tools(self, *_: object, **__: object) -> StandIn:
        """Take tools as a real model does."""
        return self


def lines(memory: TextMemory) -> Iterator[AIMessage]:
    """What the model says: the fourth line forgets what it finds about the PIN."""
    yield AIMessage("Noted.")
    yield AIMessage("Oslo, then.")
    yield AIMessage("Noted, too.")
    pins = [hit.id for hit in memory.recall("PIN", k=5) if "PIN" in hit.text]
    yield AIMessage("", tool_calls=[{"name": "forget", "args": {"memory_ids": pins}, "id": "call"}])
    yield AIMessage("It is gone.")
    yield AIMessage("You are welcome.")


def main(memory: TextMemory) -> list[str]:
    agent = create_agent(
        StandIn(messages=lines(memory)),
        middleware=[NuonuoMiddleware(memory, tools=True)],
        checkpointer=InMemorySaver(),
    )

    def say(text: str, message_id: str) -> None:
        message = HumanMessage(text, id=message_id)
        agent.invoke({"messages": [message]}, {"configurable": {"thread_id": "one"}})

    say("My sister lives in Bern.", "sister")
    say("My sister lives in Oslo.", "sister")  # the same message, edited
    say("My PIN is 4711.", "pin")
    say("Forget my PIN 4711.", "wish")  # the tool forgets it, and this message is not stored
    say("Thanks.", "thanks")  # nor does the next run bring anything back
    left = [turn.text for turn in memory.list()]
    print("\n".join(left))
    return left


if __name__ == "__main__":
    with TextMemory.in_memory(encoder=HashingEncoder()) as opened:
        main(opened)

"""A chat agent that remembers its user across sessions.

    pip install "nuonuo-memory[llama-index,minilm]"
    python examples/llama_index_chat_agent.py
    python examples/llama_index_chat_agent.py memory.db   # a file that stays

A stand-in answers here, so that nothing else is needed; pass any LlamaIndex model instead.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.mock import MockFunctionCallingLLM

from llama_index_nuonuo import NuonuoMemory

MONDAY = ["My sister Ilse keeps bees in Uppsala.", "I am allergic to walnuts."]
FRIDAY = "Where does my sister live?"


def stand_in() -> FunctionCallingLLM:
    """Answer with the best line of what the memory put before the question."""

    def answer(messages: Sequence[ChatMessage], **_: object) -> ChatMessage:
        known = [str(one.content) for one in messages if one.role is MessageRole.SYSTEM]
        said = known[0].splitlines()[2] if known else "I shall remember that."
        return ChatMessage(role=MessageRole.ASSISTANT, content=said)

    return MockFunctionCallingLLM(response_generator=answer)


async def talk(llm: FunctionCallingLLM, path: Path) -> str:
    """Tell the agent two things on Monday; ask on Friday, in a new session."""
    agent = FunctionAgent(llm=llm, tools=[], streaming=False)
    monday = NuonuoMemory.from_defaults(path, namespace=("ada",), session_id="monday")
    for told in MONDAY:
        await agent.run(user_msg=told, memory=monday)
    monday.close()

    friday = NuonuoMemory.from_defaults(path, namespace=("ada",), session_id="friday")
    answer = str(await agent.run(user_msg=FRIDAY, memory=friday))
    friday.close()
    return answer


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "memory.db"
        print(FRIDAY)
        print(asyncio.run(talk(stand_in(), file)))

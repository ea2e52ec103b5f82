"""A classic chain that remembers earlier conversations: one line changes.

    pip install "nuonuo-memory[langchain,langchain-classic,minilm]"
    python examples/langchain_classic_chain.py
    python examples/langchain_classic_chain.py openai:gpt-5-mini

Without a model's name a stand-in says fixed lines; with one the memory stays in memory.db.
"""

from __future__ import annotations

import sys

from langchain.chat_models import init_chat_model
from langchain_classic.chains import ConversationChain
from langchain_core.language_models import BaseChatModel, FakeListChatModel

from langchain_nuonuo import NuonuoMemory
from nuonuo_memory import TextMemory


def main(model: BaseChatModel, memory: TextMemory) -> str:
    # Before: ConversationChain(llm=model, memory=ConversationBufferMemory())
    monday = ConversationChain(llm=model, memory=NuonuoMemory(memory=memory, session="monday"))
    monday.predict(input="Hello, I am Ada and I am allergic to peanuts.")
    monday.predict(input="My flight to Lisbon is on 3 May.")

    # Another day, another process: a new conversation, the same memory.
    friday = ConversationChain(llm=model, memory=NuonuoMemory(memory=memory, session="friday"))
    answer = friday.predict(input="Which food must I avoid?")
    print(answer)
    return str(answer)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with TextMemory.open("memory.db") as opened:
            main(init_chat_model(sys.argv[1]), opened)
    else:
        with TextMemory.in_memory() as opened:
            main(
                FakeListChatModel(
                    responses=["Hello Ada.", "A good flight!", "Peanuts, as you told me on Monday."]
                ),
                opened,
            )

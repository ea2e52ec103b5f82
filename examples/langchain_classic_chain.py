"""A classic chain that remembers earlier conversations: one line changes.

Run it with a model of your own: `python examples/langchain_classic_chain.py openai:gpt-5-mini`.
"""

from __future__ import annotations

import sys

from langchain_classic.chains import ConversationChain
from langchain_core.language_models import BaseChatModel

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
    from langchain.chat_models import init_chat_model

    with TextMemory.open("memory.db") as opened:
        main(init_chat_model(sys.argv[1]), opened)

"""A RAG chain that gains many cues and association by a change of class.

    pip install "nuonuo-memory[langchain,minilm]"
    python examples/langchain_rag.py
    python examples/langchain_rag.py openai:gpt-5-mini

Without a model's name a stand-in says fixed lines; with one the memory stays in memory.db.
"""

from __future__ import annotations

import sys

from langchain.chat_models import init_chat_model
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from langchain_nuonuo import NuonuoVectorStore
from nuonuo_memory import TextMemory

DOCUMENTS = [
    Document("Falcon is the code name of the new billing service.", metadata={"page": 1}),
    Document("Grace Ito leads the team behind Falcon since March.", metadata={"page": 2}),
    Document("Releases need the approval of Omar Haddad.", metadata={"page": 3}),
    Document("The canteen serves soup on Mondays.", metadata={"page": 9}),
]
PROMPT = ChatPromptTemplate.from_template("Answer from this:\n{context}\n\nQuestion: {question}")


def main(model: BaseChatModel, memory: TextMemory) -> str:
    # Before: store = InMemoryVectorStore(embeddings)
    store = NuonuoVectorStore(memory=memory, namespace="handbook")
    store.add_documents(DOCUMENTS, cues=[["What is Falcon?"], [], ["Who signs off releases?"], []])
    retriever = store.as_retriever(search_kwargs={"k": 2, "filter": {"page": {"$lt": 9}}})

    def text(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    question = {"context": retriever | text, "question": RunnablePassthrough()}
    chain = question | PROMPT | model | StrOutputParser()
    answer = chain.invoke("Who signs off a release?")
    print(answer)
    return answer


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with TextMemory.open("memory.db") as opened:
            main(init_chat_model(sys.argv[1]), opened)
    else:
        with TextMemory.in_memory() as opened:
            main(FakeListChatModel(responses=["Omar Haddad."]), opened)

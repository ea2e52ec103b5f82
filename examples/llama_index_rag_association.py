"""RAG with association: a two-hop question that the plain engine misses.

    pip install "nuonuo-memory[llama-index,minilm]"
    python examples/llama_index_rag_association.py
    python examples/llama_index_rag_association.py "Where was Ingrid's project discussed?"

LlamaIndex's mock model gives back its prompt, so that one sees what a model would be shown.
"""

from __future__ import annotations

import sys

from llama_index.core import VectorStoreIndex
from llama_index.core.llms import LLM, MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import TextNode

from llama_index_nuonuo import AssociationPostprocessor, NuonuoEmbedding

QUESTION = "Which town was the founder of the Halberd project born in?"
ANSWER = "Ingrid Solberg grew up by the sea; she was born in Molde and moved away at nineteen."
NODES = [
    TextNode(id_=f"node-{at}", text=text)
    for at, text in enumerate(
        [
            "The Halberd project was founded by Ingrid Solberg after a long strike.",
            ANSWER,
            "Birthplaces of inventors are listed in the archive of each municipality.",
            "Old villages keep registers of births and of baptisms.",
            "The Lantern and the Anvil were initiatives of the same guild.",
            "A city's founders are honoured with statues on the market square.",
            "The council decides every spring which initiatives it pays for.",
        ]
    )
]


def answers(llm: LLM, question: str = QUESTION, top: int = 2) -> tuple[str, str, list[str]]:
    """Return the plain engine's answer, ours, and the paths that were followed."""
    embed_model = NuonuoEmbedding()
    index = VectorStoreIndex(NODES, embed_model=embed_model)
    plain = index.as_query_engine(llm=llm, similarity_top_k=top)
    association = AssociationPostprocessor.from_nodes(NODES, embed_model=embed_model, top_n=top)
    ours = RetrieverQueryEngine.from_args(
        index.as_retriever(similarity_top_k=top), llm=llm, node_postprocessors=[association]
    )
    response = ours.query(question)
    paths = [
        " ".join(f"-[{step['link']}]-> {step['target']}" for step in found["path"])
        for found in (node.metadata["nuonuo"] for node in response.source_nodes)
        if found["path"]
    ]
    association.close()
    return str(plain.query(question)), str(response), paths


if __name__ == "__main__":
    without, with_association, followed = answers(MockLLM(), *sys.argv[1:2])
    print("plain engine is shown the answer:", ANSWER in without)
    print("with association it is shown:    ", ANSWER in with_association)
    print("paths:", *followed, sep="\n  ")

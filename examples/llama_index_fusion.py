"""Fusion: what a user said, from a memory, beside a manual in LlamaIndex's own vector index.

pip install "nuonuo-memory[llama-index,minilm]"
python examples/llama_index_fusion.py
python examples/llama_index_fusion.py "What should I do about the saddle?"
"""

from __future__ import annotations

import sys

from llama_index.core import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode

from llama_index_nuonuo import NuonuoEmbedding, NuonuoRetriever
from nuonuo_memory import TextMemory

MANUAL = [
    "Squeaking brakes are cured by sanding the pads.",
    "Error E-4471 means that the left sensor is unplugged.",
    "A saddle set too low makes the knees ache.",
    "Oil the chain every two hundred kilometres.",
]
SAID = [
    "My brakes make a shrill noise in the rain.",
    "I raised the saddle yesterday.",
    "My sister borrows the bicycle on Fridays.",
]


def fused(memory: TextMemory) -> QueryFusionRetriever:
    """Return a retriever that ranks by both; it writes no queries of its own."""
    memory.observe([{"role": "user", "content": text} for text in SAID], session="monday")
    index = VectorStoreIndex(
        [TextNode(text=text) for text in MANUAL], embed_model=NuonuoEmbedding(memory.encoder)
    )
    return QueryFusionRetriever(
        [NuonuoRetriever(memory, similarity_top_k=2), index.as_retriever(similarity_top_k=2)],
        llm=MockLLM(),
        num_queries=1,
        mode="reciprocal_rerank",
        similarity_top_k=2,
    )


if __name__ == "__main__":
    with TextMemory.in_memory() as opened:
        retriever = fused(opened)
        for question in sys.argv[1:] or ["What about my noisy brakes?", "How high is my saddle?"]:
            print(question)
            for found in retriever.retrieve(question):
                print(f"  {found.score:.3f}  {found.node.get_content()}")

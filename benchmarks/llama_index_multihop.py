"""Multi-hop passages through LlamaIndex: its vector index, our retriever, and association over it.

    python benchmarks/llama_index_multihop.py DATA [--sets 2wiki hotpotqa] [--cache FOLDER]

DATA is the benchmark data folder. All rows use the same passages (title, line break, text), the
same embedding model and the same questions; passage recall is the share of a question's gold
passages among the first k, all@k the share of questions with every gold passage among them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from encoders import encoder_of
from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from result_files import Cell, Result, finish, this_command
from torch import Tensor

from llama_index_nuonuo import AssociationPostprocessor, NuonuoEmbedding, NuonuoRetriever
from nuonuo_memory import MemoryConfig, TextMemory
from nuonuo_memory.config import CueConfig
from nuonuo_memory.encoders.base import Encoder

KS = (2, 5, 10)
START = 10

Search = Callable[[str, int], list[NodeWithScore]]


@dataclass(frozen=True)
class Passages:
    """A set of passages and the questions about them; `gold` are positions of passages."""

    name: str
    nodes: list[TextNode]
    questions: list[str]
    gold: list[list[int]]


class OnceEncoder:
    """Encodes each text once, so that every row of the table sees the same vectors.

    With a folder, what was encoded is kept there, and a run that was cut short can go on.
    """

    def __init__(self, encoder: Encoder, folder: Path | None) -> None:
        self._encoder = encoder
        self._folder = folder
        self._known: dict[bytes, Tensor] = {}
        self.name = encoder.name
        self.dimension = encoder.dimension
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.glob(f"{encoder.name}-*.npz"):
                with np.load(file) as part:
                    rows = torch.from_numpy(part["vectors"])
                    self._known.update(zip(part["texts"].tolist(), rows, strict=True))

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, those seen before from memory."""
        marks = [hashlib.sha256(text.encode()).hexdigest().encode() for text in texts]
        new = dict(zip(marks, texts, strict=True))
        new = {mark: text for mark, text in new.items() if mark not in self._known}
        if new:
            vectors = self._encoder.encode(list(new.values())).cpu()
            self._known.update(zip(new, vectors, strict=True))
            if self._folder is not None and len(new) > 1:
                file = self._folder / f"{self.name}-{next(iter(new)).decode()[:16]}.npz"
                np.savez(file, texts=np.array(list(new)), vectors=vectors.numpy())
        return torch.stack([self._known[mark] for mark in marks])

    encode_queries = encode


def load(folder: Path, name: str, most: int | None) -> Passages:
    """Read one data set."""

    def lines(of: str) -> list[dict[str, Any]]:
        with lzma.open(folder / name / f"{of}.jsonl.xz", "rt", encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    nodes = [
        TextNode(id_=str(at), text=f"{passage['title']}\n{passage['text']}")
        for at, passage in enumerate(lines("corpus"))
    ]
    asked = lines("questions")[:most]
    return Passages(
        name, nodes, [one["question"] for one in asked], [one["gold_idx"] for one in asked]
    )


class Once:
    """A retriever's answers, each asked for once: two rows of the table begin with the same."""

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever
        self._known: dict[str, list[NodeWithScore]] = {}
        retriever.similarity_top_k = START  # type: ignore[attr-defined]

    def __call__(self, question: str, k: int) -> list[NodeWithScore]:
        """Return the first k nodes, of ten at most."""
        if question not in self._known:
            self._known[question] = self._retriever.retrieve(question)
        return self._known[question][:k]


def plainly(retriever: BaseRetriever) -> Search:
    """Search with a retriever whose number of results can be set."""

    def search(question: str, k: int) -> list[NodeWithScore]:
        retriever.similarity_top_k = k  # type: ignore[attr-defined]
        return retriever.retrieve(question)

    return search


def with_association(first: Search, association: AssociationPostprocessor) -> Search:
    """Search with a retriever, then follow from its first ten."""

    def search(question: str, k: int) -> list[NodeWithScore]:
        association.top_n = k
        return association.postprocess_nodes(first(question, START), query_str=question)

    return search


def score(search: Search, data: Passages) -> tuple[dict[int, float], dict[int, float]]:
    """Return passage recall and all@k in percent, by k."""
    recall, complete = dict.fromkeys(KS, 0.0), dict.fromkeys(KS, 0.0)
    for question, gold in zip(data.questions, data.gold, strict=True):
        found = [int(node.node.node_id) for node in search(question, max(KS))]
        for k in KS:
            hit = len(set(gold) & set(found[:k])) / len(set(gold))
            recall[k] += 100 * hit / len(data.questions)
            complete[k] += 100 * (hit == 1) / len(data.questions)
    return recall, complete


def rows(data: Passages, encoder: Encoder, *, sentences: bool) -> list[tuple[str, Search]]:
    """Build every method over one data set."""
    model = NuonuoEmbedding(encoder)
    theirs = Once(VectorStoreIndex(data.nodes, embed_model=model).as_retriever())
    config = MemoryConfig(cues=CueConfig(sentences=sentences))
    memory = TextMemory.in_memory(encoder=encoder, config=config)
    ours = NuonuoRetriever.from_nodes(data.nodes, memory=memory)
    follow = NuonuoRetriever(ours.memory, hops=3)
    association = AssociationPostprocessor.from_memory(ours.memory, hops=3)
    return [
        ("VectorStoreIndex retriever", theirs),
        (
            f"VectorStoreIndex retriever ({START}) + AssociationPostprocessor",
            with_association(theirs, association),
        ),
        ("NuonuoRetriever", plainly(ours)),
        ("NuonuoRetriever, hops=3", plainly(follow)),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["2wiki", "hotpotqa"])
    parser.add_argument("--questions", type=int, default=None, help="ask only the first N")
    parser.add_argument(
        "--no-sentences",
        action="store_true",
        help="cues from whole passages and segments only, which is quicker to encode",
    )
    parser.add_argument("--encoder", help="as `nuonuo --encoder` takes it")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    parser.add_argument("--cache", type=Path, default=None, help="keep vectors in this folder")
    options = parser.parse_args()
    encoder = OnceEncoder(encoder_of(options.encoder, device="cpu"), options.cache)
    table: list[list[Cell]] = []
    for name in options.sets:
        data = load(options.data, name, options.questions)
        for method, search in rows(data, encoder, sentences=not options.no_sentences):
            recall, complete = score(search, data)
            figures = [round(recall[k], 1) for k in KS]
            label = f"{name} ({len(data.questions)}): {method}"
            table.append([label, *figures, round(complete[5], 1)])
            print(*table[-1], file=sys.stderr, flush=True)
    cues = "passages and segments" if options.no_sentences else "all kinds"
    columns = ["data (questions): method", *(f"@{k}" for k in KS), "all@5"]
    note = f"{encoder.name}, cues of {cues}, in percent"
    finish(Result("llama-index-multihop", this_command(), columns, table, note=note), options.save)


if __name__ == "__main__":
    main()

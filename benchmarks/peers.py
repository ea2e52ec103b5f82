"""One query of a vector store: ours beside the searches and stores that applications use.

Each store has a process of its own, and the same unit vectors and queries; what is not installed
is passed over with a line saying so. A time is that of one query whose vector is known, for 10
results; beside it stands the share of the exact 10 nearest that were found (float64). "nuonuo
engine" is the whole recall of the engine: 64 candidates, settling, sums by memory. "nuonuo
TextMemory" adds the store: texts and metadata read back from SQLite, ranked, as the stores of
LangChain and LlamaIndex give documents.

    python benchmarks/peers.py --json benchmarks/peers.json --svg docs/scaling.svg
    python benchmarks/peers.py --rows 20000 --only faiss langchain
    python benchmarks/peers.py --read benchmarks/peers.json --svg docs/scaling.svg

The graphs (usearch, hnswlib, Chroma) take minutes to build beyond 100,000 rows: --graphs 1000000
lets them. LangChain's and LlamaIndex's stores keep 12 KB of Python floats a row, and stop there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from made_up import clustered, exact_nearest
from numpy.typing import NDArray
from result_files import Cell, Result, finish, rounded, this_command
from scaling_curve import draw

K = 10
QUERIES = 32
Matrix = NDArray[np.float32]
Search = Callable[[Matrix], Sequence[int]]
"""From a query's vector to the rows of the nearest, best first."""


def nuonuo_engine(vectors: Matrix) -> Search:
    from nuonuo_memory.config import HopfieldConfig
    from nuonuo_memory.engine.retrieve import retrieve
    from nuonuo_memory.engine.vectors.cue_index import CueIndex

    cue_index, config = CueIndex(vectors.shape[1]), HopfieldConfig(candidates=64)
    for ids in torch.arange(len(vectors)).split(100_000):
        cue_index.add(ids, torch.from_numpy(vectors[ids]), memory_ids=ids, group=0)

    def search(query: Matrix) -> Sequence[int]:
        asked = torch.from_numpy(query)[None]
        found = retrieve(cue_index, asked, groups=[[0]], k=64, config=config)
        # The ids by similarity: settling orders memories by all that they were near to.
        order = found.similarity[0].argsort(descending=True)[:K]
        return found.cue_ids[0][order].tolist()

    return search


class Given:
    """An encoder that knows the vectors already, by the number in a text."""

    name = "given"

    def __init__(self, vectors: Matrix) -> None:
        self.dimension = vectors.shape[1]
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the vectors of texts such as "row 7"."""
        return torch.from_numpy(self._vectors[[int(text.split()[1]) for text in texts]])

    encode_queries = encode

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the same as LangChain wants them."""
        return self.encode(texts).tolist()


def nuonuo_memory(vectors: Matrix) -> Search:
    from nuonuo_memory import NewMemory, TextMemory

    memory = TextMemory.in_memory(encoder=Given(vectors), device="cpu")
    for start in range(0, len(vectors), 10_000):
        rows = range(start, min(start + 10_000, len(vectors)))
        memory.remember_many([NewMemory(f"row {row}") for row in rows])

    def search(query: Matrix) -> Sequence[int]:
        return [int(hit.text.split()[1]) for hit in memory.recall("", vector=query, k=K)]

    return search


def torch_matmul(vectors: Matrix) -> Search:
    matrix = torch.from_numpy(vectors)
    return lambda query: (matrix @ torch.from_numpy(query)).topk(K).indices.tolist()


def numpy_matmul(vectors: Matrix) -> Search:
    def search(query: Matrix) -> Sequence[int]:
        scores = vectors @ query
        best = np.argpartition(scores, -K)[-K:]
        return best[np.argsort(-scores[best])].tolist()

    return search


def semantic_search(vectors: Matrix) -> Search:
    from sentence_transformers import util

    matrix = torch.from_numpy(vectors)

    def search(query: Matrix) -> Sequence[int]:
        asked = torch.from_numpy(query)[None]
        found = util.semantic_search(asked, matrix, top_k=K, score_function=util.dot_score)
        return [one["corpus_id"] for one in found[0]]

    return search


def faiss_flat(vectors: Matrix) -> Search:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda query: index.search(query[None], K)[1][0].tolist()


def usearch_graph(vectors: Matrix) -> Search:
    from usearch.index import Index

    index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
    index.add(np.arange(len(vectors)), vectors)
    return lambda query: index.search(query, K).keys.tolist()


def hnswlib_graph(vectors: Matrix) -> Search:
    import hnswlib

    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), ef_construction=200, M=16)
    index.add_items(vectors)
    index.set_ef(64)
    return lambda query: index.knn_query(query, k=K)[0][0].tolist()


def chroma(vectors: Matrix) -> Search:
    import chromadb

    client = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))
    held = client.create_collection("peers", metadata={"hnsw:space": "ip"})
    for start in range(0, len(vectors), 5000):
        part = vectors[start : start + 5000]
        rows = range(start, start + len(part))
        held.add(
            ids=[str(row) for row in rows],
            embeddings=part,
            documents=[f"row {row}" for row in rows],
        )

    def search(query: Matrix) -> Sequence[int]:
        found = held.query(query_embeddings=query[None], n_results=K)
        return [int(one) for one in found["ids"][0]]

    return search


def langchain(vectors: Matrix) -> Search:
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(Given(vectors))  # type: ignore[arg-type]
    store.add_texts([f"row {row}" for row in range(len(vectors))])

    def search(query: Matrix) -> Sequence[int]:
        found = store.similarity_search_by_vector(query.tolist(), k=K)
        return [int(one.page_content.split()[1]) for one in found]

    return search


def llama_index(vectors: Matrix) -> Search:
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import SimpleVectorStore, VectorStoreQuery

    store = SimpleVectorStore()
    store.add(
        [TextNode(id_=str(row), embedding=vectors[row].tolist()) for row in range(len(vectors))]
    )

    def search(query: Matrix) -> Sequence[int]:
        asked = VectorStoreQuery(query_embedding=query.tolist(), similarity_top_k=K)
        return [int(one) for one in store.query(asked).ids or ()]

    return search


PEERS: dict[str, tuple[str, Callable[[Matrix], Search], str, int]] = {
    "engine": ("nuonuo engine", nuonuo_engine, "nuonuo_memory", 10_000_000),
    "memory": ("nuonuo TextMemory", nuonuo_memory, "nuonuo_memory", 100_000),
    "torch": ("torch matmul + topk", torch_matmul, "torch", 10_000_000),
    "numpy": ("numpy matmul + argpartition", numpy_matmul, "numpy", 10_000_000),
    "semantic": ("sentence_transformers", semantic_search, "sentence_transformers", 10_000_000),
    "faiss": ("faiss IndexFlatIP", faiss_flat, "faiss", 10_000_000),
    "usearch": ("usearch (graph)", usearch_graph, "usearch", 0),
    "hnswlib": ("hnswlib (graph)", hnswlib_graph, "hnswlib", 0),
    "chroma": ("Chroma (graph)", chroma, "chromadb", 0),
    "langchain": ("LangChain InMemoryVectorStore", langchain, "langchain_core", 100_000),
    "llama": ("LlamaIndex SimpleVectorStore", llama_index, "llama_index.core", 100_000),
}
"""By short name: name, how it is filled, the module that it needs, and the most rows that it is
asked to hold (0: see --graphs)."""


def work(name: str, folder: Path, rounds: int, threads: int) -> dict[str, Any]:
    """Fill one store and time it, in a process of its own."""
    _, build, module, _ = PEERS[name]
    try:
        importlib.import_module(module)
    except ImportError:
        return {"absent": module}
    if threads:
        torch.set_num_threads(threads)
    vectors, queries = np.load(folder / "vectors.npy"), np.load(folder / "queries.npy")
    exact = np.load(folder / "exact.npy")
    start = time.perf_counter()
    search = build(vectors)
    built = time.perf_counter() - start
    found = [search(query) for query in queries]
    hits = sum(len(set(a[:K]) & set(b)) for a, b in zip(found, exact.tolist(), strict=True))
    wall, busy, begun = [], [], time.perf_counter()
    for turn in range(rounds):
        if turn >= 5 and time.perf_counter() - begun > 30:
            break
        query = queries[turn % QUERIES]
        start, worked = time.perf_counter(), time.process_time()
        search(query)
        wall.append((time.perf_counter() - start) * 1e3)
        busy.append((time.process_time() - worked) * 1e3)
    return {
        "ms_least": min(wall),
        "ms_median": statistics.median(wall),
        "cpu_ms_least": min(busy),
        "recall_at_10": hits / exact.size,
        "build_s": built,
    }


def measure(rows: int, names: Sequence[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a record for each store that is there and can hold so many rows."""
    records = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vectors = clustered(rows, options.dimension, 1)
        made = torch.Generator().manual_seed(2)
        near = vectors[torch.randint(0, rows, (QUERIES,), generator=made)]
        noise = torch.randn(near.shape, generator=made) / options.dimension**0.5
        queries = torch.nn.functional.normalize(near + noise, dim=1)
        np.save(folder / "vectors.npy", vectors.numpy())
        np.save(folder / "queries.npy", queries.numpy())
        np.save(folder / "exact.npy", exact_nearest(vectors, queries, K).numpy())
        del vectors
        for peer in names:
            title, _, _, most = PEERS[peer]
            if rows > (most or options.graphs):
                continue
            found = _in_a_process(peer, folder, options)
            if "ms_least" not in found:
                print(f"{title}: passed over, {found}", file=sys.stderr)
                continue
            records.append({"rows": rows, "what": title} | found)
            print(line(records[-1]), file=sys.stderr, flush=True)
    return records


def _in_a_process(peer: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, __file__, "--worker", peer, "--folder", str(folder)]
    command += ["--rounds", str(options.rounds), "--threads", str(options.threads)]
    limits = {"OMP_NUM_THREADS": str(options.threads)} if options.threads else {}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ) | limits
    )
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def line(record: dict[str, Any]) -> str:
    """Return a record as a row of the table."""
    return (
        f"| {record['rows']:,} | {record['what']} | {record['ms_least']:.3f} | "
        f"{record['ms_median']:.3f} | {record['recall_at_10']:.3f} | {record['build_s']:.1f} |"
    )


HEADINGS = {
    "nuonuo engine": "engine alone",
    "nuonuo TextMemory": "`TextMemory`",
    "faiss IndexFlatIP": "faiss `IndexFlatIP`",
    "torch matmul + topk": "torch",
    "LangChain InMemoryVectorStore": "LangChain `InMemoryVectorStore`",
    "LlamaIndex SimpleVectorStore": "LlamaIndex `SimpleVectorStore`",
}
"""How the documents' table calls a store, where it differs from the picture."""


def result(records: Sequence[dict[str, Any]], threads: int) -> Result:
    """Put the least times into a table: a row for each number of vectors, a column for each store.

    A store that did not find all of the exact ten says so in its heading.
    """
    worst: dict[str, float] = {}
    times: dict[int, dict[str, float]] = {}
    for record in records:
        what, found = record["what"], record["recall_at_10"]
        worst[what] = min(found, worst.get(what, 1.0))
        times.setdefault(record["rows"], {})[what] = record["ms_least"]
    headings = {what: HEADINGS.get(what, what) for what in worst}
    columns = [
        headings[what] if found > 0.9995 else f"{headings[what]} ({found:.1%})"
        for what, found in worst.items()
    ]
    rows: list[list[Cell]] = [
        [f"{count:,}", *(rounded(by[what]) if what in by else None for what in worst)]
        for count, by in times.items()
    ]
    note = (
        "Milliseconds at the least for one query whose vector is known, 10 results; all of the "
        f"exact ten found, or the share in brackets; {threads or 'all'} threads"
    )
    return Result("peers", this_command(), ["vectors", *columns], rows, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 20_000, 100_000, 1_000_000])
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--graphs", type=int, default=100_000, help="rows that graphs may hold")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--threads", type=int, default=0, help="0: as each chooses")
    parser.add_argument("--json", type=Path, nargs="?", const=Path("-"), help="a file, or to print")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    parser.add_argument("--svg", type=Path, help="where to draw the curve")
    parser.add_argument("--read", type=Path, help="records to show again, in place of measuring")
    parser.add_argument("--worker", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(options.worker, options.folder, options.rounds, options.threads)))
        return
    if options.read:
        records = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        records = [r for rows in options.rows for r in measure(rows, options.only, options)]
    if options.svg:
        options.svg.write_text(draw(records), encoding="utf-8")
    if options.json:
        text = json.dumps(records, indent=1) + "\n"
        if options.json == Path("-"):
            print(text, end="")
            return
        options.json.write_text(text, encoding="utf-8")
    finish(result(records, options.threads), options.save)


if __name__ == "__main__":
    main()

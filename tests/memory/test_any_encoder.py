"""What is found does not hang on where an encoder's vectors lie, or on how close together."""

import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nuonuo_memory
from nuonuo_memory import TextMemory
from nuonuo_memory.encoders.base import Encoder, HashingEncoder
from nuonuo_memory.formats import read

_DEMO = Path(nuonuo_memory.__file__).parent / "cli"
"""Its talk; read without the command line, which the core does without."""

_FIRST = 10
_ROUNDING = 0.02
"""Scores that 16-bit vectors may move by; memories this close may change places."""


class Moved:
    """An encoder's vectors turned, a constant vector added to all, and made unit again."""

    def __init__(self, encoder: Encoder, *, turned: bool, length: float, seed: int) -> None:
        drawn = torch.Generator().manual_seed(seed)
        size = encoder.dimension
        self.name, self.dimension = f"moved-{encoder.name}", size
        self._encoder = encoder
        matrix = torch.randn(size, size, generator=drawn, dtype=torch.float64)
        self._turn = torch.linalg.qr(matrix).Q if turned else torch.eye(size, dtype=torch.float64)
        constant = torch.randn(size, generator=drawn, dtype=torch.float64)
        self._constant = length * constant / constant.norm()

    def encode(self, texts: Sequence[str]) -> Tensor:
        return self._moved(torch.as_tensor(self._encoder.encode(texts)))

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        return self._moved(torch.as_tensor(self._encoder.encode_queries(texts)))

    def _moved(self, vectors: Tensor) -> Tensor:
        rows = vectors.double() @ self._turn + self._constant
        return torch.nn.functional.normalize(rows, dim=1).float()


Found = list[dict[str, float]]


def found_with(encoder: Encoder) -> Found:
    """Return the first ten texts that each question of the demo brings up, with their scores."""
    with TextMemory.in_memory(encoder=encoder) as memory:
        for session in read(_DEMO / "demo.txt", format="transcript").sessions:
            memory.observe(session.messages, session=session.id, at=session.at)
        questions = json.loads((_DEMO / "demo_questions.json").read_text(encoding="utf-8"))
        asked = [question["ask"] for question in questions]
        return [
            {hit.memory.id: hit.score for hit in memory.recall(question, k=_FIRST)}
            for question in asked
        ]


@cache
def plain(kind: type[HashingEncoder]) -> Found:
    return found_with(kind())


def kept(before: Found, after: Found) -> float:
    """Return the mean share of the first ten that stay."""
    shares = [
        len(old.keys() & new.keys()) / len(old) for old, new in zip(before, after, strict=True)
    ]
    return sum(shares) / len(shares)


@settings(max_examples=3)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_rotation_leaves_the_order(seed: int) -> None:
    before = plain(HashingEncoder)
    after = found_with(Moved(HashingEncoder(), turned=True, length=0.0, seed=seed))
    for old, new in zip(before, after, strict=True):
        last = min(old.values())
        for memory, score in old.items():
            assert math.isclose(new.get(memory, last), score, abs_tol=_ROUNDING)


@settings(max_examples=3)
@given(seed=st.integers(0, 2**32 - 1), length=st.floats(0.0, 1.0))
def test_a_constant_vector_leaves_nine_tenths_of_the_first_ten(seed: int, length: float) -> None:
    before = plain(HashingEncoder)
    after = found_with(Moved(HashingEncoder(), turned=False, length=length, seed=seed))
    assert kept(before, after) >= 0.9

"""Settings: frozen, checked when made, each default with its reason.

One set of defaults serves every kind of data; `docs/ablation.md` has the table that they were
chosen by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nuonuo_memory.errors import InvalidInputError


def _require(ok: bool, name: str, value: object, expected: str) -> None:
    if not ok:
        raise InvalidInputError(f"{name} must be {expected}, got {value!r}")


@dataclass(frozen=True, slots=True)
class HopfieldConfig:
    """How recall settles among the nearest cues.

    Attributes:
        candidates: Nearest cues that enter the network.
        beta: Inverse temperature of the softmax.
        max_steps: Iterations at most.
        tolerance: A state that moves less than this (Euclidean) has settled.
    """

    candidates: int = 64
    beta: float = 40.0
    max_steps: int = 3
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        _require(self.candidates >= 1, "candidates", self.candidates, "at least 1")
        _require(
            math.isfinite(self.beta) and self.beta > 0, "beta", self.beta, "a finite number above 0"
        )
        _require(self.max_steps >= 1, "max_steps", self.max_steps, "at least 1")
        _require(
            math.isfinite(self.tolerance) and self.tolerance >= 0,
            "tolerance",
            self.tolerance,
            "a finite number, 0 or more",
        )


@dataclass(frozen=True, slots=True)
class CueConfig:
    """Which cues a conversation turn gets.

    Attributes:
        segment_chars: Length that a segment of a long turn aims at; the encoder reads 256 tokens,
            about 1,000 characters, and shorter segments match questions better.
        sentences: Make each sentence a cue.
        questions: Make the user's question a cue of the answer that followed.
    """

    segment_chars: int = 500
    sentences: bool = True
    questions: bool = True

    def __post_init__(self) -> None:
        _require(
            50 <= self.segment_chars <= 1000, "segment_chars", self.segment_chars, "in [50, 1000]"
        )


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """All settings of a `TextMemory`."""

    hopfield: HopfieldConfig = field(default_factory=HopfieldConfig)
    cues: CueConfig = field(default_factory=CueConfig)

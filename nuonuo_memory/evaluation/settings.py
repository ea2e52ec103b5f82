"""What every benchmark run needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field

from nuonuo_memory.config import MemoryConfig
from nuonuo_memory.encoders.base import Encoder
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.evaluation.vectors import Progress, silent


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """How a benchmark is run.

    Attributes:
        encoder: Turns texts into vectors.
        device: Where the encoder runs, and the engine when there is one job.
        limit: The first questions only; all when `None`.
        jobs: Processes that ask.
        memory: The memory's settings.
        progress: Told how far each step is.
    """

    encoder: Encoder
    device: str = "cpu"
    limit: int | None = None
    jobs: int = 1
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    progress: Progress = silent

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise InvalidInputError(f"limit must be at least 1, got {self.limit}")
        if self.jobs < 1:
            raise InvalidInputError(f"jobs must be at least 1, got {self.jobs}")

"""What the fixtures `nuonuo` and `talk` of conftest give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Runs(Protocol):
    stdout: str
    stderr: str

    def __call__(self, *arguments: str, code: int = 0, answer: str | None = None) -> str: ...
    def json(self, *arguments: str) -> object: ...
    def fails(self, *arguments: str, code: int = 1) -> str: ...


Talk = Callable[[], Runs]

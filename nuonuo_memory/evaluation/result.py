"""What a benchmark run gives back, and how it is written down."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nuonuo_memory.evaluation.scoring import Bin

Scores = Mapping[str, Any]
"""Numbers by name, in per cent unless the name says otherwise, nested by level."""


@dataclass(frozen=True, slots=True)
class BenchResult:
    """One run of one benchmark.

    Attributes:
        benchmark: Its name.
        questions: Number of questions asked.
        encoder: Name of the encoder.
        device: Where it ran.
        commit: Of the code, or the version where there is no repository.
        sections: The scores by section, `system` first; further ones as the benchmark has them.
        rows: One record per question, enough to check every figure.
        reliability: Bars of the reliability diagram, where confidence is measured.
        spread: How far each score of `sections` would be off, nested as they are.
        spread_is: What `spread` holds, in words.
    """

    benchmark: str
    questions: int
    encoder: str
    device: str
    commit: str
    sections: Mapping[str, Scores]
    rows: Sequence[Mapping[str, Any]] = ()
    reliability: Sequence[Bin] = field(default_factory=tuple)
    spread: Mapping[str, Scores] = field(default_factory=dict)
    spread_is: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the stable JSON shape; NaN, which JSON lacks, becomes null."""
        head = {
            "benchmark": self.benchmark,
            "questions": self.questions,
            "encoder": self.encoder,
            "device": self.device,
            "commit": self.commit,
        }
        bars = {"reliability": [bar._asdict() for bar in self.reliability]}
        spread = {"spread": {"is": self.spread_is} | dict(self.spread)}
        full = head | dict(self.sections) | (bars if self.reliability else {})
        full |= spread if self.spread else {}
        cleaned = _without_nan(full)
        return dict(cleaned)

    def to_json(self) -> str:
        """Return `to_dict` as text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def write_rows(self, path: str | Path) -> None:
        """Write one JSON line per question."""
        lines = (json.dumps(_without_nan(row), ensure_ascii=False) for row in self.rows)
        Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def commit() -> str:
    """Return the commit of the code that runs; its version when that is in no repository."""
    from nuonuo_memory._version import __version__

    folder = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return __version__
    return done.stdout.strip()

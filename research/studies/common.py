"""What the studies share: encoding once, intervals by bootstrap, tables in Markdown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from texts import Triple, background, triples
from torch import Tensor

from nuonuo_memory.encoders.minilm import load_minilm
from nuonuo_memory.research.mechanisms import MechanismConfig
from nuonuo_memory.research.separation import Separator

SMALL = (0, 100, 500, 1000)
LARGE = (2_000, 20_000)


@dataclass
class Table:
    """Rows of text under a title, with a remark on how they came about."""

    title: str
    columns: Sequence[str]
    note: str = ""
    rows: list[list[str]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row."""
        self.rows.append([str(cell) for cell in cells])

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"### {self.title}", ""]
        if self.note:
            lines += [self.note, ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


class CachedSeparator:
    """Codes every vector once, so that mechanisms and tables share the work."""

    def __init__(self, separator: Separator) -> None:
        self.dimension = separator.dimension
        self.code_dim = separator.code_dim
        self.winners = separator.winners
        self._separator = separator
        self._known: dict[bytes, Tensor] = {}

    def codes(self, vectors: Tensor) -> Tensor:
        """Return the codes of vectors [n, dimension], int32 [n, winners]."""
        keys = [row.tobytes() for row in vectors.float().cpu().numpy()]
        fresh = [row for row, key in enumerate(keys) if key not in self._known]
        if fresh:
            for row, code in zip(fresh, self._separator.codes(vectors[fresh]), strict=True):
                self._known[keys[row]] = code
        return torch.stack([self._known[key] for key in keys])

    def __deepcopy__(self, memo: dict[int, object]) -> CachedSeparator:
        return self


@dataclass
class Context:
    """Where a study runs, and vectors that several of them use."""

    device: str = "cpu"
    data: Path | None = None
    largest: int = 20_000
    cache: Path | None = None
    _texts: dict[str, Tensor] = field(default_factory=dict)
    _separators: dict[tuple[int, int, int], CachedSeparator] = field(default_factory=dict)

    @property
    def sizes(self) -> list[int]:
        """Numbers of other memories to study."""
        return [size for size in (*SMALL, *LARGE) if size <= self.largest]

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode texts once; a folder for the cache saves it between runs."""
        key = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:24]
        if key in self._texts:
            return self._texts[key]
        file = None if self.cache is None else self.cache / f"{key}.pt"
        if file is not None and file.exists():
            vectors = torch.load(file, weights_only=True)
        else:
            vectors = load_minilm(device=self.device).encode(list(texts)).cpu()
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                torch.save(vectors, file)
        self._texts[key] = vectors
        return vectors

    def triples(self, wording: str = "mixed") -> tuple[list[Triple], Tensor, Tensor, Tensor]:
        """Our own triples with the vectors of cues, of questions, and of targets.

        Wording: near, far, or mixed (near and far by turns).
        """
        rows = triples()
        far = [wording == "far" or (wording == "mixed" and i % 2 == 1) for i in range(len(rows))]
        return (
            rows,
            self.encode([row.cue for row in rows]),
            self.encode(
                [row.far if is_far else row.near for row, is_far in zip(rows, far, strict=True)]
            ),
            self.encode([row.target for row in rows]),
        )

    def separator(self, config: MechanismConfig | None = None) -> CachedSeparator:
        """Return the random separator of these settings, one for all that ask."""
        config = config or MechanismConfig()
        key = (config.code_dim, config.winners, config.seed)
        if key not in self._separators:
            self._separators[key] = CachedSeparator(config.separator(384, self.device))
        return self._separators[key]

    def others(self) -> Tensor:
        """Vectors of as many other sentences as the largest study needs."""
        return self.encode(background(self.largest))


def interval(hits: Sequence[float] | Tensor, *, rounds: int = 2000) -> tuple[float, float, float]:
    """Return the mean and the 95 % interval of it, by bootstrap over the questions."""
    values = torch.as_tensor(hits, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(values), (rounds, len(values)), generator=generator)
    low, high = torch.quantile(
        values[draws].mean(dim=1), torch.tensor([0.025, 0.975], dtype=torch.float64)
    ).tolist()
    return float(values.mean()), low, high


def percent(hits: Sequence[float] | Tensor) -> str:
    """Return a share of hits with its interval, as `91 (86-95)`."""
    mean, low, high = interval(hits)
    return f"{100 * mean:.0f} ({100 * low:.0f}–{100 * high:.0f})"


def percent_by(hits: Tensor, owners: Tensor) -> str:
    """Return a share of hits, its interval by bootstrap over their owners, who come repeatedly."""
    held, place = torch.unique(owners, return_inverse=True)
    asked = torch.zeros(len(held), dtype=torch.float64)
    found = asked.clone().index_add_(0, place.flatten(), hits.flatten().double())
    asked.index_add_(0, place.flatten(), torch.ones(hits.numel(), dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(held), (2000, len(held)), generator=generator)
    shares = found[draws].sum(dim=1) / asked[draws].sum(dim=1)
    low, high = torch.quantile(shares, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return f"{100 * float(found.sum() / asked.sum()):.0f} ({100 * low:.0f}–{100 * high:.0f})"


Study = Callable[[Context], Iterable[Table]]

"""How well a store can tell its memories apart, in numbers and as a picture.

Works on cue vectors and the memories that they lead to, so that it serves any store; the command
line prints `Diagnosis.lines` and writes `Diagnosis.svg`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

import torch
from torch import Tensor
from torch.nn import functional

from nuonuo_memory.config import BETA
from nuonuo_memory.engine.hopfield.margins import Neighbours, neighbours, patterns_at
from nuonuo_memory.engine.hopfield.theory import beta_for_error
from nuonuo_memory.errors import InvalidInputError
from nuonuo_memory.store.rows import CueBatch

_BINS = 20


@dataclass(frozen=True, slots=True)
class Collision:
    """Two memories that a question can hardly tell apart.

    Attributes:
        first: One memory: its id from `TextMemory.diagnose`, its owner's number from `diagnose`.
        second: The other, likewise.
        cosine: Of their most similar cues.
    """

    first: int | str
    second: int | str
    cosine: float


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The state of a store's cues.

    Attributes:
        memories: Memories looked at.
        cues: Cues looked at; a sample when the store has more than was asked for.
        margins: 5th, 25th, 50th, 75th and 95th percentile of a cue's margin, 1 − cosine with the
            nearest cue of another memory in its namespace.
        crosstalk: Mean attention that other memories take when a stored cue itself is asked.
        worst_crosstalk: Its 95th percentile.
        beta: The inverse temperature in use.
        beta_needed: The one that settles 95 % of cues within 1 % of themselves; infinite when more
            than 5 % collide.
        capacity: Cues of the median margin that β keeps apart.
        load: Cues divided by `capacity`.
        collisions: Pairs of memories closer than the threshold, closest first.
        colliding: Share of memories in such a pair.
        histogram: Cues by margin, in 20 bins from 0 to 1.
    """

    memories: int
    cues: int
    margins: tuple[float, float, float, float, float]
    crosstalk: float
    worst_crosstalk: float
    beta: float
    beta_needed: float
    capacity: float
    load: float
    collisions: tuple[Collision, ...]
    colliding: float
    histogram: tuple[int, ...]

    def lines(self) -> list[str]:
        """Return the findings as lines of text, with what to do about them."""
        low, _, median, _, high = self.margins
        found = [
            f"memories      {self.memories:,} with {self.cues:,} cues",
            f"margin        median {median:.2f}, 5 % below {low:.2f}, 5 % above {high:.2f}",
            (
                f"crosstalk     {self.crosstalk:.1%} on average, 5 % of cues above "
                f"{self.worst_crosstalk:.1%}"
            ),
            f"beta          {self.beta:g} in use, {self.beta_needed:.0f} would settle 95 % of cues",
            f"load          {self.load:.2g} of what beta keeps apart at the median margin",
            f"collisions    {len(self.collisions)} pairs, {self.colliding:.1%} of memories",
        ]
        if self.collisions:
            found.append("              consolidate merges what is stored twice")
        return found

    def svg(self, *, width: int = 640, height: int = 300) -> str:
        """Draw the margins of all cues as a picture."""
        return _draw(self, width, height)


def diagnose(
    vectors: Tensor,
    owners: Tensor,
    *,
    groups: Tensor | None = None,
    beta: float = BETA,
    collide_at: float = 0.95,
    sample: int = 4096,
) -> Diagnosis:
    """Look at how far apart memories are.

    Args:
        vectors: Cue vectors, float [n, d], n at least 1.
        owners: The memory that each cue leads to, int64 [n].
        groups: The namespace of each cue, int64 [n]; one for all when `None`.
        beta: Inverse temperature that recall uses.
        collide_at: Cosine from which two memories collide.
        sample: Cues to look at, spread over all; each is compared with every cue.

    Raises:
        InvalidInputError: If there is no cue, or the numbers of rows differ.
    """
    if len(vectors) < 1 or len(vectors) != len(owners):
        raise InvalidInputError(
            f"expected at least one cue and an owner for each, got {len(vectors)} cues and "
            f"{len(owners)} owners"
        )
    unit = functional.normalize(vectors.float(), dim=1)
    groups = torch.zeros_like(owners) if groups is None else groups
    rows = torch.arange(len(unit), device=unit.device)[:: max(1, -(-len(unit) // sample))]
    found = neighbours(unit, owners, groups, beta=beta, rows=rows)
    margin = found.margin.clamp(0.0, 1.0)
    at = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64, device=margin.device)
    low, lower, median, upper, high = torch.quantile(margin, at).tolist()
    collisions = _collisions(found, owners, rows, collide_at)
    memories = len(torch.unique(owners))
    capacity = patterns_at(beta, median)
    return Diagnosis(
        memories=memories,
        cues=len(rows),
        margins=(low, lower, median, upper, high),
        crosstalk=float(found.leak.mean()),
        worst_crosstalk=float(torch.quantile(found.leak, 0.95)),
        beta=beta,
        beta_needed=beta_for_error(len(unit), low) if low > 1e-6 else float("inf"),
        capacity=capacity,
        load=len(unit) / capacity,
        collisions=collisions,
        colliding=len({key for one in collisions for key in (one.first, one.second)}) / memories,
        histogram=tuple(torch.histc(margin.cpu(), _BINS, 0.0, 1.0).int().tolist()),
    )


def diagnose_cues(
    batches: Iterable[CueBatch], *, beta: float = BETA, sample: int = 4096
) -> Diagnosis:
    """Look at how far apart the memories of a store are: `diagnose_cues(store.load_cues())`.

    Args:
        batches: The store's cues.
        beta: Inverse temperature that recall uses.
        sample: Cues to look at; each is compared with every cue.

    Raises:
        InvalidInputError: If the store holds no cue.
    """
    vectors, owners, groups = [], [], []
    for batch in batches:
        vectors.append(torch.tensor(batch.vectors))
        owners.append(torch.from_numpy(batch.memory_keys))
        groups.append(torch.from_numpy(batch.namespace_keys))
    if not vectors:
        raise InvalidInputError("expected a memory with at least one cue, got an empty one")
    every = torch.cat(vectors), torch.cat(owners)
    return diagnose(*every, groups=torch.cat(groups), beta=beta, sample=sample)


def _collisions(
    found: Neighbours, owners: Tensor, rows: Tensor, collide_at: float
) -> tuple[Collision, ...]:
    """Pairs of memories whose nearest cues are too close, closest first."""
    pairs: dict[tuple[int, int], float] = {}
    hit = found.similarity >= collide_at
    others = owners[found.nearest[hit]].tolist()
    mine, cosines = owners[rows[hit]].tolist(), found.similarity[hit].tolist()
    for one, other, cosine in zip(mine, others, cosines, strict=True):
        key = (min(one, other), max(one, other))
        pairs[key] = max(pairs.get(key, -1.0), min(1.0, cosine))
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Collision(first, second, cosine) for (first, second), cosine in ordered)


def _draw(found: Diagnosis, width: int, height: int) -> str:
    """The histogram of margins: bars at risk in another colour, the median as a line."""
    left, top, bottom = 48, 56, 40
    plot_width, plot_height = width - left - 16, height - top - bottom
    tallest = max(1, *found.histogram)
    bar = plot_width / _BINS
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{left}" y="22" font-size="14">{escape(_title(found))}</text>',
        f'<text x="{left}" y="42" fill="#666666">{escape(_subtitle(found))}</text>',
    ]
    for place, count in enumerate(found.histogram):
        tall = plot_height * count / tallest
        colour = "#c2410c" if place == 0 else "#2563eb"
        parts.append(
            f'<rect x="{left + place * bar + 1:.1f}" y="{top + plot_height - tall:.1f}" '
            f'width="{bar - 2:.1f}" height="{tall:.1f}" fill="{colour}">'
            f"<title>margin {place / _BINS:.2f} to {(place + 1) / _BINS:.2f}: {count:,} cues"
            "</title></rect>"
        )
    base = top + plot_height
    middle = left + found.margins[2] * plot_width
    parts += [
        f'<line x1="{left}" y1="{base}" x2="{left + plot_width}" y2="{base}" stroke="#333333"/>',
        (
            f'<line x1="{middle:.1f}" y1="{top}" x2="{middle:.1f}" y2="{base}" stroke="#111111" '
            'stroke-dasharray="4 3"/>'
        ),
        f'<text x="{middle + 4:.1f}" y="{top + 12}">median {found.margins[2]:.2f}</text>',
        f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{tallest:,}</text>',
    ]
    for tick in range(0, 11, 2):
        x = left + plot_width * tick / 10
        parts.append(
            f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{tick / 10:.1f}</text>'
        )
    label = "margin: 1 − cosine with the nearest cue of another memory"
    parts.append(f'<text x="{left}" y="{height - 6}" fill="#666666">{label}</text></svg>')
    return "\n".join(parts)


def _title(found: Diagnosis) -> str:
    return f"{found.cues:,} cues of {found.memories:,} memories: how far apart they are"


def _subtitle(found: Diagnosis) -> str:
    return (
        f"crosstalk {found.crosstalk:.1%} at beta {found.beta:g}, "
        f"{len(found.collisions)} colliding pairs"
    )

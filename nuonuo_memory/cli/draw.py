"""A picture of associative paths: memories as boxes, what ties them on the arrows between."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _LINE, _PAD, _GAP, _CHARS = 560, 20, 14, 64, 68
_MOST_LINES = 6
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#1b1f24}"
    ".q rect{fill:#fff4d6;stroke:#c99a2e}.m rect{fill:#eef4fb;stroke:#5b83b0}"
    ".tie{font-style:italic;fill:#445}line{stroke:#667;stroke-width:1.5}"
)


@dataclass(frozen=True, slots=True)
class Box:
    """One memory on a path.

    Attributes:
        text: What it says.
        tie: What led to it, as a person would say it; empty for the first.
        kind: Kind of the tie.
        weight: Share of activation that the step carried.
    """

    text: str
    tie: str = ""
    kind: str = ""
    weight: float = 1.0


def svg(question: str, paths: Sequence[Sequence[Box]]) -> str:
    """Draw a question and the paths that it led along, side by side, as an SVG document."""
    columns = max(len(paths), 1)
    width = columns * _WIDTH + (columns - 1) * _PAD
    asked = _lines(question)
    parts = [_box(_PAD, _PAD, width, asked, mark="q")]
    below = _PAD + _height(asked)
    bottom = below
    for number, path in enumerate(paths):
        left, top = _PAD + number * (_WIDTH + _PAD), below
        for box in path:
            lines = _lines(box.text)
            parts.append(_arrow(left + _WIDTH // 2, top, box))
            parts.append(_box(left, top + _GAP, _WIDTH, lines, mark="m"))
            top += _GAP + _height(lines)
        bottom = max(bottom, top)
    size = f'width="{width + 2 * _PAD}" height="{bottom + _PAD}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    title = f"<title>{escape(question)}</title><style>{_STYLE}</style>"
    marker = (
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#667"/></marker></defs>'
    )
    return head + title + marker + "".join(parts) + "</svg>\n"


def html(question: str, paths: Sequence[Sequence[Box]]) -> str:
    """The same picture in a page of its own."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(question)}</title>'
    return f"{head}<body>{svg(question, paths)}</body></html>\n"


def _lines(text: str) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), _CHARS) or [""]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def _height(lines: Sequence[str]) -> int:
    return 2 * _PAD + _LINE * len(lines)


def _box(left: int, top: int, width: int, lines: Sequence[str], *, mark: str) -> str:
    rows = "".join(
        f'<text x="{left + _PAD}" y="{top + _PAD + _LINE * row + 15}">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    box = f'<rect x="{left}" y="{top}" width="{width}" height="{_height(lines)}" rx="6"/>'
    return f'<g class="{mark}">{box}{rows}</g>'


def _arrow(middle: int, top: int, box: Box) -> str:
    line = (
        f'<line x1="{middle}" y1="{top + 4}" x2="{middle}" y2="{top + _GAP - 4}" '
        'marker-end="url(#tip)"/>'
    )
    words = f"{box.tie or 'found directly'}" + (
        f" ({box.kind}, {box.weight:.2f})" if box.kind else ""
    )
    label = f'<text class="tie" x="{middle + 10}" y="{top + _GAP // 2 + 5}">{escape(words)}</text>'
    return line + label

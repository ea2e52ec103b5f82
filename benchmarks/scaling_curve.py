"""The scaling curve as an SVG that reads on light and dark pages: milliseconds against rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 880, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 256, 34, 48
_LABEL = 15
_COLOURS = (
    "#d1495b", "#e08a1e", "#3b7dd8", "#2a9d8f", "#8a6fd1", "#7a8b99",
    "#b5651d", "#4f9d3a", "#c25aa8", "#5b8a9a", "#9a8f3a",
)  # fmt: skip
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.grid{stroke:#24292f;stroke-opacity:.14}"
    "path{fill:none;stroke-width:1.7}.ours{stroke-width:3.4}.ours-label{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#e6edf3}}"
)


def draw(records: Sequence[dict[str, Any]]) -> str:
    """Draw the least time of each store at each number of rows, both axes logarithmic."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for record in records:
        curves.setdefault(record["what"], []).append((record["rows"], record["ms_least"]))
    rows = [row for points in curves.values() for row, _ in points]
    times = [time for points in curves.values() for _, time in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log10(min(rows)), math.log10(max(rows))

    def x(row: int) -> float:
        share = (math.log10(row) - first) / max(last - first, 1e-9)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(time: float) -> float:
        share = (math.log10(time) - low) / max(high - low, 1)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_grid(x, y, sorted(set(rows)), range(low, high + 1))]
    labels: list[tuple[float, float, str, str]] = []
    for number, (name, points) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        ours = ' class="ours"' if name.startswith("nuonuo") else ""
        path = " L".join(f"{x(row):.1f},{y(time):.1f}" for row, time in sorted(points))
        parts.append(f'<path{ours} d="M{path}" stroke="{colour}"/>')
        parts += [
            f'<circle cx="{x(row):.1f}" cy="{y(time):.1f}" r="3" fill="{colour}"/>'
            for row, time in points
        ]
        end = max(points)
        labels.append((x(end[0]), y(end[1]), name, colour))
    parts += _labelled(labels)
    title = "Milliseconds for one query, by number of vectors"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img"><title>{title}</title>'
        f"<style>{_STYLE}</style>"
    )
    caption = f'<text x="{_LEFT}" y="18">{title} (384 dimensions, 10 results)</text>'
    return head + caption + "".join(parts) + "</svg>\n"


def _grid(x: Any, y: Any, rows: Sequence[int], powers: Sequence[int]) -> str:
    left, right = _LEFT, _WIDTH - _RIGHT
    parts = []
    for power in powers:
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        label = f"{10.0**power:g} ms"
        parts.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for row in rows:
        at = x(row)
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
        )
        parts.append(
            f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{row:,}</text>'
        )
    return "".join(parts)


def _labelled(labels: Sequence[tuple[float, float, str, str]]) -> list[str]:
    """Name the curves at the right, moved apart where they end close together."""
    parts, lowest = [], -math.inf
    beside = _WIDTH - _RIGHT + 22
    for left, top, name, colour in sorted(labels, key=lambda label: label[1]):
        at = max(top, lowest + _LABEL)
        lowest = at
        mark = ' class="ours-label"' if name.startswith("nuonuo") else ""
        parts.append(
            f'<line x1="{left + 5:.1f}" y1="{top:.1f}" x2="{beside - 4}" y2="{at:.1f}" '
            f'stroke="{colour}" stroke-opacity=".5"/>'
            f'<text{mark} x="{beside}" y="{at + 4:.1f}">{escape(name)}</text>'
        )
    return parts

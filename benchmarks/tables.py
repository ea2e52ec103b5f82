"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def table(columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """A table of `rows` by their label; the first of `columns` stands above the labels."""
    lines = [f"| {' | '.join((label, *cells))} |" for label, cells in rows.items()]
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*head, *lines]) + "\n"
